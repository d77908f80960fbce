/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules, functions and statements, and the mutants of statements. Whatever
 * is not understood is an error: nothing is passed over in silence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutant_parser.h"

static void parse_statement(struct parser *parser);
static void parse_item(struct parser *parser);

/* ---- Tokens ---- */

const struct sv_token *parser_token(const struct parser *parser)
{
    return &parser->tokens.tokens[parser->at];
}

static bool token_is(const struct parser *parser, const struct sv_token *token, const char *word)
{
    size_t length = token->end - token->begin;

    return strlen(word) == length && memcmp(parser->text + token->begin, word, length) == 0;
}

bool parser_at(const struct parser *parser, const char *word)
{
    return token_is(parser, parser_token(parser), word);
}

void parser_next(struct parser *parser)
{
    if (parser_token(parser)->kind != SV_END)
        parser->at++;
}

bool parser_accept(struct parser *parser, const char *word)
{
    if (!parser_at(parser, word))
        return false;
    parser_next(parser);
    return true;
}

void parser_fail(struct parser *parser, const char *what)
{
    unsigned line, column;

    if (parser->failed)
        return;
    parser->failed = true;
    sv_place(parser->text, parser_token(parser)->begin, &line, &column);
    fprintf(stderr, "%s:%u:%u: %s\n", parser->path, line, column, what);
}

void parser_expect(struct parser *parser, const char *word)
{
    char what[64];

    if (parser_accept(parser, word))
        return;
    snprintf(what, sizeof(what), "'%s' is missing here", word);
    parser_fail(parser, what);
}

char *parser_text(const struct parser *parser, size_t begin, size_t end)
{
    return strndup(parser->text + begin, end - begin);
}

static size_t previous_end(const struct parser *parser)
{
    return parser->tokens.tokens[parser->at - 1].end;
}

/* Passes by what stands between a bracket, the present token, and its partner. */
static void skip_brackets(struct parser *parser)
{
    unsigned depth = 0;

    do {
        if (parser_at(parser, "(") || parser_at(parser, "[") || parser_at(parser, "{"))
            depth++;
        else if (parser_at(parser, ")") || parser_at(parser, "]") || parser_at(parser, "}"))
            depth--;
        else if (parser_token(parser)->kind == SV_END)
            parser_fail(parser, "a bracket has no partner");
        parser_next(parser);
    } while (depth > 0 && !parser->failed);
}

static void skip_to_semicolon(struct parser *parser)
{
    while (!parser_at(parser, ";") && !parser->failed) {
        if (parser_at(parser, "(") || parser_at(parser, "[") || parser_at(parser, "{"))
            skip_brackets(parser);
        else if (parser_token(parser)->kind == SV_END)
            parser_fail(parser, "';' is missing at the end of the file");
        else
            parser_next(parser);
    }
    parser_expect(parser, ";");
}

static void skip_label(struct parser *parser)
{
    if (parser_accept(parser, ":"))
        parser_next(parser);
}

/* ---- Statements ---- */

static bool at_declaration(const struct parser *parser)
{
    static const char *const words[] = {"logic", "localparam", "parameter", "int", "bit", "genvar"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (parser_at(parser, words[i]))
            return true;
    return false;
}

static void note_condition(struct parser *parser, struct piece condition)
{
    int length = (int)(condition.end - condition.begin);
    const char *text = parser->text + condition.begin;

    mutant_note(parser, MUTATION_condition, condition.begin, condition.end, "!(%.*s)", length, text);
    mutant_note(parser, MUTATION_condition, condition.begin, condition.end, "1'b0");
    mutant_note(parser, MUTATION_enable, condition.begin, condition.end, "1'b1");
}

static void parse_if(struct parser *parser)
{
    size_t noted = parser->list->count;
    struct piece condition;

    parser->context_begin = parser_token(parser)->begin;
    parser_next(parser);
    parser_expect(parser, "(");
    condition = parse_expression(parser);
    if (condition.constant)
        mutant_take_back(parser, noted);
    else if (!parser->failed)
        note_condition(parser, condition);
    parser_expect(parser, ")");
    parser->depth++;
    parser->reset = parser->clocked && condition.end - condition.begin == 7 &&
                    memcmp(parser->text + condition.begin, "!rst_ni", 7) == 0;
    parse_statement(parser);
    parser->reset = false;
    if (parser_accept(parser, "else"))
        parse_statement(parser);
    parser->depth--;
}

/* A pass of the loop left out: the body, under the condition that it is another one. */
static void note_pass(struct parser *parser, size_t begin, const char *which, const char *condition)
{
    size_t end = previous_end(parser);
    char *replacement = NULL, *shown = NULL;

    if (parser->failed)
        return;
    if (asprintf(&replacement, "if (!(%s)) begin %.*s end", condition, (int)(end - begin),
                 parser->text + begin) < 0 ||
        asprintf(&shown, "not the %s pass, %s", which, condition) < 0)
        parser->failed = true;
    else
        mutant_note_statement(parser, MUTATION_loop, begin, end, replacement, shown);
    free(replacement);
    free(shown);
}

/* for (int i = FIRST; i < BOUND; i++), or i >= BOUND; i--, or i += STEP */
static void parse_for(struct parser *parser)
{
    struct piece first, bound;
    const struct sv_token *name;
    char condition_first[160], condition_last[160];
    size_t begin, context = parser_token(parser)->begin;
    bool up, by_one;

    parser_next(parser);
    parser_expect(parser, "(");
    parser_accept(parser, "int");
    name = parser_token(parser);
    parser_next(parser);
    parser_expect(parser, "=");
    first = parse_constant(parser);
    parser_expect(parser, ";");
    parser_next(parser);
    up = parser_accept(parser, "<");
    if (!up)
        parser_expect(parser, ">=");
    bound = parse_constant(parser);
    parser_expect(parser, ";");
    parser_next(parser);
    by_one = parser_accept(parser, up ? "++" : "--");
    if (!by_one) {
        parser_expect(parser, "+=");
        parse_constant(parser);
    }
    parser_expect(parser, ")");
    begin = parser_token(parser)->begin;
    parser->depth++;
    parse_statement(parser);
    parser->depth--;
    if (parser->failed || !by_one)
        return;
    snprintf(condition_first, sizeof(condition_first), "%.*s == %.*s", (int)(name->end - name->begin),
             parser->text + name->begin, (int)(first.end - first.begin), parser->text + first.begin);
    snprintf(condition_last, sizeof(condition_last), "%.*s == %.*s%s", (int)(name->end - name->begin),
             parser->text + name->begin, (int)(bound.end - bound.begin), parser->text + bound.begin,
             up ? " - 1" : "");
    parser->context_begin = context;
    note_pass(parser, begin, "first", condition_first);
    note_pass(parser, begin, "last", condition_last);
}

static void parse_case(struct parser *parser)
{
    unsigned depth = parser->depth++;

    parser->context_begin = parser_token(parser)->begin;
    parser_next(parser);
    parser_expect(parser, "(");
    parse_expression(parser);
    parser_expect(parser, ")");
    while (!parser_accept(parser, "endcase") && !parser->failed) {
        parser->context_begin = parser_token(parser)->begin;
        if (!parser_accept(parser, "default")) {
            do
                parse_expression(parser);
            while (parser_accept(parser, ",") && !parser->failed);
        }
        parser_expect(parser, ":");
        parse_statement(parser);
    }
    parser->depth = depth;
}

static void parse_assignment(struct parser *parser)
{
    size_t begin = parser_token(parser)->begin, end;
    struct piece target;
    char *moved, *statement;

    parser->context_begin = begin;
    target = parse_target(parser, &moved);
    if (parser->reset)
        mutant_note_reset(parser, target);
    if (!parser_accept(parser, "<="))
        parser_expect(parser, "=");
    parse_expression(parser);
    parser_expect(parser, ";");
    end = previous_end(parser);
    if (!parser->failed && moved != NULL) {
        if (asprintf(&statement, "%s%.*s", moved, (int)(end - target.end), parser->text + target.end) < 0)
            parser->failed = true;
        else
            mutant_note_statement(parser, MUTATION_index, begin, end, statement, statement);
        if (!parser->failed)
            free(statement);
    }
    /* Without what a combinational signal is first set to there would be a latch, which lint forbids. */
    if (!parser->failed && (parser->depth > 0 || parser->clocked || moved != NULL))
        mutant_note_statement(parser, MUTATION_assignment, begin, end, "", "(left out)");
    free(moved);
}

static void parse_statement(struct parser *parser)
{
    if (parser->failed)
        return;
    if (parser_accept(parser, "begin")) {
        skip_label(parser);
        while (!parser_accept(parser, "end") && !parser->failed)
            parse_statement(parser);
        skip_label(parser);
    } else if (parser_at(parser, "if")) {
        parse_if(parser);
    } else if (parser_at(parser, "for")) {
        parse_for(parser);
    } else if (parser_at(parser, "case")) {
        parse_case(parser);
    } else if (at_declaration(parser)) {
        skip_to_semicolon(parser);
    } else {
        parse_assignment(parser);
    }
}

/* ---- Items of modules and packages ---- */

static void parse_function(struct parser *parser)
{
    char *name;

    parser_next(parser);
    while (!parser->failed &&
           !(parser_token(parser)->kind == SV_NAME && token_is(parser, parser_token(parser) + 1, "("))) {
        if (parser_at(parser, "["))
            skip_brackets(parser);
        else if (parser_token(parser)->kind == SV_END)
            parser_fail(parser, "the function has no name");
        else
            parser_next(parser);
    }
    name = parser_text(parser, parser_token(parser)->begin, parser_token(parser)->end);
    if (name == NULL) {
        parser->failed = true;
        return;
    }
    parser_next(parser);
    skip_brackets(parser);
    parser_expect(parser, ";");
    parser->function = name;
    parser->depth = 0;
    while (!parser_accept(parser, "endfunction") && !parser->failed)
        parse_statement(parser);
    skip_label(parser);
    parser->function = NULL;
    free(name);
}

static void parse_process(struct parser *parser)
{
    parser->clocked = parser_accept(parser, "always_ff");
    if (parser->clocked) {
        parser_expect(parser, "@");
        skip_brackets(parser);
    } else {
        parser_expect(parser, "always_comb");
    }
    parser->depth = 0;
    parse_statement(parser);
    parser->clocked = false;
}

static void parse_assign(struct parser *parser)
{
    char *moved;

    parser->context_begin = parser_token(parser)->begin;
    parser_next(parser);
    parse_target(parser, &moved);
    free(moved);
    parser_expect(parser, "=");
    parse_expression(parser);
    parser_expect(parser, ";");
}

/* Items between begin and end, or one alone. */
static void parse_block(struct parser *parser)
{
    if (!parser_accept(parser, "begin")) {
        parse_item(parser);
        return;
    }
    skip_label(parser);
    while (!parser_accept(parser, "end") && !parser->failed)
        parse_item(parser);
    skip_label(parser);
}

static void parse_generate_if(struct parser *parser)
{
    parser_next(parser);
    skip_brackets(parser);
    parse_block(parser);
    if (parser_accept(parser, "else"))
        parse_block(parser);
}

static bool is_input(const struct parser *parser, const struct sv_token *name)
{
    return name->end - name->begin > 2 && memcmp(parser->text + name->end - 2, "_i", 2) == 0 &&
           !token_is(parser, name, "clk_i") && !token_is(parser, name, "rst_ni");
}

static void parse_connection(struct parser *parser)
{
    size_t begin = parser_token(parser)->begin;
    const struct sv_token *name;

    parser_expect(parser, ".");
    name = parser_token(parser);
    parser_next(parser);
    parser->context_begin = begin;
    parser->context_line = true;
    if (!is_input(parser, name)) {
        if (parser_at(parser, "("))
            skip_brackets(parser);
    } else if (parser_accept(parser, "(")) {
        struct piece piece = parse_expression(parser);

        if (!piece.constant && !parser->failed)
            mutant_note(parser, MUTATION_connection, piece.begin, piece.end, "'0");
        parser_expect(parser, ")");
    } else {
        mutant_note(parser, MUTATION_connection, begin, name->end, "'0");
        if (!parser->failed)
            parser->list->mutants[parser->list->count - 1].connection = true;
    }
    parser->context_line = false;
}

static void parse_instance(struct parser *parser)
{
    parser_next(parser);
    if (parser_accept(parser, "#"))
        skip_brackets(parser);
    parser_next(parser);
    parser_expect(parser, "(");
    do
        parse_connection(parser);
    while (parser_accept(parser, ",") && !parser->failed);
    parser_expect(parser, ")");
    parser_expect(parser, ";");
}

static void parse_item(struct parser *parser)
{
    if (parser->failed)
        return;
    if (at_declaration(parser)) {
        skip_to_semicolon(parser);
    } else if (parser_at(parser, "function")) {
        parse_function(parser);
    } else if (parser_at(parser, "always_ff") || parser_at(parser, "always_comb")) {
        parse_process(parser);
    } else if (parser_at(parser, "assign")) {
        parse_assign(parser);
    } else if (parser_at(parser, "for")) {
        parser_next(parser);
        skip_brackets(parser);
        parse_block(parser);
    } else if (parser_at(parser, "if")) {
        parse_generate_if(parser);
    } else if (parser_token(parser)->kind == SV_NAME) {
        parse_instance(parser);
    } else {
        parser_fail(parser, "neither a declaration nor a process nor an instance");
    }
}

void parse_file(struct parser *parser)
{
    while (parser_token(parser)->kind != SV_END && !parser->failed) {
        bool module = parser_at(parser, "module");
        const char *end = module ? "endmodule" : "endpackage";
        char *name;

        if (!module && !parser_at(parser, "package"))
            parser_fail(parser, "neither a module nor a package");
        parser_next(parser);
        name = parser_text(parser, parser_token(parser)->begin, parser_token(parser)->end);
        if (name == NULL)
            parser->failed = true;
        parser->module = name;
        skip_to_semicolon(parser);
        while (!parser_accept(parser, end) && !parser->failed)
            parse_item(parser);
        skip_label(parser);
        parser->module = NULL;
        free(name);
    }
}
