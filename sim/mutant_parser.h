/* SPDX-License-Identifier: Apache-2.0 */
/* Private to mutant_list.c, mutant_expression.c and mutant_parse.c. */
#ifndef TWINWALK_MUTANT_PARSER_H
#define TWINWALK_MUTANT_PARSER_H

#include "mutant.h"
#include "sv_lexer.h"

/* A constant with a name, for its neighbours: parameters of type int, and vectors. */
struct sv_constant {
    char *name;
    bool is_int;
    bool is_zero;
};

struct sv_constants {
    struct sv_constant *constants;
    size_t count, room;
};

struct parser {
    struct mutant_list *list;
    unsigned source;
    const char *path, *text;
    struct sv_tokens tokens;
    size_t at; /* token */
    const struct sv_constants *constants;
    const char *module, *function; /* function NULL: none */
    size_t context_begin; /* of the statement, part of a mutant's identity: to the first ; or begin */
    bool context_line;    /* to the end of the line */
    unsigned depth;       /* of conditions and loops in a process or function */
    bool clocked;
    bool reset;  /* in the statement that the reset enables */
    bool failed; /* a message is out, or no memory */
};

/* A piece of an expression. */
struct piece {
    size_t begin, end;
    bool constant;   /* known when the design is elaborated, as far as its names say */
    bool compared;   /* a comparison or a logical operation: one bit */
    bool name, zero; /* a plain name or number; one with the value 0 */
};

/* ---- Tokens ---- */
const struct sv_token *parser_token(const struct parser *parser);
bool parser_at(const struct parser *parser, const char *word); /* the present token is this */
bool parser_accept(struct parser *parser, const char *word);   /* passes it by if it is */
void parser_expect(struct parser *parser, const char *word);
void parser_fail(struct parser *parser, const char *what);
void parser_next(struct parser *parser);
char *parser_text(const struct parser *parser, size_t begin, size_t end); /* to be freed */

/*
 * A mutant of the text from begin to end; the format makes its replacement.
 * mutant_note_statement: of a whole statement; `shown` is what people see of it.
 */
__attribute__((format(printf, 5, 6))) void mutant_note(struct parser *parser, enum mutation mutation,
                                                       size_t begin, size_t end, const char *format, ...);
void mutant_note_statement(struct parser *parser, enum mutation mutation, size_t begin, size_t end,
                           const char *replacement, const char *shown);

/* A register that the reset sets, by the text that is assigned to. */
void mutant_note_reset(struct parser *parser, struct piece target);

/* Takes back the mutants noted since the list had `count`. */
void mutant_take_back(struct parser *parser, size_t count);

/* ---- Expressions ---- */

/* Parses an expression and notes its mutants. */
struct piece parse_expression(struct parser *parser);

/* Passes one by that is known at elaboration: nothing of it is mutated. */
struct piece parse_constant(struct parser *parser);

/*
 * Parses what an assignment writes. If it has an index or a range of bits,
 * *moved is its text with that off by one, to be freed; else NULL.
 */
struct piece parse_target(struct parser *parser, char **moved);

/* ---- Files ---- */
void parse_file(struct parser *parser);

#endif
