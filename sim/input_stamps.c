/* SPDX-License-Identifier: Apache-2.0 */
#include "input_stamps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool stamp_of(struct input_stamp *stamp, const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return false;
    stamp->size = status.st_size;
    stamp->seconds = status.st_mtim.tv_sec;
    stamp->nanoseconds = status.st_mtim.tv_nsec;
    stamp->inode = (int64_t)status.st_ino;
    return true;
}

static int add(struct input_stamps *stamps, const struct input_stamp *stamp, const char *path)
{
    struct input_stamp *grown = reallocarray(stamps->stamps, stamps->count + 1, sizeof(*grown));
    char *copy = strdup(path);

    if (grown != NULL)
        stamps->stamps = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return -1;
    }
    grown[stamps->count] = *stamp;
    grown[stamps->count++].path = copy;
    return 0;
}

int input_stamps_add(struct input_stamps *stamps, const char *path)
{
    struct input_stamp stamp;

    for (size_t i = 0; i < stamps->count; i++)
        if (strcmp(stamps->stamps[i].path, path) == 0)
            return 0;
    return stamp_of(&stamp, path) ? add(stamps, &stamp, path) : -1;
}

void input_stamps_free(struct input_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        free(stamps->stamps[i].path);
    free(stamps->stamps);
    *stamps = (struct input_stamps){0};
}

bool input_stamps_hold(const struct input_stamps *stamps, char *message, size_t size)
{
    for (size_t i = 0; i < stamps->count; i++) {
        const struct input_stamp *was = &stamps->stamps[i];
        struct input_stamp is;

        if (!stamp_of(&is, was->path) || is.size != was->size || is.seconds != was->seconds ||
            is.nanoseconds != was->nanoseconds || is.inode != was->inode) {
            snprintf(message, size, "%s: was changed since the sweep began", was->path);
            return false;
        }
    }
    return true;
}

json_t *input_stamps_json(const struct input_stamps *stamps)
{
    json_t *list = json_array();

    for (size_t i = 0; i < stamps->count; i++) {
        const struct input_stamp *stamp = &stamps->stamps[i];
        json_t *entry =
            json_pack("{s:s, s:I, s:I, s:I, s:I}", "path", stamp->path, "size", (json_int_t)stamp->size,
                      "seconds", (json_int_t)stamp->seconds, "nanoseconds", (json_int_t)stamp->nanoseconds,
                      "inode", (json_int_t)stamp->inode);

        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

int input_stamps_take(struct input_stamps *stamps, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *path = json_string_value(json_object_get(entry, "path"));
        const struct input_stamp stamp = {
            .size = json_integer_value(json_object_get(entry, "size")),
            .seconds = json_integer_value(json_object_get(entry, "seconds")),
            .nanoseconds = json_integer_value(json_object_get(entry, "nanoseconds")),
            .inode = json_integer_value(json_object_get(entry, "inode")),
        };

        if (path != NULL && add(stamps, &stamp, path) != 0)
            return -1;
    }
    return 0;
}
