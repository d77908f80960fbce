/* SPDX-License-Identifier: Apache-2.0 */
#include "fst_file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fst_guard.h"
#include "fst_seam.h"
#include "output_file.h"
#include "project_build.h"

/* The library, loaded once and kept. NULL after a message. */
static const struct fst_seam *library(void)
{
    static const struct fst_seam *seam;
    static char script[] = "build_fst.sh", cache[] = "build/rtl";
    char *const arguments[] = {script, cache, NULL};

    if (seam)
        return seam;
    char *path = project_build("tb/build_fst.sh", arguments, NULL, "the reader of FST files");
    if (!path)
        return NULL;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    free(path);
    if (handle)
        seam = (const struct fst_seam *)dlsym(handle, FST_SEAM_SYMBOL);
    if (!seam)
        fprintf(stderr, "twinwalk: %s\n", dlerror());
    return seam;
}

/* Room for one more behind `count`; NULL: memory is short. */
static void *grow(void *list, size_t count, size_t size)
{
    return count & (count - 1) ? list : realloc(list, (count ? 2 * count : 1) * size);
}

/* "state_q [2:0]" below "cmodel.u_control." */
static void add_signal(void *self, const char *scopes, const char *name, unsigned bits, uint32_t handle,
                       uint32_t table)
{
    struct fst_file *file = self;
    size_t plain = strcspn(name, " ");
    struct fst_signal signal = {.bits = bits, .handle = handle, .table = table};

    struct fst_signal *grown = grow(file->signals, file->count, sizeof(*grown));
    if (!grown)
        return;
    file->signals = grown;
    if (asprintf(&signal.path, "%s%.*s", scopes, (int)plain, name) < 0)
        return;
    snprintf(signal.range, sizeof(signal.range), "%s", name[plain] ? name + plain + 1 : "");
    file->signals[file->count++] = signal;
}

static char **copies(char *const *texts, unsigned count)
{
    char **list = calloc(count + 1, sizeof(*list));
    for (unsigned i = 0; list && i < count; i++)
        list[i] = strdup(texts[i]);
    return list;
}

/* Tables come in the order of their numbers; one that the library cannot read is left empty. */
static void add_table(void *self, uint32_t number, const char *name, unsigned count, char *const *texts,
                      char *const *values)
{
    struct fst_file *file = self;
    while (file->table_count < number) {
        struct fst_names *grown = grow(file->names, file->table_count, sizeof(*grown));
        if (!grown)
            return;
        file->names = grown;
        file->names[file->table_count++] = (struct fst_names){0};
    }
    file->names[number - 1] = (struct fst_names){
        .name = strdup(name),
        .count = count,
        .texts = copies(texts, count),
        .values = copies(values, count),
    };
}

static void free_list(char **list, unsigned count)
{
    for (unsigned i = 0; list && i < count; i++)
        free(list[i]);
    free(list);
}

static void keep_comment(void *self, const char *text)
{
    struct fst_file *file = self;
    if (!file->comment)
        file->comment = strdup(text);
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(const struct fst_signal *const *)a)->path, (*(const struct fst_signal *const *)b)->path);
}

/* -1: memory is short. */
static int make_index(struct fst_file *file)
{
    file->index = calloc(file->count + 1, sizeof(struct fst_signal *));
    if (!file->index)
        return -1;
    for (size_t i = 0; i < file->count; i++)
        file->index[i] = &file->signals[i];
    qsort(file->index, file->count, sizeof(struct fst_signal *), by_path);
    return 0;
}

struct fst_file *fst_file_open(const char *path)
{
    if (fst_check(path, path))
        return NULL;
    const struct fst_seam *seam = library();
    struct fst_file *file = seam ? calloc(1, sizeof(*file)) : NULL;
    if (!file)
        return NULL;
    file->path = strdup(path);
    fst_guard_begin(path);
    file->reader = file->path ? seam->open(path) : NULL;
    if (!file->reader) {
        fst_guard_end();
        fprintf(stderr, "%s: %s\n", path, file->path ? "is damaged" : "out of memory");
        free(file->path);
        free(file);
        return NULL;
    }
    seam->times(file->reader, &file->start, &file->end);
    seam->items(file->reader,
                &(struct fst_listener){
                    .self = file, .signal = add_signal, .table = add_table, .comment = keep_comment});
    fst_guard_end();
    if (make_index(file)) {
        fprintf(stderr, "twinwalk: out of memory\n");
        fst_file_close(file);
        return NULL;
    }
    return file;
}

void fst_file_close(struct fst_file *file)
{
    if (!file)
        return;
    library()->close(file->reader);
    for (size_t i = 0; i < file->count; i++)
        free(file->signals[i].path);
    for (size_t i = 0; i < file->table_count; i++) {
        free(file->names[i].name);
        free_list(file->names[i].texts, file->names[i].count);
        free_list(file->names[i].values, file->names[i].count);
    }
    free(file->names);
    free(file->signals);
    free(file->index);
    free(file->comment);
    free(file->path);
    free(file);
}

const struct fst_signal *fst_file_find(const struct fst_file *file, const char *path)
{
    char name[1024];
    snprintf(name, sizeof(name), "%s", path);
    const struct fst_signal wanted = {.path = name}, *key = &wanted;
    const struct fst_signal **found =
        bsearch(&key, file->index, file->count, sizeof(struct fst_signal *), by_path);
    return found ? *found : NULL;
}

void fst_file_changes(struct fst_file *file, const struct fst_signal *const *signals, size_t count,
                      void (*change)(void *self, uint64_t time, uint32_t handle, const char *value),
                      void *self)
{
    uint32_t *handles = malloc((count + 1) * sizeof(*handles));
    if (!handles)
        return;
    for (size_t i = 0; i < count; i++)
        handles[i] = signals[i]->handle;
    fst_guard_begin(file->path);
    library()->changes(file->reader, handles, count, change, self);
    fst_guard_end();
    free(handles);
}

static void keep_last(void *self, uint64_t time, uint32_t handle, const char *value)
{
    (void)time, (void)handle;
    *(uint64_t *)self = strtoull(value, NULL, 2);
}

uint64_t fst_file_last(struct fst_file *file, const struct fst_signal *signal)
{
    uint64_t value = 0;
    if (signal && signal->bits)
        fst_file_changes(file, &signal, 1, keep_last, &value);
    return value;
}

struct text {
    char *text;
    size_t size;
};

static void keep_text(void *self, uint64_t time, uint32_t handle, const char *value)
{
    const struct text *text = self;
    (void)time, (void)handle;
    snprintf(text->text, text->size, "%s", value + strspn(value, " "));
}

void fst_file_last_text(struct fst_file *file, const struct fst_signal *signal, char *text, size_t size)
{
    *text = '\0';
    if (signal && !signal->bits)
        fst_file_changes(file, &signal, 1, keep_text, &(struct text){text, size});
}

int fst_file_to_vcd(const char *path)
{
    const struct fst_seam *seam = library();
    void *reader = seam ? seam->open(path) : NULL;
    struct output_file out;

    if (!reader || output_file_open(&out, path)) {
        if (reader)
            seam->close(reader);
        return -1;
    }
    int failed = seam->vcd(reader, out.stream);
    seam->close(reader);
    if (failed)
        output_file_discard(&out);
    return failed || output_file_commit(&out) ? -1 : 0;
}
