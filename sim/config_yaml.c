/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text is read twice. libyaml's events give what libcyaml does not: the
 * place of every value, and of an unknown or repeated key. libcyaml, with a
 * schema made from the parameter tables, then does the conversion and judges
 * shapes and types.
 */
#include "config_yaml.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum {
    NAME_BYTES = 64,
    MESSAGE_BYTES = 256,
    MAX_DEPTH = 8, /* beyond what any complaint is about; libyaml takes quadratic time in the depth */
};

/* ---- Schema ---- */

static const cyaml_strval_t policies[] = {
    {"lru", POLICY_LRU},
    {"plru", POLICY_PLRU},
    {"nru", POLICY_NRU},
    {"random", POLICY_RANDOM},
};

static const cyaml_strval_t huge_wheres[] = {
    {"anywhere", HUGE_ANYWHERE},
    {"anonymous", HUGE_ANONYMOUS},
    {"advised", HUGE_ADVISED},
};

/* As an enumeration, since libcyaml's own booleans take any unknown word for true. */
static const cyaml_strval_t booleans[] = {
    {"false", 0}, {"true", 1}, {"no", 0}, {"yes", 1}, {"off", 0}, {"on", 1},
};

#define LENGTH(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define ENUM_VALUE(strings_)                                                                                 \
    {                                                                                                        \
        .type = CYAML_ENUM, .flags = CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, .data_size = sizeof(uint32_t), \
        .enumeration = {.strings = (strings_), .count = LENGTH(strings_)},                                   \
    }
#define VALUE_UINT                                                                                           \
    {                                                                                                        \
        .type = CYAML_UINT, .flags = CYAML_FLAG_OPTIONAL, .data_size = sizeof(uint32_t),                     \
    }
#define VALUE_BOOL       ENUM_VALUE(booleans)
#define VALUE_POLICY     ENUM_VALUE(policies)
#define VALUE_HUGE_WHERE ENUM_VALUE(huge_wheres)

/* Each section as a mapping: the offsets of its fields count from its own struct. */
#define FIELD(params, section, key_, type)                                                                   \
    {                                                                                                        \
        .key = #key_,                                                                                        \
        .value = VALUE_##type,                                                                               \
        .data_offset = offsetof(struct params, section.key_) - offsetof(struct params, section),             \
    },
#define PARAM_SECTION(section, help) static const cyaml_schema_field_t section##_fields[] = {
#define PARAM_SECTION_END(section)                                                                           \
    CYAML_FIELD_END                                                                                          \
    }                                                                                                        \
    ;
#define PARAM(section, key, type, ...) FIELD(mmu_params, section, key, type)
#include "params.def"
#define PARAM_SECTION(section, help) static const cyaml_schema_field_t section##_fields[] = {
#define PARAM_SECTION_END(section)                                                                           \
    CYAML_FIELD_END                                                                                          \
    }                                                                                                        \
    ;
#define PARAM(section, key, type, ...) FIELD(bench_params, section, key, type)
#include "bench_params.def"

static const cyaml_schema_field_t sections[] = {
#define PARAM(...)
#define PARAM_SECTION(section, help)                                                                         \
    CYAML_FIELD_MAPPING(#section, CYAML_FLAG_OPTIONAL, struct config, mmu.section, section##_fields),
#include "params.def"
#define PARAM(...)
#define PARAM_SECTION(section, help)                                                                         \
    CYAML_FIELD_MAPPING(#section, CYAML_FLAG_OPTIONAL, struct config, bench.section, section##_fields),
#include "bench_params.def"
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, sections),
};

/* ---- First reading: places ---- */

/* A mark of libyaml's counts from 0, a place from 1; line 0: not in the text. */
struct place {
    unsigned line, column;
};

struct scan {
    const char *name;
    enum config_source source;
    unsigned depth; /* of mappings and sequences that are open */
    unsigned documents;
    bool is_mapping[3]; /* at depth 1 (sections) and 2 (keys) */
    bool have_key[3];
    char section[NAME_BYTES];
    int key;                        /* index of the key whose value comes next */
    bool section_seen[CONFIG_KEYS]; /* by index of its first key */
    struct place places[CONFIG_KEYS];
};

static struct place place_of(yaml_mark_t mark)
{
    return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

__attribute__((format(printf, 3, 4))) static int complain(const struct scan *scan, struct place place,
                                                          const char *format, ...)
{
    va_list args;

    if (scan->source == CONFIG_FROM_COMMAND_LINE || place.line == 0)
        fprintf(stderr, "%s: ", scan->name);
    else
        fprintf(stderr, "%s:%u:%u: ", scan->name, place.line, place.column);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return -1;
}

static int scan_key(struct scan *scan, const yaml_event_t *event)
{
    struct place place = place_of(event->start_mark);
    const char *text;

    if (event->type != YAML_SCALAR_EVENT)
        return complain(scan, place, "a key must be a word");
    text = (const char *)event->data.scalar.value;
    scan->have_key[scan->depth] = true;

    if (scan->depth == 1) {
        int first = config_key_find(text, NULL);

        if (first < 0)
            return complain(scan, place, "%.60s: unknown section", text);
        if (scan->section_seen[first])
            return complain(scan, place, "%s: section given twice", text);
        scan->section_seen[first] = true;
        snprintf(scan->section, sizeof(scan->section), "%s", text);
        return 0;
    }
    scan->key = config_key_find(scan->section, text);
    if (scan->key < 0)
        return complain(scan, place, "%s.%.60s: unknown key", scan->section, text);
    if (scan->places[scan->key].line != 0)
        return complain(scan, place, "%s.%s: key given twice, first in line %u", scan->section, text,
                        scan->places[scan->key].line);
    return 0;
}

/* Decimal without leading zeros, or hexadecimal: libcyaml would read 010 as 8 and 3.5 as 3. */
static bool is_whole_number(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t digits;

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    if (strncmp(text, "0x", 2) == 0) {
        digits = strspn(text + 2, "0123456789abcdefABCDEF");
        return digits > 0 && digits + 2 == event->data.scalar.length;
    }
    digits = strspn(text, "0123456789");
    return digits > 0 && digits == event->data.scalar.length && (text[0] != '0' || digits == 1);
}

static int scan_value(struct scan *scan, const yaml_event_t *event)
{
    const struct config_key *key;

    scan->have_key[scan->depth] = false;
    if (scan->depth != 2 || event->type != YAML_SCALAR_EVENT)
        return 0;
    key = config_key(scan->key);
    scan->places[scan->key] = place_of(event->start_mark);
    if (key->type == CONFIG_UINT && !is_whole_number(event))
        return complain(scan, scan->places[scan->key], "%s.%s: '%.60s' is not a whole number", key->section,
                        key->key, (const char *)event->data.scalar.value);
    return 0;
}

static int scan_event(struct scan *scan, const yaml_event_t *event)
{
    bool is_value = false;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (scan->documents++ > 0)
            return complain(scan, place_of(event->start_mark), "a configuration is one YAML document");
        return 0;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        scan->depth--;
        return 0;
    case YAML_ALIAS_EVENT:
        return complain(scan, place_of(event->start_mark), "aliases are not supported");
    case YAML_SCALAR_EVENT:
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        break;
    default:
        return 0;
    }

    if ((scan->depth == 1 || scan->depth == 2) && scan->is_mapping[scan->depth]) {
        is_value = scan->have_key[scan->depth];
        if ((is_value ? scan_value : scan_key)(scan, event) != 0)
            return -1;
    }
    if (event->type != YAML_SCALAR_EVENT) {
        if (++scan->depth > MAX_DEPTH)
            return complain(scan, place_of(event->start_mark), "nested too deeply");
        if (scan->depth <= 2) {
            scan->is_mapping[scan->depth] =
                event->type == YAML_MAPPING_START_EVENT && (scan->depth == 1 || is_value);
            scan->have_key[scan->depth] = false;
        }
    }
    return 0;
}

static int scan_text(struct scan *scan, const char *text, size_t length)
{
    yaml_parser_t parser;
    yaml_event_t event;
    int failed = 0;
    bool end = false;

    if (!yaml_parser_initialize(&parser))
        return complain(scan, (struct place){0}, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (!end && !failed) {
        if (!yaml_parser_parse(&parser, &event)) {
            failed = complain(scan, place_of(parser.problem_mark), "not YAML: %s",
                              parser.problem != NULL ? parser.problem : "unreadable");
            break;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        failed = scan_event(scan, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return failed;
}

/* ---- Second reading: values ---- */

/* What libcyaml logs on failure: a reason, then from the inside out where it was. */
struct complaint {
    char reason[MESSAGE_BYTES];
    char fields[2][NAME_BYTES]; /* innermost first */
    unsigned count;
    struct place place;
};

static void note_complaint(cyaml_log_t level, void *context, const char *format, va_list args)
{
    struct complaint *complaint = context;
    char line[MESSAGE_BYTES];
    char field[NAME_BYTES] = "";
    struct place place;

    (void)level;
    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "  in mapping field '%63[^']' (line: %u, column: %u)", field, &place.line,
               &place.column) == 3) {
        if (complaint->count == 0)
            complaint->place = place;
        if (complaint->count < 2)
            memcpy(complaint->fields[complaint->count++], field, sizeof(field));
    } else if (complaint->reason[0] == '\0' && strstr(line, "Backtrace") == NULL) {
        const char *reason = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;

        snprintf(complaint->reason, sizeof(complaint->reason), "%s", reason);
    }
}

static int pass_on_complaint(const struct scan *scan, const struct complaint *complaint, cyaml_err_t error)
{
    const char *reason = complaint->reason[0] != '\0' ? complaint->reason : cyaml_strerror(error);
    char range[NAME_BYTES];
    int key;

    if (complaint->count == 0)
        return complain(scan, (struct place){1, 1}, "%s", reason);
    if (complaint->count == 1)
        return complain(scan, complaint->place, "%s: %s", complaint->fields[0], reason);
    key = config_key_find(complaint->fields[1], complaint->fields[0]);
    return complain(scan, complaint->place, "%s.%s: %s; expected %s", complaint->fields[1],
                    complaint->fields[0], reason,
                    key < 0 ? "a known key" : config_range_text(config_key(key), range, sizeof(range)));
}

static int load_text(const struct scan *scan, const char *text, size_t length, struct config *config)
{
    struct complaint complaint = {.count = 0};
    const cyaml_config_t settings = {
        .log_fn = note_complaint,
        .log_ctx = &complaint,
        .log_level = CYAML_LOG_WARNING,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    struct config *loaded = NULL;
    cyaml_err_t error;

    error =
        cyaml_load_data((const uint8_t *)text, length, &settings, &schema, (cyaml_data_t **)&loaded, NULL);
    if (error != CYAML_OK)
        return pass_on_complaint(scan, &complaint, error);
    if (loaded == NULL)
        return complain(scan, (struct place){1, 1}, "empty: there is no configuration in it");

    for (int i = 0; i < CONFIG_KEYS; i++) {
        if (scan->places[i].line == 0)
            continue;
        size_t offset = config_key(i)->offset;
        memcpy((char *)config + offset, (char *)loaded + offset, sizeof(uint32_t));
        config->origins[i] =
            (struct config_origin){scan->source, scan->places[i].line, scan->places[i].column};
    }
    cyaml_free(&settings, &schema, loaded, 0);
    return 0;
}

int config_yaml_read(struct config *config, const char *name, enum config_source source, const char *text,
                     size_t length)
{
    struct scan scan = {.name = name, .source = source};

    if (scan_text(&scan, text, length) != 0)
        return -1;
    return load_text(&scan, text, length, config);
}
