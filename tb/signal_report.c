/* SPDX-License-Identifier: Apache-2.0 */
#include "signal_report.h"

#include <string.h>

enum { COLUMN = 32 }; /* for the RTL's value in a line with the model's */

static void print_values(FILE *out, const char *name, const char *rtl, const char *model)
{
    if (strlen(rtl) <= COLUMN)
        fprintf(out, "  %-30s RTL %-*s C %s\n", name, COLUMN, rtl, model);
    else
        fprintf(out, "  %s\n    RTL %s\n    C   %s\n", name, rtl, model);
}

void signal_report_value(FILE *out, const char *name, enum signal_decode decode, uint64_t rtl, uint64_t model)
{
    char r[160], c[160];

    if (rtl == model)
        return;
    signal_decode_text(decode, rtl, r, sizeof r);
    signal_decode_text(decode, model, c, sizeof c);
    print_values(out, name, r, c);
}

static void entry_text(const char *block, const struct signal_entry *entry, char *text, size_t size)
{
    if (!entry->known)
        snprintf(text, size, "%s (what it holds is not in the wave)", entry->valid ? "valid" : "invalid");
    else if (strcmp(block, "walk_cache") == 0)
        signal_decode_table_entry(entry->valid, entry->tag, entry->data, text, size);
    else
        signal_decode_entry(entry->valid, entry->tag, entry->data, text, size);
}

void signal_report_entry(FILE *out, const char *block, const char *array, uint32_t set, uint32_t way,
                         const struct signal_entry *rtl, const struct signal_entry *model)
{
    char r[160], c[160];

    if (rtl->valid == model->valid && rtl->known && model->known && rtl->tag == model->tag &&
        rtl->data == model->data)
        return;
    entry_text(block, rtl, r, sizeof r);
    entry_text(block, model, c, sizeof c);
    fprintf(out, "  %s.%s set %u way %u\n    RTL %s\n    C   %s\n", block, array, set, way, r, c);
}

static void list(const uint8_t *state, unsigned count, char *text, size_t size)
{
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%u", used ? " " : "", state[i]);
    }
}

void signal_report_replacement(FILE *out, const char *block, const char *array, uint32_t set,
                               const uint8_t *rtl, const uint8_t *model, unsigned count)
{
    char name[64], r[512], c[512];

    if (memcmp(rtl, model, count) == 0)
        return;
    snprintf(name, sizeof name, "%s.%s set %u replacement", block, array, set);
    list(rtl, count, r, sizeof r);
    list(model, count, c, sizeof c);
    print_values(out, name, r, c);
}
