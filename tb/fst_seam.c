/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FST library of GTKWave, as it comes with Verilator, behind a few calls.
 * Compiled together with it by tb/build_fst.sh, not into the program: that
 * builds without Verilator.
 */
#include "fst_seam.h"

#include <stdlib.h>
#include <string.h>

#include "fstapi.h"

static void *open_file(const char *path)
{
    return fstReaderOpen(path);
}

static void times(void *reader, uint64_t *start, uint64_t *end)
{
    *start = fstReaderGetStartTime(reader);
    *end = fstReaderGetEndTime(reader);
}

static void enter(char *scopes, size_t size, const char *name)
{
    size_t length = strlen(scopes);
    snprintf(scopes + length, size - length, "%s.", name);
}

static void leave(char *scopes)
{
    size_t length = strlen(scopes);
    if (length)
        length--;
    while (length && scopes[length - 1] != '.')
        length--;
    scopes[length] = '\0';
}

/* An attribute; the number of the table that the next signal has, or 0. */
static uint32_t attribute(const struct fstHierAttr *attr, const struct fst_listener *listener)
{
    if (attr->typ != FST_AT_MISC)
        return 0;
    if (attr->subtype == FST_MT_COMMENT)
        listener->comment(listener->self, attr->name);
    if (attr->subtype != FST_MT_ENUMTABLE)
        return 0;
    if (!attr->name_length)
        return (uint32_t)attr->arg;
    struct fstETab *table = fstUtilityExtractEnumTableFromString(attr->name);
    if (table)
        listener->table(listener->self, (uint32_t)attr->arg, table->name, table->elem_count,
                        table->literal_arr, table->val_arr);
    fstUtilityFreeEnumTable(table);
    return 0;
}

static void items(void *reader, const struct fst_listener *listener)
{
    char scopes[4096] = "";
    uint32_t table = 0;
    struct fstHier *item;

    fstReaderIterateHierRewind(reader);
    while ((item = fstReaderIterateHier(reader)) != NULL) {
        switch (item->htyp) {
        case FST_HT_SCOPE:
            enter(scopes, sizeof(scopes), item->u.scope.name);
            break;
        case FST_HT_UPSCOPE:
            leave(scopes);
            break;
        case FST_HT_ATTRBEGIN:
            table = attribute(&item->u.attr, listener);
            break;
        case FST_HT_VAR:
            listener->signal(listener->self, scopes, item->u.var.name,
                             item->u.var.typ == FST_VT_GEN_STRING ? 0 : item->u.var.length,
                             item->u.var.handle, table);
            table = 0;
            break;
        }
    }
}

struct watcher {
    void (*change)(void *self, uint64_t time, uint32_t handle, const char *value);
    void *self;
};

static void on_change(void *self, uint64_t time, fstHandle handle, const unsigned char *value)
{
    const struct watcher *watcher = self;
    watcher->change(watcher->self, time, handle, (const char *)value);
}

static void on_text(void *self, uint64_t time, fstHandle handle, const unsigned char *value, uint32_t length)
{
    char *text = strndup((const char *)value, length);
    if (text)
        on_change(self, time, handle, (const unsigned char *)text);
    free(text);
}

static void changes(void *reader, const uint32_t *handles, size_t count,
                    void (*change)(void *self, uint64_t time, uint32_t handle, const char *value), void *self)
{
    struct watcher watcher = {change, self};

    fstReaderClrFacProcessMaskAll(reader);
    for (size_t i = 0; i < count; i++)
        fstReaderSetFacProcessMask(reader, handles[i]);
    fstReaderIterBlocks2(reader, on_change, on_text, &watcher, NULL);
}

static int vcd(void *reader, FILE *out)
{
    fstReaderSetVcdExtensions(reader, 0);
    if (!fstReaderProcessHier(reader, out))
        return -1;
    fstReaderSetFacProcessMaskAll(reader);
    return fstReaderIterBlocks(reader, NULL, NULL, out) ? 0 : -1;
}

extern const struct fst_seam twinwalk_fst_seam;
const struct fst_seam twinwalk_fst_seam = {open_file, fstReaderClose, times, items, changes, vcd};
