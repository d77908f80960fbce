/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_trigger.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench_names.h"

enum { MAX_NODES = 64, MAX_DEPTH = 32, NONE = -1 };

enum operator{ OPERATOR_OR, OPERATOR_AND, OPERATOR_NOT, OPERATOR_KINDS, OPERATOR_KEY };

struct node {
    enum operator operator;
    int left, right; /* OR, AND, NOT (left) */
    uint64_t kinds;  /* KINDS: a bit for each */
    unsigned key;    /* KEY: index in the table */
    uint64_t value;  /* of it */
};

_Static_assert(EVENT_KINDS <= 64, "a bit for each kind");

struct wave_trigger {
    struct node nodes[MAX_NODES];
    int count, root;
};

#define KIND(name) (1ull << EVENT_##name)

static const struct group {
    const char *name, *help;
    uint64_t kinds;
} groups[] = {
    {"fault", "an access is answered with a fault, or a walk ends in one", KIND(ANSWER) | KIND(WALK_FAULT)},
    {"inval", "an invalidation reaches TLBs and walk caches", KIND(BROADCAST) | KIND(SWEEP)},
    {"hit", "a TLB has the translation", KIND(L1_HIT) | KIND(L2_HIT)},
    {"miss", "a TLB has none", KIND(L1_MISS) | KIND(L2_MISS)},
    {"denied", "a TLB's entry denies the access", KIND(L1_DENIED) | KIND(L2_DENIED)},
    {"overtaken", "an access is sent back, or a walk given up",
     KIND(RESTART) | KIND(WALK_GIVEN_UP) | KIND(RESULT_LOST)},
    {"any", "every event", UINT64_MAX},
};

/* Values by name, for keys that have names. */
static const char *kind_name(unsigned value)
{
    return value <= ACCESS_FETCH ? bench_kind_name((uint8_t)value) : NULL;
}

static const char *op_name(unsigned value)
{
    return value < OP_COUNT ? bench_op_name(value) : NULL;
}

static const char *array_name(unsigned value)
{
    return value < EVENT_ARRAYS ? event_array_name(value) : NULL;
}

static uint64_t fault_of(const struct event *event)
{
    return event->kind == EVENT_ANSWER || event->kind == EVENT_RESULT || event->kind == EVENT_WALK_FAULT
               ? event->response.fault
               : FAULT_NONE;
}

static bool has_op(const struct event *event)
{
    return event->kind == EVENT_OP || event->kind == EVENT_REGISTER || event->kind == EVENT_BROADCAST;
}

static bool has_memory(const struct event *event)
{
    return event->kind == EVENT_WRITE || event->kind == EVENT_MEM_REQ || event->kind == EVENT_MEM_RESP ||
           event->kind == EVENT_ENTRY_READ || event->kind == EVENT_WALK_REQUEST ||
           event->kind == EVENT_WALK_EXCHANGE;
}

#define OR_NONE(condition, value) ((condition) ? (uint64_t)(value) : UINT64_MAX)

/* KEY(name, meaning, value of an event or UINT64_MAX, bits that do not count, names of values) */
#define KEYS                                                                                                 \
    KEY(va, "address, or one in the same 4 KiB page",                                                        \
        OR_NONE(event->va || event->access != NO_ACCESS, event->va), 0xfff, NULL)                            \
    KEY(access, "number of the access, from 0", event->access, 0, NULL)                                      \
    KEY(port, "port, 0 for fetches", OR_NONE(event->port != EVENT_NO_NUMBER, event->port), 0, NULL)          \
    KEY(walker, "number of the walker", OR_NONE(event->walker != EVENT_NO_NUMBER, event->walker), 0, NULL)   \
    KEY(entry, "entry of the miss queue", OR_NONE(event->entry != EVENT_NO_NUMBER, event->entry), 0, NULL)   \
    KEY(level, "level of the paging-structure entry, 1 (PTE) to 5",                                          \
        OR_NONE(event->level && event->level != EVENT_NO_NUMBER, event->level), 0, NULL)                     \
    KEY(array, "a TLB's array, such as l1d.4k", OR_NONE(event->array != ARRAY_NONE, event->array), 0,        \
        array_name)                                                                                          \
    KEY(set, "set of that array", OR_NONE(event->array != ARRAY_NONE, event->set), 0, NULL)                  \
    KEY(way, "way of that set", OR_NONE(event->array != ARRAY_NONE, event->way), 0, NULL)                    \
    KEY(kind, "read, write or fetch", OR_NONE(event->access != NO_ACCESS, event->attr & ATTR_KIND), 0,       \
        kind_name)                                                                                           \
    KEY(op, "operation, such as INVLPG", OR_NONE(has_op(event), event->op.op), 0, op_name)                   \
    KEY(pa, "physical address answered, or of a memory access",                                              \
        has_memory(event) ? event->memory.addr : OR_NONE(event->kind == EVENT_ANSWER, event->response.pa),   \
        0, NULL)                                                                                             \
    KEY(code, "error code of a page fault",                                                                  \
        OR_NONE(fault_of(event) == FAULT_PAGE, event->response.error_code), 0, NULL)                         \
    KEY(cycle, "the cycle", event->cycle, 0, NULL)

static const struct key {
    const char *name, *help;
    uint64_t ignored;
    const char *(*value_name)(unsigned value);
} keys[] = {
#define KEY(name, help, value, ignored, names) {#name, help, ignored, names},
    KEYS
#undef KEY
};

static uint64_t key_value(unsigned key, const struct event *event)
{
    unsigned number = 0;
#define KEY(name, help, value, ignored, names)                                                               \
    if (key == number++)                                                                                     \
        return value;
    KEYS
#undef KEY
        return UINT64_MAX;
}

static bool matches(const struct wave_trigger *trigger, int index, const struct event *event)
{
    const struct node *node = &trigger->nodes[index];
    uint64_t value;

    switch (node->operator) {
    case OPERATOR_OR:
        return matches(trigger, node->left, event) || matches(trigger, node->right, event);
    case OPERATOR_AND:
        return matches(trigger, node->left, event) && matches(trigger, node->right, event);
    case OPERATOR_NOT:
        return !matches(trigger, node->left, event);
    case OPERATOR_KINDS:
        /* An answer is a fault only with one. */
        return (node->kinds >> event->kind & 1) &&
               !(node->kinds == groups[0].kinds && event->kind == EVENT_ANSWER && !fault_of(event));
    case OPERATOR_KEY:
        value = key_value(node->key, event);
        return value != UINT64_MAX && ((value ^ node->value) & ~keys[node->key].ignored) == 0;
    }
    return false;
}

bool wave_trigger_matches(const struct wave_trigger *trigger, const struct event *event)
{
    return matches(trigger, trigger->root, event);
}

struct parser {
    const char *text, *at;
    struct wave_trigger *trigger;
    char *error;
    size_t error_size;
    unsigned depth;
};

static int refuse(struct parser *parser, const char *at, const char *what, const char *word, size_t length)
{
    if (!parser->error[0])
        snprintf(parser->error, parser->error_size, "column %td: %s%s%.*s%s", at - parser->text + 1, what,
                 length ? " '" : "", (int)length, word, length ? "'" : "");
    return NONE;
}

static void skip_blanks(struct parser *parser)
{
    parser->at += strspn(parser->at, " \t");
}

static int add_node(struct parser *parser, struct node node)
{
    struct wave_trigger *trigger = parser->trigger;
    if (trigger->count == MAX_NODES)
        return refuse(parser, parser->at, "the condition is too long", "", 0);
    trigger->nodes[trigger->count] = node;
    return trigger->count++;
}

static size_t word_length(const char *at)
{
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || (at[length] && strchr("_.-", at[length])))
        length++;
    return length;
}

static bool same_word(const char *name, const char *at, size_t length)
{
    return name && strlen(name) == length && strncasecmp(name, at, length) == 0;
}

/* "none of read, write, fetch:" */
static void list_values(const struct key *key, char *text, size_t size)
{
    size_t used = 0;
    for (unsigned value = 0; value < 64; value++)
        if (key->value_name(value) && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "none of ",
                                     key->value_name(value));
    if (used < size)
        snprintf(text + used, size - used, ":");
}

static int parse_value(struct parser *parser, unsigned key)
{
    skip_blanks(parser);
    const char *at = parser->at;
    size_t length = word_length(at);
    char *end;

    parser->at += length;
    if (!length)
        return refuse(parser, at, "a value is missing", "", 0);
    if (keys[key].value_name)
        for (unsigned value = 0; value < 64; value++)
            if (same_word(keys[key].value_name(value), at, length))
                return add_node(parser, (struct node){.operator= OPERATOR_KEY, .key = key, .value = value});
    errno = 0;
    uint64_t value = strtoull(at, &end, 0);
    if (end != at + length || errno || !isdigit((unsigned char)*at)) {
        char values[256] = "not a number:";
        if (keys[key].value_name)
            list_values(&keys[key], values, sizeof(values));
        return refuse(parser, at, values, at, length);
    }
    return add_node(parser, (struct node){.operator= OPERATOR_KEY, .key = key, .value = value});
}

static int parse_word(struct parser *parser)
{
    const char *at = parser->at;
    size_t length = word_length(at);

    if (!length)
        return *at ? refuse(parser, at, "not expected here:", at, strlen(at))
                   : refuse(parser, at, "the condition is not complete", "", 0);
    parser->at += length;
    skip_blanks(parser);
    if (*parser->at == '<' || *parser->at == '>')
        return refuse(parser, parser->at, "a property can only be compared with =", "", 0);
    if (*parser->at == '=') {
        parser->at++;
        for (unsigned key = 0; key < sizeof(keys) / sizeof(keys[0]); key++)
            if (same_word(keys[key].name, at, length))
                return parse_value(parser, key);
        return refuse(parser, at, "not a property of events:", at, length);
    }
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (same_word(groups[i].name, at, length))
            return add_node(parser, (struct node){.operator= OPERATOR_KINDS, .kinds = groups[i].kinds});
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
        if (same_word(event_name(kind), at, length))
            return add_node(parser, (struct node){.operator= OPERATOR_KINDS, .kinds = 1ull << kind});
    return refuse(parser, at, "no kind of event:", at, length);
}

static int parse_expression(struct parser *parser);

static int parse_factor(struct parser *parser)
{
    int node;

    skip_blanks(parser);
    if (parser->depth == MAX_DEPTH)
        return refuse(parser, parser->at, "too deep", "", 0);
    parser->depth++;
    if (*parser->at == '!') {
        parser->at++;
        node = parse_factor(parser);
        node = node == NONE ? NONE : add_node(parser, (struct node){.operator= OPERATOR_NOT, .left = node});
    } else if (*parser->at == '(') {
        parser->at++;
        node = parse_expression(parser);
        skip_blanks(parser);
        if (node != NONE && *parser->at != ')')
            node = refuse(parser, parser->at, "')' is missing", "", 0);
        else if (node != NONE)
            parser->at++;
    } else {
        node = parse_word(parser);
    }
    parser->depth--;
    return node;
}

/* A list of what `operand` reads, with that character between. */
static int parse_list(struct parser *parser, char between, enum operator operator,
                      int (*operand)(struct parser *parser))
{
    int left = operand(parser);
    for (;;) {
        skip_blanks(parser);
        if (left == NONE || *parser->at != between)
            return left;
        parser->at += parser->at[1] == between ? 2 : 1;
        int right = operand(parser);
        if (right == NONE)
            return NONE;
        left = add_node(parser, (struct node){.operator= operator, .left = left, .right = right});
    }
}

static int parse_term(struct parser *parser)
{
    return parse_list(parser, '&', OPERATOR_AND, parse_factor);
}

static int parse_expression(struct parser *parser)
{
    return parse_list(parser, '|', OPERATOR_OR, parse_term);
}

struct wave_trigger *wave_trigger_parse(const char *text, char *error, size_t size)
{
    struct wave_trigger *trigger = calloc(1, sizeof(*trigger));
    struct parser parser = {.text = text, .at = text, .trigger = trigger, .error = error, .error_size = size};

    error[0] = '\0';
    if (!trigger) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    trigger->root = parse_expression(&parser);
    if (trigger->root != NONE && *parser.at)
        trigger->root = refuse(&parser, parser.at, "not expected here:", parser.at, strlen(parser.at));
    if (trigger->root == NONE) {
        free(trigger);
        return NULL;
    }
    return trigger;
}

void wave_trigger_free(struct wave_trigger *trigger)
{
    free(trigger);
}

void wave_trigger_help(FILE *out)
{
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
        fprintf(out, "  %-16s %s\n", event_name(kind), event_help(kind));
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        fprintf(out, "  %-16s %s\n", groups[i].name, groups[i].help);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        fprintf(out, "  %s=%-*s %s\n", keys[i].name, (int)(15 - strlen(keys[i].name)), "X", keys[i].help);
}
