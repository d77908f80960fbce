/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As in config_yaml.c the text is read twice: libyaml's events give the places
 * of keys and values, libcyaml converts and judges shapes.
 */
#include "regress_file.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "small_file.h"

enum {
    MAX_FILE_BYTES = 1 << 18,
    MAX_DEPTH = 8, /* libyaml takes quadratic time in the depth */
    MESSAGE_BYTES = 256,
};

struct plan_mark {
    unsigned entry, element, line, column; /* line and column from 1 */
    enum plan_key key;
};

static const char *const key_names[PLAN_KEYS] = {
    [PLAN_ENTRY] = "",          [PLAN_NAME] = "name",     [PLAN_CONFIGS] = "configs",
    [PLAN_SET] = "set",         [PLAN_ENGINE] = "engine", [PLAN_RANDOM] = "random",
    [PLAN_SCRIPTS] = "scripts", [PLAN_TRACES] = "traces", [PLAN_IMAGE] = "image",
    [PLAN_SEEDS] = "seeds",     [PLAN_CYCLES] = "cycles", [PLAN_ACCESSES] = "accesses",
    [PLAN_MINUTES] = "minutes", [PLAN_LIMIT] = "limit",
};

static const cyaml_schema_value_t word = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CYAML_UNLIMITED),
};

/* As an enumeration, since libcyaml's own booleans take any unknown word for true. */
static const cyaml_strval_t booleans[] = {{"false", 0}, {"true", 1}, {"no", 0}, {"yes", 1}};

#define WORD(key_, flags)                                                                                    \
    CYAML_FIELD_STRING_PTR(#key_, CYAML_FLAG_POINTER | (flags), struct plan_entry, key_, 1, CYAML_UNLIMITED)
#define LIST(key_, flags)                                                                                    \
    CYAML_FIELD_SEQUENCE(#key_, CYAML_FLAG_POINTER | (flags), struct plan_entry, key_, &word, 1,             \
                         CYAML_UNLIMITED)

static const cyaml_schema_field_t entry_fields[] = {
    WORD(name, 0),
    LIST(configs, 0),
    LIST(set, CYAML_FLAG_OPTIONAL),
    WORD(engine, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_ENUM("random", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct plan_entry, random, booleans,
                     sizeof(booleans) / sizeof(booleans[0])),
    LIST(scripts, CYAML_FLAG_OPTIONAL),
    LIST(traces, CYAML_FLAG_OPTIONAL),
    WORD(image, CYAML_FLAG_OPTIONAL),
    WORD(seeds, CYAML_FLAG_OPTIONAL),
    WORD(cycles, CYAML_FLAG_OPTIONAL),
    WORD(accesses, CYAML_FLAG_OPTIONAL),
    WORD(minutes, CYAML_FLAG_OPTIONAL),
    WORD(limit, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t entry_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct plan_entry, entry_fields),
};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_SEQUENCE("runs", CYAML_FLAG_POINTER, struct plan_file, runs, &entry_schema, 1,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct plan_file, file_fields),
};

/* ---- First reading: places ---- */

struct scan {
    struct plan_file *file;
    unsigned depth, documents;
    bool is_mapping[MAX_DEPTH + 1];
    bool have_key[MAX_DEPTH + 1];
    bool in_runs, runs_seen;
    unsigned entry, element;
    enum plan_key key;
    bool key_seen[PLAN_KEYS];
};

__attribute__((format(printf, 4, 5))) static int complain_at(const struct plan_file *file, unsigned line,
                                                             unsigned column, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%u:%u: ", file->path, line, column);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return -1;
}

#define COMPLAIN(scan, mark, ...)                                                                            \
    complain_at((scan)->file, (unsigned)(mark).line + 1, (unsigned)(mark).column + 1, __VA_ARGS__)

static int add_mark(struct scan *scan, yaml_mark_t mark)
{
    struct plan_file *file = scan->file;
    struct plan_mark *grown = realloc(file->marks, (file->marks_count + 1) * sizeof(*grown));

    if (grown == NULL)
        return COMPLAIN(scan, mark, "out of memory");
    file->marks = grown;
    grown[file->marks_count++] = (struct plan_mark){
        .entry = scan->entry,
        .element = scan->element,
        .line = (unsigned)mark.line + 1,
        .column = (unsigned)mark.column + 1,
        .key = scan->key,
    };
    return 0;
}

static int scan_key(struct scan *scan, const yaml_event_t *event)
{
    const char *text;

    if (event->type != YAML_SCALAR_EVENT)
        return COMPLAIN(scan, event->start_mark, "a key must be a word");
    text = (const char *)event->data.scalar.value;
    if (scan->depth == 1) {
        scan->in_runs = strcmp(text, "runs") == 0;
        if (!scan->in_runs)
            return COMPLAIN(scan, event->start_mark, "%.60s: unknown key; a plan has the list 'runs'", text);
        if (scan->runs_seen)
            return COMPLAIN(scan, event->start_mark, "runs: key given twice");
        scan->runs_seen = true;
        return 0;
    }
    for (unsigned key = PLAN_NAME; key < PLAN_KEYS; key++) {
        if (strcmp(text, key_names[key]) != 0)
            continue;
        if (scan->key_seen[key])
            return COMPLAIN(scan, event->start_mark, "%s: key given twice", text);
        scan->key_seen[key] = true;
        scan->key = (enum plan_key)key;
        scan->element = 0;
        return 0;
    }
    return COMPLAIN(scan, event->start_mark, "%.60s: unknown key", text);
}

/* A node: scalar, or the start of a mapping or sequence. */
static int scan_node(struct scan *scan, const yaml_event_t *event)
{
    unsigned depth = scan->depth;

    if (scan->is_mapping[depth] && (depth == 1 || depth == 3)) {
        scan->have_key[depth] = !scan->have_key[depth];
        if (scan->have_key[depth])
            return scan_key(scan, event);
        if (depth == 3 && event->type == YAML_SCALAR_EVENT)
            return add_mark(scan, event->start_mark);
    } else if (depth == 2 && !scan->is_mapping[depth]) {
        scan->key = PLAN_ENTRY;
        scan->element = 0;
        memset(scan->key_seen, 0, sizeof(scan->key_seen));
        return add_mark(scan, event->start_mark);
    } else if (depth == 4 && !scan->is_mapping[depth]) {
        int failed = add_mark(scan, event->start_mark);

        scan->element++;
        return failed;
    }
    return 0;
}

static int scan_event(struct scan *scan, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (scan->documents++ > 0)
            return COMPLAIN(scan, event->start_mark, "a plan is one YAML document");
        return 0;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        scan->depth--;
        if (scan->depth == 2)
            scan->entry++;
        return 0;
    case YAML_ALIAS_EVENT:
        return COMPLAIN(scan, event->start_mark, "aliases are not supported");
    case YAML_SCALAR_EVENT:
        return scan->depth > 0 ? scan_node(scan, event) : 0;
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        if (scan->depth > 0 && scan_node(scan, event) != 0)
            return -1;
        if (++scan->depth > MAX_DEPTH)
            return COMPLAIN(scan, event->start_mark, "nested too deeply");
        scan->is_mapping[scan->depth] = event->type == YAML_MAPPING_START_EVENT;
        scan->have_key[scan->depth] = false;
        return 0;
    default:
        return 0;
    }
}

static int scan_text(struct plan_file *file, const char *text, size_t length)
{
    struct scan scan = {.file = file};
    yaml_parser_t parser;
    yaml_event_t event;
    int failed = 0;
    bool end = false;

    if (!yaml_parser_initialize(&parser))
        return complain_at(file, 1, 1, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (!end && !failed) {
        if (!yaml_parser_parse(&parser, &event)) {
            failed = COMPLAIN(&scan, parser.problem_mark, "not YAML: %s",
                              parser.problem != NULL ? parser.problem : "unreadable");
            break;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        failed = scan_event(&scan, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return failed;
}

/* ---- Second reading: values ---- */

struct complaint {
    char reason[MESSAGE_BYTES];
    unsigned line, column; /* line 0: not known */
};

/* libcyaml logs a reason, then from the inside out where it was. */
static void note_complaint(cyaml_log_t level, void *context, const char *format, va_list args)
{
    struct complaint *complaint = context;
    char text[MESSAGE_BYTES];
    const char *place;

    (void)level;
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\n")] = '\0';
    place = strstr(text, "(line: ");
    if (place != NULL) {
        if (complaint->line == 0 &&
            sscanf(place, "(line: %u, column: %u)", &complaint->line, &complaint->column) != 2)
            complaint->line = 0;
    } else if (complaint->reason[0] == '\0' && strstr(text, "Backtrace") == NULL) {
        snprintf(complaint->reason, sizeof(complaint->reason), "%s",
                 strncmp(text, "Load: ", 6) == 0 ? text + 6 : text);
    }
}

static const cyaml_config_t *cyaml_settings(cyaml_config_t *settings, struct complaint *complaint)
{
    *settings = (cyaml_config_t){
        .log_fn = note_complaint,
        .log_ctx = complaint,
        .log_level = CYAML_LOG_WARNING,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    return settings;
}

static int load_text(struct plan_file *file, const char *text, size_t length)
{
    struct complaint complaint = {.line = 0};
    cyaml_config_t settings;
    struct plan_file *loaded = NULL;
    cyaml_err_t error = cyaml_load_data((const uint8_t *)text, length, cyaml_settings(&settings, &complaint),
                                        &schema, (cyaml_data_t **)&loaded, NULL);

    if (error != CYAML_OK) {
        bool placed = complaint.line != 0;

        return complain_at(file, placed ? complaint.line : 1, placed ? complaint.column : 1, "%s",
                           complaint.reason[0] != '\0' ? complaint.reason : cyaml_strerror(error));
    }
    if (loaded == NULL)
        return complain_at(file, 1, 1, "empty: there is no plan in it");
    file->loaded = loaded;
    file->runs = loaded->runs;
    file->runs_count = loaded->runs_count;
    return 0;
}

int plan_file_read(struct plan_file *file, const char *path)
{
    size_t length;
    char *text = small_file_read(path, MAX_FILE_BYTES, "a plan", &length);
    int failed = -1;

    *file = (struct plan_file){.path = path};
    if (text != NULL)
        failed = scan_text(file, text, length) != 0 || load_text(file, text, length) != 0 ? -1 : 0;
    free(text);
    if (failed)
        plan_file_close(file);
    return failed;
}

void plan_file_close(struct plan_file *file)
{
    struct complaint complaint = {.line = 0};
    cyaml_config_t settings;

    if (file->loaded != NULL)
        cyaml_free(cyaml_settings(&settings, &complaint), &schema, file->loaded, 0);
    free(file->marks);
    *file = (struct plan_file){.path = file->path};
}

int plan_file_complain(const struct plan_file *file, unsigned entry, enum plan_key key, unsigned element,
                       const char *format, ...)
{
    const struct plan_mark *found = NULL;
    va_list args;

    for (size_t i = 0; i < file->marks_count; i++) {
        const struct plan_mark *mark = &file->marks[i];

        if (mark->entry != entry)
            continue;
        if (mark->key == PLAN_ENTRY || (mark->key == key && mark->element == element))
            found = mark;
    }
    if (found != NULL)
        fprintf(stderr, "%s:%u:%u: ", file->path, found->line, found->column);
    else
        fprintf(stderr, "%s: ", file->path);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return -1;
}
