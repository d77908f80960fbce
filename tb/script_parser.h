/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the script parser among themselves: lines, tokens, names, expressions. */
#ifndef TWINWALK_SCRIPT_PARSER_H
#define TWINWALK_SCRIPT_PARSER_H

#include "script.h"

enum script_token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_NAME, TOKEN_STRING, TOKEN_MARK };

struct script_token {
    uint64_t value;   /* TOKEN_NUMBER */
    const char *text; /* not terminated; without the quotes of a string */
    uint32_t length;
    uint16_t column; /* from 1 */
    uint8_t kind;
};

/* A name that the script has given to a number or a variable. */
struct script_name {
    char *text;
    uint64_t value;
    int32_t slot; /* -1: a constant, see value */
    uint32_t line;
};

struct script_block {
    uint32_t statement; /* index of the REPEAT or IF */
    uint32_t names;     /* names known outside of it */
    struct script_place place;
};

struct script_parser {
    struct script *script;
    struct script_token *tokens; /* of the line, TOKEN_END last */
    const struct script_token *token;
    struct script_name *names;
    size_t name_count, name_room;
    struct script_block blocks[SCRIPT_MAX_NESTING];
    unsigned block_count;
    unsigned include_depth;
    unsigned errors;
    uint32_t line;
    uint16_t file;
    bool full; /* memory is short */
};

/* Place of the present token. */
struct script_place script_here(const struct script_parser *parser);

/* Tells a mistake and counts it; always false. */
bool script_error(struct script_parser *parser, struct script_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Splits one line (no terminator) into parser->tokens. A number has C's
 * prefixes, 0b, underscores and the suffixes k, m and g for 2^10, 2^20, 2^30.
 */
bool script_tokenize(struct script_parser *parser, const char *text, size_t length);

/* Whether the present token is this word or mark; script_take also goes past it. */
bool script_is(const struct script_parser *parser, const char *text);
bool script_take(struct script_parser *parser, const char *text);
/* The same, but a mistake if it is not. */
bool script_need(struct script_parser *parser, const char *text);

/* Defines a name at the present token, which it goes past. slot -1: constant. */
bool script_define(struct script_parser *parser, uint64_t value, int32_t slot);

/* Reads an expression. */
bool script_expression(struct script_parser *parser, enum script_names names, script_expr *expr);

/* true and the value when the expression is a number already. */
bool script_constant(const struct script *script, script_expr expr, uint64_t *value);

/* Reads the statement of a line up to its end; on `include` sets *include to the path (malloc). */
bool script_statement_line(struct script_parser *parser, char **include);

/* The value of a predefined name in a context. */
bool script_predefined(enum script_names names, const struct mmu_params *params, const char *text,
                       size_t length, uint64_t *value);

/* Room for one more element in a growing array; false when memory is short. */
bool script_grow(void **array, size_t count, size_t *room, size_t size);

#endif
