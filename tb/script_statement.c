/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a script into one statement. */
#include <stdlib.h>
#include <string.h>

#include "script_parser.h"
#include "table_builder.h"

struct keyword {
    const char *text;
    bool (*parse)(struct script_parser *parser, struct script_statement *statement);
};

struct word_value {
    const char *text;
    int value;
};

static bool argument(struct script_parser *parser, struct script_statement *statement,
                     enum script_argument which, enum script_names names)
{
    return script_expression(parser, names, &statement->arg[which]);
}

/* "= value" */
static bool assigned(struct script_parser *parser, struct script_statement *statement,
                     enum script_argument which, enum script_names names)
{
    if (statement->arg[which] >= 0)
        return script_error(parser, script_here(parser), "given twice");
    return script_need(parser, "=") && argument(parser, statement, which, names);
}

/* A place for a value known only while playing; a constant stays out of it. */
static bool define_value(struct script_parser *parser, const struct script_token *name, script_expr expr,
                         int32_t *slot)
{
    uint64_t value = 0;
    const struct script_token *after = parser->token;
    *slot = -1;
    if (expr < 0 || !script_constant(parser->script, expr, &value))
        *slot = parser->script->slots++;
    parser->token = name;
    bool done = script_define(parser, value, *slot);
    if (done)
        parser->token = after;
    return done;
}

static bool parse_let(struct script_parser *parser, struct script_statement *statement)
{
    const struct script_token *name = parser->token;
    statement->kind = STATEMENT_LET;
    if (name->kind != TOKEN_NAME)
        return script_error(parser, script_here(parser), "expected a name");
    parser->token++;
    if (!script_need(parser, "=") || !argument(parser, statement, ARG_VALUE, NAMES_ENTRY))
        return false;
    return define_value(parser, name, statement->arg[ARG_VALUE], &statement->slot);
}

static bool open_block(struct script_parser *parser, const struct script_statement *statement)
{
    if (parser->block_count == SCRIPT_MAX_NESTING)
        return script_error(parser, statement->place, "blocks nest deeper than %d", SCRIPT_MAX_NESTING);
    parser->blocks[parser->block_count++] = (struct script_block){
        .statement = (uint32_t)parser->script->statement_count,
        .names = (uint32_t)parser->name_count,
        .place = statement->place,
    };
    return true;
}

static bool parse_repeat(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_REPEAT;
    if (!open_block(parser, statement) || !argument(parser, statement, ARG_VALUE, NAMES_NONE))
        return false;
    if (!script_take(parser, "as"))
        return true;
    return define_value(parser, parser->token, -1, &statement->slot) && (parser->token++, true);
}

static bool parse_if(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_IF;
    return open_block(parser, statement) && argument(parser, statement, ARG_VALUE, NAMES_ENTRY);
}

static bool parse_end(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_END;
    if (parser->block_count == 0)
        return script_error(parser, statement->place, "'end' without 'repeat' or 'if'");
    const struct script_block *block = &parser->blocks[--parser->block_count];
    statement->jump = block->statement;
    if (block->statement < parser->script->statement_count)
        parser->script->statements[block->statement].jump = (uint32_t)parser->script->statement_count;
    while (parser->name_count > block->names)
        free(parser->names[--parser->name_count].text);
    return true;
}

static bool parse_tables(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_TABLES;
    if (!argument(parser, statement, ARG_ADDRESS, NAMES_NONE))
        return false;
    script_take(parser, ",");
    return argument(parser, statement, ARG_VALUE, NAMES_NONE);
}

static const struct word_value leaf_words[] = {
    {"user", 2},  {"write", 1}, {"nx", 63}, {"global", 8}, {"accessed", 5},
    {"dirty", 6}, {"pwt", 3},   {"pcd", 4}, {NULL, 0},
};

static const struct word_value map_arguments[] = {
    {"key", ARG_KEY}, {"root", ARG_ROOT}, {"levels", ARG_LEVELS}, {NULL, 0}};

static bool find_word(struct script_parser *parser, const struct word_value *words, int *value)
{
    for (; words->text; words++)
        if (script_take(parser, words->text)) {
            *value = words->value;
            return true;
        }
    return false;
}

static bool parse_map(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_MAP;
    statement->leaf_bits = ENTRY_P;
    if (!argument(parser, statement, ARG_ADDRESS, NAMES_NONE) || !script_need(parser, "->") ||
        !argument(parser, statement, ARG_VALUE, NAMES_NONE) ||
        !argument(parser, statement, ARG_SIZE, NAMES_NONE))
        return false;
    while (parser->token->kind != TOKEN_END) {
        struct script_place place = script_here(parser);
        int found;
        if (script_take(parser, "absent"))
            statement->leaf_bits &= ~ENTRY_P;
        else if (script_take(parser, "patbit"))
            statement->op = 1;
        else if (find_word(parser, leaf_words, &found))
            statement->leaf_bits |= 1ull << found;
        else if (!find_word(parser, map_arguments, &found))
            return script_error(parser, place, "'%.*s' is no property of a mapping",
                                (int)parser->token->length, parser->token->text);
        else if (!assigned(parser, statement, (enum script_argument)found, NAMES_NONE))
            return false;
    }
    return true;
}

static const struct word_value expectations[] = {
    {"any", EXPECT_ANY}, {"ok", EXPECT_OK}, {"fault", EXPECT_FAULT}, {"pf", EXPECT_PF}, {"gp", EXPECT_GP},
    {"mc", EXPECT_MC},   {NULL, 0},
};

static const struct word_value sources[] = {
    {"l1", SOURCE_L1}, {"l2", SOURCE_L2}, {"walk", SOURCE_WALK}, {"hit", SCRIPT_SOURCE_HIT}, {NULL, 0}};

static bool expect_cycles(struct script_parser *parser, struct script_statement *statement)
{
    struct script_place place = script_here(parser);
    bool least = script_take(parser, ">=");
    bool most = !least && script_take(parser, "<=");
    if (!least && !most && !script_need(parser, "="))
        return false;
    script_expr bound;
    if (!script_expression(parser, NAMES_NONE, &bound))
        return false;
    if ((!most && statement->arg[ARG_CYCLES_MIN] >= 0) || (!least && statement->arg[ARG_CYCLES_MAX] >= 0))
        return script_error(parser, place, "given twice");
    if (!most)
        statement->arg[ARG_CYCLES_MIN] = bound;
    if (!least)
        statement->arg[ARG_CYCLES_MAX] = bound;
    return true;
}

static const struct word_value answer_arguments[] = {
    {"pa", ARG_PA}, {"size", ARG_SIZE}, {"pat", ARG_PAT}, {NULL, 0}};

/* What follows `expect` of an access. */
static bool parse_expectation(struct script_parser *parser, struct script_statement *statement)
{
    int kind = -1;
    find_word(parser, expectations, &kind);
    bool translation = false;
    if (kind < 0 && parser->token->kind == TOKEN_END)
        return script_error(parser, script_here(parser), "expected what the answer is to be");
    while (parser->token->kind != TOKEN_END) {
        struct script_place place = script_here(parser);
        int which;
        if (script_take(parser, "cycles")) {
            if (!expect_cycles(parser, statement))
                return false;
            continue;
        }
        if (script_take(parser, "code")) {
            if (kind != EXPECT_PF)
                return script_error(parser, place, "'code' belongs to 'pf'");
            if (!assigned(parser, statement, ARG_CODE, NAMES_ERROR_CODE))
                return false;
            continue;
        }
        if (script_take(parser, "source")) {
            if (!script_need(parser, "="))
                return false;
            if (!find_word(parser, sources, &which))
                return script_error(parser, script_here(parser), "expected l1, l2, hit or walk");
            statement->source = (int8_t)which;
            continue;
        }
        if (!find_word(parser, answer_arguments, &which))
            return script_error(parser, place, "'%.*s' is nothing to expect of an answer",
                                (int)parser->token->length, parser->token->text);
        translation = true;
        if (kind >= 0 && kind != EXPECT_OK)
            return script_error(parser, place, "only a translation has this");
        if (!assigned(parser, statement, (enum script_argument)which, NAMES_NONE))
            return false;
    }
    if (kind < 0)
        kind = translation ? EXPECT_OK : EXPECT_ANY;
    statement->expect = (uint8_t)kind;
    return true;
}

/* From the mode on. */
static bool parse_access(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_ACCESS;
    struct script_place place = script_here(parser);
    if (script_take(parser, "user")) {
        if (statement->attr & ATTR_IMPLICIT)
            return script_error(parser, place, "an implicit access is a supervisor access");
        statement->attr |= ATTR_USER;
    } else {
        script_take(parser, "supervisor");
    }
    if (!argument(parser, statement, ARG_ADDRESS, NAMES_NONE))
        return false;
    if (script_take(parser, "port") && !assigned(parser, statement, ARG_PORT, NAMES_NONE))
        return false;
    return !script_take(parser, "expect") || parse_expectation(parser, statement);
}

static bool parse_read(struct script_parser *parser, struct script_statement *statement)
{
    statement->attr = ACCESS_READ;
    return parse_access(parser, statement);
}

static bool parse_fetch(struct script_parser *parser, struct script_statement *statement)
{
    statement->attr = ACCESS_FETCH;
    return parse_access(parser, statement);
}

static bool parse_implicit(struct script_parser *parser, struct script_statement *statement)
{
    statement->attr = ATTR_IMPLICIT | ACCESS_READ;
    if (script_take(parser, "write"))
        statement->attr = ATTR_IMPLICIT | ACCESS_WRITE;
    else
        script_take(parser, "read");
    return parse_access(parser, statement);
}

/* A write access, or a write of memory when an assignment follows the address. */
static bool parse_write(struct script_parser *parser, struct script_statement *statement)
{
    const struct script_token *start = parser->token;
    statement->attr = ACCESS_WRITE;
    if (!script_is(parser, "user") && !script_is(parser, "supervisor")) {
        if (!argument(parser, statement, ARG_ADDRESS, NAMES_NONE))
            return false;
        if (script_is(parser, "=") || script_is(parser, "|=") || script_is(parser, "&=")) {
            statement->kind = STATEMENT_STORE;
            statement->op = (uint8_t)*parser->token->text;
            parser->token++;
            return argument(parser, statement, ARG_VALUE, NAMES_ENTRY);
        }
        parser->token = start;
    }
    return parse_access(parser, statement);
}

static bool parse_expect(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_EXPECT_MEMORY;
    if (!script_need(parser, "memory") || !argument(parser, statement, ARG_ADDRESS, NAMES_NONE) ||
        !assigned(parser, statement, ARG_VALUE, NAMES_ENTRY))
        return false;
    return !script_take(parser, "mask") || assigned(parser, statement, ARG_MASK, NAMES_ENTRY);
}

static bool parse_poison(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_POISON;
    return argument(parser, statement, ARG_ADDRESS, NAMES_NONE);
}

static bool parse_ac(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_AC;
    return assigned(parser, statement, ARG_VALUE, NAMES_NONE);
}

static bool parse_wait(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_WAIT;
    return argument(parser, statement, ARG_VALUE, NAMES_NONE);
}

static bool parse_at(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_AT;
    return argument(parser, statement, ARG_VALUE, NAMES_NONE);
}

static bool parse_drain(struct script_parser *parser, struct script_statement *statement)
{
    (void)parser;
    statement->kind = STATEMENT_DRAIN;
    return true;
}

static bool write_register(struct script_parser *parser, struct script_statement *statement, enum mmu_op op,
                           enum script_names names)
{
    statement->kind = STATEMENT_OP;
    statement->op = (uint8_t)op;
    return assigned(parser, statement, ARG_VALUE, names);
}

static bool parse_cr0(struct script_parser *parser, struct script_statement *statement)
{
    return write_register(parser, statement, OP_WRITE_CR0, NAMES_CR0);
}

static bool parse_cr3(struct script_parser *parser, struct script_statement *statement)
{
    return write_register(parser, statement, OP_WRITE_CR3, NAMES_CR3);
}

static bool parse_cr4(struct script_parser *parser, struct script_statement *statement)
{
    return write_register(parser, statement, OP_WRITE_CR4, NAMES_CR4);
}

static bool parse_efer(struct script_parser *parser, struct script_statement *statement)
{
    return write_register(parser, statement, OP_WRITE_EFER, NAMES_EFER);
}

static bool parse_pkru(struct script_parser *parser, struct script_statement *statement)
{
    return write_register(parser, statement, OP_WRITE_PKRU, NAMES_PKRU);
}

static bool parse_pkrs(struct script_parser *parser, struct script_statement *statement)
{
    return write_register(parser, statement, OP_WRITE_PKRS, NAMES_PKRS);
}

static bool parse_invlpg(struct script_parser *parser, struct script_statement *statement)
{
    statement->kind = STATEMENT_OP;
    statement->op = OP_INVLPG;
    return argument(parser, statement, ARG_ADDRESS, NAMES_NONE);
}

/* Type, then PCID and address as far as given. */
static bool parse_invpcid(struct script_parser *parser, struct script_statement *statement)
{
    static const enum script_argument order[] = {ARG_VALUE, ARG_PCID, ARG_ADDRESS};
    statement->kind = STATEMENT_OP;
    statement->op = OP_INVPCID;
    for (size_t i = 0; i < 3 && (i == 0 || parser->token->kind != TOKEN_END); i++) {
        if (i > 0)
            script_take(parser, ",");
        if (!argument(parser, statement, order[i], i == 0 ? NAMES_INVPCID : NAMES_NONE))
            return false;
    }
    return true;
}

static const struct keyword keywords[] = {
    {"let", parse_let},         {"repeat", parse_repeat},
    {"if", parse_if},           {"end", parse_end},
    {"tables", parse_tables},   {"map", parse_map},
    {"read", parse_read},       {"write", parse_write},
    {"fetch", parse_fetch},     {"implicit", parse_implicit},
    {"expect", parse_expect},   {"poison", parse_poison},
    {"ac", parse_ac},           {"wait", parse_wait},
    {"drain", parse_drain},     {"cr0", parse_cr0},
    {"cr3", parse_cr3},         {"cr4", parse_cr4},
    {"efer", parse_efer},       {"pkru", parse_pkru},
    {"pkrs", parse_pkrs},       {"invlpg", parse_invlpg},
    {"invpcid", parse_invpcid}, {"at", parse_at},
};

static bool parse_include(struct script_parser *parser, char **include)
{
    if (parser->token->kind != TOKEN_STRING || parser->token->length == 0)
        return script_error(parser, script_here(parser), "expected a file name in quotes");
    *include = strndup(parser->token->text, parser->token->length);
    if (!*include) {
        parser->full = true;
        return script_error(parser, script_here(parser), "out of memory");
    }
    parser->token++;
    return true;
}

static bool line_ends(struct script_parser *parser)
{
    if (parser->token->kind == TOKEN_END)
        return true;
    return script_error(parser, script_here(parser), "unexpected '%.*s' after the statement",
                        (int)parser->token->length, parser->token->text);
}

static bool check_constants(struct script_parser *parser, const struct script_statement *statement)
{
    uint64_t value[ARG_COUNT] = {0};
    bool known[ARG_COUNT] = {false};
    for (size_t i = 0; i < ARG_COUNT; i++)
        known[i] = script_constant(parser->script, statement->arg[i], &value[i]);
    const char *wrong = script_check(parser->script, statement, value, known);
    return !wrong || script_error(parser, statement->place, "%s", wrong);
}

bool script_statement_line(struct script_parser *parser, char **include)
{
    struct script *script = parser->script;
    struct script_statement statement = {.place = script_here(parser), .slot = -1, .source = -1};
    for (size_t i = 0; i < ARG_COUNT; i++)
        statement.arg[i] = -1;
    if (parser->token->kind == TOKEN_END)
        return true;
    if (script_take(parser, "include"))
        return parse_include(parser, include) && line_ends(parser);
    statement.async = script_take(parser, "async");
    const struct keyword *keyword = NULL;
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]) && !keyword; i++)
        if (script_take(parser, keywords[i].text))
            keyword = &keywords[i];
    if (!keyword)
        return script_error(parser, script_here(parser), "'%.*s' is no statement", (int)parser->token->length,
                            parser->token->text);
    if (script->statement_count == SCRIPT_MAX_STATEMENTS)
        return script_error(parser, statement.place, "more than %d statements", SCRIPT_MAX_STATEMENTS);
    if (!keyword->parse(parser, &statement) || !line_ends(parser) || !check_constants(parser, &statement))
        return false;
    if (statement.async && statement.kind != STATEMENT_OP)
        return script_error(parser, statement.place, "only a control operation can be 'async'");
    if (!script_grow((void **)&script->statements, script->statement_count, &script->statement_room,
                     sizeof(statement))) {
        parser->full = true;
        return script_error(parser, statement.place, "out of memory");
    }
    script->statements[script->statement_count++] = statement;
    return true;
}
