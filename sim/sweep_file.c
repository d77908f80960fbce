/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "options.h"
#include "project_path.h"
#include "sweep_axes.h"
#include "sweep_check.h"
#include "sweep_constraints.h"

enum { DEFAULT_LIMIT_MINUTES = 60 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int take_word(char **to, struct yaml_tree *tree, const yaml_node_t *node, const char *key)
{
    const char *text = yaml_tree_text(node);

    if (text == NULL || text[0] == '\0')
        return yaml_tree_complain(tree, node, 0, "%s: is empty", key);
    *to = strdup(text);
    return *to != NULL ? 0 : yaml_tree_complain(tree, node, 0, "out of memory");
}

/* NULL: not given, *count stays. Larger ones do not fit into JSON's and SQLite's integers. */
static int take_count(uint64_t *count, struct yaml_tree *tree, const yaml_node_t *node, const char *key)
{
    const char *text = node != NULL ? yaml_tree_text(node) : NULL;

    if (node == NULL)
        return 0;
    if (text == NULL || !parse_count(text, count) || *count == 0 || *count > INT64_MAX)
        return yaml_tree_complain(tree, node, 0,
                                  "%s: '%.40s' is not a number from 1 to 2^63 - 1 (k, M and G may follow it)",
                                  key, text != NULL ? text : "");
    return 0;
}

static int take_real(double *value, struct yaml_tree *tree, const yaml_node_t *node, const char *key,
                     double most)
{
    const char *text = node != NULL ? yaml_tree_text(node) : NULL;
    char *end = NULL;

    if (node == NULL)
        return 0;
    if (text != NULL)
        *value = strtod(text, &end);
    if (end == NULL || *end != '\0' || !isdigit((unsigned char)text[0]) || !(*value >= 0 && *value <= most))
        return yaml_tree_complain(tree, node, 0, "%s: '%.40s' is not a number from 0 to %g", key,
                                  text != NULL ? text : "", most);
    return 0;
}

static int take_bool(bool *value, struct yaml_tree *tree, const yaml_node_t *node, const char *key)
{
    const char *text = node != NULL ? yaml_tree_text(node) : "false";

    *value = text != NULL && strcmp(text, "true") == 0;
    if (text == NULL || (!*value && strcmp(text, "false") != 0))
        return yaml_tree_complain(tree, node, 0, "%s: must be true or false", key);
    return 0;
}

/* A name that can be a column, and part of a file's name. */
static int take_name(char **to, struct yaml_tree *tree, const yaml_node_t *node)
{
    if (take_word(to, tree, node, "name") != 0)
        return -1;
    for (const char *c = *to; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("_-.", *c) == NULL)
            return yaml_tree_complain(tree, node, (size_t)(c - *to),
                                      "name: must be of letters, digits, _, - and .");
    return 0;
}

/* The path of a file, from here or from the project's root. */
static int take_file(char **to, struct yaml_tree *tree, const yaml_node_t *node, const char *key,
                     struct input_stamps *inputs)
{
    const char *text = yaml_tree_text(node);
    struct stat status;

    *to = text != NULL ? project_path(text) : NULL;
    if (*to != NULL && stat(*to, &status) == 0 && S_ISREG(status.st_mode) && access(*to, R_OK) == 0 &&
        input_stamps_add(inputs, *to) == 0)
        return 0;
    return yaml_tree_complain(tree, node, 0, "%s: %.200s: no such file", key, text != NULL ? text : "");
}

/* ---- Workloads ---- */

static int digest_workload(struct sweep_workload *workload, struct yaml_tree *tree, const yaml_node_t *node)
{
    struct digest *digest = digest_begin();
    bool is_file = workload->trace != NULL && strncmp(workload->trace, "synthetic:", 10) != 0;
    int failed = 0;

    digest_text(digest, workload->trace == NULL ? "random" : is_file ? "trace" : workload->trace);
    digest_bytes(digest, &workload->cycles, sizeof(workload->cycles));
    digest_bytes(digest, &workload->accesses, sizeof(workload->accesses));
    digest_bytes(digest, &workload->seed, sizeof(workload->seed));
    if (is_file)
        failed |= digest_file(digest, workload->trace);
    digest_text(digest, workload->image != NULL ? "image" : "");
    if (workload->image != NULL)
        failed |= digest_file(digest, workload->image);
    digest_finish(digest, workload->digest);
    return failed ? yaml_tree_complain(tree, node, 0, "%s: a file cannot be read", workload->name) : 0;
}

static int read_stimulus(struct sweep_workload *workload, struct yaml_tree *tree, const yaml_node_t *node,
                         const yaml_node_t *trace, const yaml_node_t *random, struct input_stamps *inputs)
{
    bool is_random;
    const char *text = trace != NULL ? yaml_tree_text(trace) : NULL;

    if (take_bool(&is_random, tree, random, "random") != 0)
        return -1;
    if (is_random == (trace != NULL))
        return yaml_tree_complain(tree, node, 0, "a workload has a trace, or random: true");
    if (is_random && workload->cycles == 0 && workload->accesses == 0)
        return yaml_tree_complain(tree, node, 0, "random needs a bound: cycles or accesses");
    if (is_random)
        return 0;
    if ((text == NULL || strncmp(text, "synthetic:", 10) != 0
             ? take_file(&workload->trace, tree, trace, "trace", inputs)
             : take_word(&workload->trace, tree, trace, "trace")) != 0)
        return -1;
    return sweep_check_trace(tree, trace, workload->trace);
}

/* Rules between values are for each point: an axis may give the other value. */
static int read_settings(struct word_list *settings, struct yaml_tree *tree, const yaml_node_t *list)
{
    char value[CONFIG_VALUE_BYTES];

    if (list == NULL)
        return 0;
    if (sweep_words_read(settings, tree, list, "set") != 0)
        return -1;
    for (size_t i = 0; i < settings->count; i++)
        if (sweep_check_setting(tree, yaml_tree_element(tree, list, i), settings->words[i], value) != 0)
            return -1;
    return 0;
}

static int read_workload(struct sweep *sweep, struct yaml_tree *tree, yaml_node_t *node)
{
    struct sweep_workload *grown =
        realloc(sweep->workloads, (sweep->workload_count + 1) * sizeof(*sweep->workloads));
    struct sweep_workload *workload;
    yaml_node_t *name, *trace, *random, *image, *cycles, *accesses, *set, *seed;
    const struct yaml_member members[] = {
        {"name", YAML_SCALAR_NODE, &name},     {"trace", YAML_SCALAR_NODE, &trace},
        {"random", YAML_SCALAR_NODE, &random}, {"image", YAML_SCALAR_NODE, &image},
        {"cycles", YAML_SCALAR_NODE, &cycles}, {"accesses", YAML_SCALAR_NODE, &accesses},
        {"set", YAML_SEQUENCE_NODE, &set},     {"seed", YAML_SCALAR_NODE, &seed},
    };

    if (grown == NULL)
        return yaml_tree_complain(tree, node, 0, "out of memory");
    sweep->workloads = grown;
    workload = &grown[sweep->workload_count++];
    *workload = (struct sweep_workload){.seed = sweep->seed};
    if (yaml_tree_members(tree, node, "a workload", members, COUNT(members)) != 0)
        return -1;
    if (name == NULL)
        return yaml_tree_complain(tree, node, 0, "a workload needs a name");
    if (take_name(&workload->name, tree, name) != 0)
        return -1;
    if (strcmp(workload->name, "all") == 0)
        return yaml_tree_complain(tree, name, 0, "name: all is what charts of all workloads are called");
    for (size_t i = 0; i + 1 < sweep->workload_count; i++)
        if (strcmp(sweep->workloads[i].name, workload->name) == 0)
            return yaml_tree_complain(tree, name, 0, "name: another workload has it");
    if (take_count(&workload->cycles, tree, cycles, "cycles") != 0 ||
        take_count(&workload->accesses, tree, accesses, "accesses") != 0 ||
        take_count(&workload->seed, tree, seed, "seed") != 0 ||
        read_stimulus(workload, tree, node, trace, random, &sweep->inputs) != 0 ||
        (image != NULL && (take_file(&workload->image, tree, image, "image", &sweep->inputs) != 0 ||
                           sweep_check_image(tree, image, workload->image) != 0)) ||
        read_settings(&workload->set, tree, set) != 0)
        return -1;
    return digest_workload(workload, tree, node);
}

/* ---- External evaluations ---- */

/* Whether a column before the word `word` of the last evaluation has the name; SQL knows no case. */
static bool is_column(const struct sweep *sweep, const char *name, size_t word)
{
    for (size_t i = 0; i < SWEEP_METRICS; i++)
        if (strcasecmp(sweep_metric(i)->name, name) == 0)
            return true;
    for (size_t axis = 0; axis < sweep->axis_count; axis++)
        for (size_t key = 0; key < sweep->axes[axis].keys.count; key++)
            if (strcasecmp(sweep->axes[axis].keys.words[key], name) == 0)
                return true;
    for (size_t i = 0; i < sweep->external_count; i++) {
        const struct sweep_external *other = &sweep->externals[i];
        size_t length = strlen(other->name),
               count = i + 1 < sweep->external_count ? other->gives.count : word;

        if (strncasecmp(other->name, name, length) != 0 || name[length] != '.')
            continue;
        for (size_t w = 0; w < count; w++)
            if (strcasecmp(other->gives.words[w], name + length + 1) == 0)
                return true;
    }
    return false;
}

static int check_gives(const struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *gives)
{
    const struct sweep_external *last = &sweep->externals[sweep->external_count - 1];
    int failed = last->gives.count == 0 ? yaml_tree_complain(tree, gives, 0, "gives: is empty") : 0;

    for (size_t i = 0; i < last->gives.count && !failed; i++) {
        const yaml_node_t *node = yaml_tree_element(tree, gives, i);
        char *name;

        if (asprintf(&name, "%s.%s", last->name, last->gives.words[i]) < 0)
            return yaml_tree_complain(tree, node, 0, "out of memory");
        if (is_column(sweep, name, i))
            failed = yaml_tree_complain(tree, node, 0, "gives: %.80s: there is a column of that name", name);
        free(name);
    }
    return failed;
}

static int read_external(struct sweep *sweep, struct yaml_tree *tree, yaml_node_t *node)
{
    struct sweep_external *grown =
        realloc(sweep->externals, (sweep->external_count + 1) * sizeof(*sweep->externals));
    struct sweep_external *external;
    yaml_node_t *name, *command, *gives, *hardware;
    const struct yaml_member members[] = {
        {"name", YAML_SCALAR_NODE, &name},
        {"command", YAML_SCALAR_NODE, &command},
        {"gives", YAML_SEQUENCE_NODE, &gives},
        {"hardware", YAML_SCALAR_NODE, &hardware},
    };

    if (grown == NULL)
        return yaml_tree_complain(tree, node, 0, "out of memory");
    sweep->externals = grown;
    external = &grown[sweep->external_count++];
    *external = (struct sweep_external){0};
    if (yaml_tree_members(tree, node, "an external evaluation", members, COUNT(members)) != 0)
        return -1;
    if (name == NULL || command == NULL || gives == NULL)
        return yaml_tree_complain(tree, node, 0, "an external evaluation needs name, command and gives");
    if (take_name(&external->name, tree, name) != 0)
        return -1;
    for (size_t i = 0; i + 1 < sweep->external_count; i++)
        if (strcmp(sweep->externals[i].name, external->name) == 0)
            return yaml_tree_complain(tree, name, 0, "name: another evaluation has it");
    if (take_word(&external->command, tree, command, "command") != 0)
        return -1;
    if (strstr(external->command, "{config}") == NULL || strstr(external->command, "{output}") == NULL)
        return yaml_tree_complain(tree, command, 0, "command: {config} and {output} must occur in it");
    if (sweep_words_read(&external->gives, tree, gives, "gives") != 0 || check_gives(sweep, tree, gives) != 0)
        return -1;
    return take_bool(&external->hardware, tree, hardware, "hardware");
}

/* ---- The whole ---- */

static int read_list(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *list,
                     int (*read)(struct sweep *sweep, struct yaml_tree *tree, yaml_node_t *node))
{
    for (size_t i = 0; list != NULL && i < yaml_tree_count(list); i++)
        if (read(sweep, tree, yaml_tree_element(tree, list, i)) != 0)
            return -1;
    return 0;
}

/* All of them when there is no list. */
static int read_metrics(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *list)
{
    for (size_t i = 0; i < SWEEP_METRICS; i++)
        sweep->metrics[i] = list == NULL;
    for (size_t i = 0; list != NULL && i < yaml_tree_count(list); i++) {
        const yaml_node_t *node = yaml_tree_element(tree, list, i);
        const char *text = yaml_tree_text(node);
        int metric = text != NULL ? sweep_metric_find(text) : -1;

        if (metric < 0)
            return yaml_tree_complain(tree, node, 0,
                                      "%.60s: no such metric; twinwalk sweep --metrics lists them",
                                      text != NULL ? text : "");
        sweep->metrics[metric] = true;
    }
    return 0;
}

static int read_constraints(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *list)
{
    struct sweep_constraints *constraints;
    char reason[256];
    size_t place;
    int failed;

    if (list == NULL)
        return 0;
    if (sweep_words_read(&sweep->constraints, tree, list, "constraints") != 0)
        return -1;
    sweep->constraint_places = calloc(sweep->constraints.count + 1, sizeof(*sweep->constraint_places));
    if (sweep->constraint_places == NULL)
        return yaml_tree_complain(tree, list, 0, "out of memory");
    for (size_t i = 0; i < yaml_tree_count(list); i++) {
        const yaml_node_t *node = yaml_tree_element(tree, list, i);
        const struct word_list one = {.words = &sweep->constraints.words[i], .count = 1};

        constraints = sweep_constraints_create(&one, reason, sizeof(reason), &place);
        failed = constraints == NULL ? yaml_tree_complain(tree, node, place, "constraint: %s", reason) : 0;
        sweep_constraints_destroy(constraints);
        sweep->constraint_places[i] =
            (struct sweep_place){node->start_mark.line + 1, node->start_mark.column + 1};
        if (failed)
            return -1;
    }
    return 0;
}

/* The base and what is set over it must be good: a mistake there is none of the points'. */
static int read_base(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *base,
                     const yaml_node_t *set)
{
    sweep->base = strdup(base != NULL && yaml_tree_text(base) != NULL ? yaml_tree_text(base) : "default");
    if (sweep->base == NULL)
        return yaml_tree_complain(tree, yaml_tree_root(tree), 0, "out of memory");
    if (sweep_check_config(tree, base != NULL ? base : yaml_tree_root(tree), sweep->base, &sweep->inputs) !=
        0)
        return -1;
    return read_settings(&sweep->set, tree, set);
}

/* No time at all is a mistake, not a wish for no bound. */
static int check_limit(const struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *limit)
{
    return sweep->limit_minutes > 0 ? 0 : yaml_tree_complain(tree, limit, 0, "limit: must be above 0");
}

static int read_sweep(struct sweep *sweep, struct yaml_tree *tree)
{
    yaml_node_t *base, *set, *axes, *constraints, *workloads, *metrics, *external, *seed, *verify, *limit;
    const struct yaml_member members[] = {
        {"base", YAML_SCALAR_NODE, &base},
        {"set", YAML_SEQUENCE_NODE, &set},
        {"axes", YAML_SEQUENCE_NODE, &axes},
        {"constraints", YAML_SEQUENCE_NODE, &constraints},
        {"workloads", YAML_SEQUENCE_NODE, &workloads},
        {"metrics", YAML_SEQUENCE_NODE, &metrics},
        {"external", YAML_SEQUENCE_NODE, &external},
        {"seed", YAML_SCALAR_NODE, &seed},
        {"verify", YAML_SCALAR_NODE, &verify},
        {"limit", YAML_SCALAR_NODE, &limit},
    };
    const yaml_node_t *root = yaml_tree_root(tree);

    if (yaml_tree_members(tree, yaml_tree_root(tree), "a sweep", members, COUNT(members)) != 0)
        return -1;
    if (workloads == NULL || yaml_tree_count(workloads) == 0)
        return yaml_tree_complain(tree, workloads != NULL ? workloads : root, 0, "a sweep needs workloads");
    if (axes == NULL || yaml_tree_count(axes) == 0)
        return yaml_tree_complain(tree, axes != NULL ? axes : root, 0, "a sweep needs axes");
    if (take_count(&sweep->seed, tree, seed, "seed") != 0 ||
        take_real(&sweep->verify, tree, verify, "verify", 1) != 0 ||
        take_real(&sweep->limit_minutes, tree, limit, "limit", 1e6) != 0 ||
        check_limit(sweep, tree, limit) != 0 || read_base(sweep, tree, base, set) != 0 ||
        sweep_axes_read(sweep, tree, axes) != 0 || read_constraints(sweep, tree, constraints) != 0 ||
        read_list(sweep, tree, workloads, read_workload) != 0 ||
        read_list(sweep, tree, external, read_external) != 0 || read_metrics(sweep, tree, metrics) != 0)
        return -1;
    if (sweep_combinations(sweep) > SWEEP_MOST_POINTS)
        return yaml_tree_complain(tree, axes, 0, "%llu points: more than %d",
                                  (unsigned long long)sweep_combinations(sweep), SWEEP_MOST_POINTS);
    return 0;
}

uint64_t sweep_combinations(const struct sweep *sweep)
{
    uint64_t combinations = 1;

    for (size_t i = 0; i < sweep->axis_count; i++)
        if (__builtin_mul_overflow(combinations, sweep->axes[i].count, &combinations))
            return UINT64_MAX;
    return combinations;
}

static int note_program(struct input_stamps *inputs)
{
    char *program = program_path();
    int failed = program == NULL ? -1 : input_stamps_add(inputs, program);

    if (failed && program != NULL)
        fprintf(stderr, "%s: %s\n", program, strerror(errno));
    free(program);
    return failed;
}

int sweep_open(struct sweep *sweep, const char *path)
{
    struct yaml_tree tree;
    int failed;

    *sweep = (struct sweep){.path = path, .seed = 1, .limit_minutes = DEFAULT_LIMIT_MINUTES};
    if (yaml_tree_open(&tree, path, "a sweep") != 0)
        return -1;
    failed = note_program(&sweep->inputs) != 0 || read_sweep(sweep, &tree) != 0 ? -1 : 0;
    yaml_tree_close(&tree);
    if (failed)
        sweep_close(sweep);
    return failed;
}

void sweep_close(struct sweep *sweep)
{
    free(sweep->base);
    word_list_free(&sweep->set);
    word_list_free(&sweep->constraints);
    free(sweep->constraint_places);
    for (size_t i = 0; i < sweep->axis_count; i++) {
        struct sweep_axis *axis = &sweep->axes[i];

        for (size_t key = 0; key < axis->keys.count; key++)
            word_list_free(&axis->values[key]);
        free(axis->values);
        word_list_free(&axis->keys);
    }
    for (size_t i = 0; i < sweep->workload_count; i++) {
        free(sweep->workloads[i].name);
        free(sweep->workloads[i].trace);
        free(sweep->workloads[i].image);
        word_list_free(&sweep->workloads[i].set);
    }
    for (size_t i = 0; i < sweep->external_count; i++) {
        free(sweep->externals[i].name);
        free(sweep->externals[i].command);
        word_list_free(&sweep->externals[i].gives);
    }
    free(sweep->axes);
    free(sweep->workloads);
    free(sweep->externals);
    input_stamps_free(&sweep->inputs);
    *sweep = (struct sweep){0};
}
