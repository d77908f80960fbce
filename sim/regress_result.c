/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and groups of results. */
#include "regress_result.h"

#include <stdlib.h>
#include <string.h>

enum verdict result_kind_verdict(const char *kind)
{
    static const struct {
        const char *kind;
        enum verdict verdict;
    } kinds[] = {
        {"", VERDICT_PASSED},         {"input", VERDICT_INPUT},  {"crash", VERDICT_BROKEN},
        {"timeout", VERDICT_BROKEN},  {"build", VERDICT_BROKEN}, {"stuck", VERDICT_BROKEN},
        {"internal", VERDICT_BROKEN},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i].kind) == 0)
            return kinds[i].verdict;
    return VERDICT_FAILED;
}

enum verdict result_verdict(const struct run_result *result)
{
    return result_kind_verdict(result->kind);
}

struct run_result *result_list_add(struct result_list *list)
{
    if (list->count == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 64;
        struct run_result *grown = realloc(list->results, room * sizeof(*grown));

        if (grown == NULL)
            return NULL;
        list->results = grown;
        list->room = room;
    }
    memset(&list->results[list->count], 0, sizeof(list->results[0]));
    return &list->results[list->count++];
}

void result_list_free(struct result_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->results[i].command);
    free(list->results);
    *list = (struct result_list){0};
}

static int compare_groups(const void *a, const void *b)
{
    const struct result_group *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->example->signature, y->example->signature);
}

struct result_group *result_groups(const struct result_list *list, size_t *count)
{
    struct result_group *groups = NULL;

    *count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct run_result *result = &list->results[i];
        size_t group = 0;

        if (result->kind[0] == '\0')
            continue;
        while (group < *count && (strcmp(groups[group].example->kind, result->kind) != 0 ||
                                  strcmp(groups[group].example->signature, result->signature) != 0))
            group++;
        if (group == *count) {
            struct result_group *grown = realloc(groups, (*count + 1) * sizeof(*groups));

            if (grown == NULL)
                break;
            groups = grown;
            groups[(*count)++] = (struct result_group){.example = result, .count = 0};
        }
        groups[group].count++;
        if (result->cycle < groups[group].example->cycle)
            groups[group].example = result;
    }
    if (*count > 0)
        qsort(groups, *count, sizeof(*groups), compare_groups);
    return groups;
}
