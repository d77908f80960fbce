/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions and their mutants. What is known at elaboration, such as a size
 * or a condition on parameters alone, stays as it is: it would be another
 * design, not another behaviour of this one.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutant_parser.h"

enum { MAX_SELECTS = 4, MAX_PARTS = 64 };

static struct piece parse_ternary(struct parser *parser);

struct piece parse_constant(struct parser *parser)
{
    size_t count = parser->list->count;
    struct piece piece = parse_ternary(parser);

    mutant_take_back(parser, count);
    return piece;
}

#define PIECE(parser, piece)   (int)((piece).end - (piece).begin), (parser)->text + (piece).begin
#define SPAN(parser, from, to) (int)((to) - (from)), (parser)->text + (from)

/* ---- Constants ---- */

/* Size and value of 3'd5 or 12; false: another form. */
static bool number_value(const char *text, unsigned *width, uint64_t *value)
{
    char digits[80], *rest, *apostrophe;
    size_t used = 0;
    int base = 10;

    for (; *text != '\0' && used + 1 < sizeof(digits); text++)
        if (*text != '_')
            digits[used++] = *text;
    digits[used] = '\0';
    apostrophe = strchr(digits, '\'');
    *width = 0;
    if (apostrophe != NULL) {
        *width = (unsigned)strtoul(digits, NULL, 10);
        base = apostrophe[1] == 'd' ? 10 : apostrophe[1] == 'h' ? 16 : apostrophe[1] == 'b' ? 2 : 0;
        if (*width == 0 || *width > 64 || base == 0)
            return false;
    }
    *value = strtoull(apostrophe != NULL ? apostrophe + 2 : digits, &rest, base);
    return *rest == '\0';
}

static struct piece parse_number(struct parser *parser)
{
    const struct sv_token *token = parser_token(parser);
    struct piece piece = {.begin = token->begin, .end = token->end, .constant = true, .name = true};
    char *text = parser_text(parser, piece.begin, piece.end);
    unsigned width;
    uint64_t value;

    parser_next(parser);
    if (text == NULL)
        return piece;
    if (strcmp(text, "'0") == 0) {
        mutant_note(parser, MUTATION_constant, piece.begin, piece.end, "'1");
    } else if (strcmp(text, "'1") == 0) {
        mutant_note(parser, MUTATION_constant, piece.begin, piece.end, "'0");
    } else if (number_value(text, &width, &value)) {
        piece.zero = value == 0;
        value = width > 0 && width < 64 ? (value + 1) & ((1ull << width) - 1) : value + 1;
        if (width == 0)
            mutant_note(parser, MUTATION_constant, piece.begin, piece.end, "%llu", (unsigned long long)value);
        else
            mutant_note(parser, MUTATION_constant, piece.begin, piece.end, "%u'd%llu", width,
                        (unsigned long long)value);
    }
    free(text);
    return piece;
}

static void note_named_constant(struct parser *parser, struct piece *piece, const struct sv_token *last)
{
    const struct sv_constants *constants = parser->constants;
    bool is_int = false;

    for (size_t i = 0; i < constants->count; i++) {
        const struct sv_constant *constant = &constants->constants[i];

        if (strlen(constant->name) == last->end - last->begin &&
            memcmp(constant->name, parser->text + last->begin, last->end - last->begin) == 0) {
            is_int = constant->is_int;
            piece->zero = constant->is_zero;
        }
    }
    mutant_note(parser, MUTATION_constant, piece->begin, piece->end, is_int ? "%.*s + 1" : "%.*s ^ 1'b1",
                PIECE(parser, *piece));
}

/* ---- Indices ---- */

/* [index], [index+:width] or [high:low], and the same off by one. */
struct bits {
    size_t begin, end;
    char *moved;
};

static struct bits parse_bits(struct parser *parser)
{
    struct bits bits = {.begin = parser_token(parser)->begin};
    size_t count = parser->list->count;
    struct piece first, second;
    int failed = 0;

    parser_expect(parser, "[");
    first = parse_ternary(parser);
    if (first.constant)
        mutant_take_back(parser, count);
    if (parser_accept(parser, "+:")) {
        second = parse_constant(parser);
        failed = asprintf(&bits.moved, "[(%.*s) %c 1+:%.*s]", PIECE(parser, first),
                          first.constant && !first.zero ? '-' : '+', PIECE(parser, second));
    } else if (parser_accept(parser, ":")) {
        char sign;

        second = parse_constant(parser);
        sign = second.zero ? '+' : '-';
        failed = asprintf(&bits.moved, "[%.*s %c 1:%.*s %c 1]", PIECE(parser, first), sign,
                          PIECE(parser, second), sign);
    } else {
        failed = asprintf(&bits.moved, "[%.*s %c 1]", PIECE(parser, first),
                          first.constant && !first.zero ? '-' : '+');
    }
    if (failed < 0) {
        bits.moved = NULL;
        parser->failed = true;
    }
    bits.end = parser_token(parser)->end;
    parser_expect(parser, "]");
    return bits;
}

static size_t parse_selects(struct parser *parser, struct bits bits[MAX_SELECTS])
{
    size_t selects = 0;

    while (parser_at(parser, "[") && !parser->failed) {
        if (selects == MAX_SELECTS)
            parser_fail(parser, "too many indices");
        else
            bits[selects++] = parse_bits(parser);
    }
    return selects;
}

static void note_moved(struct parser *parser, struct piece *piece)
{
    struct bits bits[MAX_SELECTS];
    size_t selects = parse_selects(parser, bits);

    for (size_t i = 0; i < selects; i++) {
        if (!parser->failed)
            mutant_note(parser, MUTATION_index, piece->begin, bits[selects - 1].end, "%.*s%s%.*s",
                        SPAN(parser, piece->begin, bits[i].begin), bits[i].moved,
                        SPAN(parser, bits[i].end, bits[selects - 1].end));
        free(bits[i].moved);
    }
    if (selects > 0)
        piece->end = bits[selects - 1].end;
}

/* NAME or PACKAGE::NAME; returns the last token of it. */
static const struct sv_token *parse_name(struct parser *parser)
{
    const struct sv_token *last = parser_token(parser);

    if (last->kind != SV_NAME)
        parser_fail(parser, "a name is missing here");
    parser_next(parser);
    while (parser_accept(parser, "::")) {
        last = parser_token(parser);
        parser_next(parser);
    }
    return last;
}

struct piece parse_target(struct parser *parser, char **moved)
{
    size_t count = parser->list->count, selects;
    struct piece piece = {.begin = parser_token(parser)->begin};
    struct bits bits[MAX_SELECTS];

    *moved = NULL;
    piece.end = parse_name(parser)->end;
    selects = parse_selects(parser, bits);
    mutant_take_back(parser, count);
    /* Of several indices the first: the element of an array. */
    for (size_t i = 0; i < selects; i++) {
        if (i == 0 && !parser->failed &&
            asprintf(moved, "%.*s%s%.*s", SPAN(parser, piece.begin, bits[0].begin), bits[0].moved,
                     SPAN(parser, bits[0].end, bits[selects - 1].end)) < 0) {
            *moved = NULL;
            parser->failed = true;
        }
        free(bits[i].moved);
    }
    if (selects > 0)
        piece.end = bits[selects - 1].end;
    return piece;
}

/* ---- Operands ---- */

static struct piece parse_arguments(struct parser *parser, size_t begin)
{
    struct piece piece = {.begin = begin, .constant = true};

    parser_expect(parser, "(");
    if (!parser_at(parser, ")")) {
        do
            piece.constant &= parse_ternary(parser).constant;
        while (parser_accept(parser, ",") && !parser->failed);
    }
    piece.end = parser_token(parser)->end;
    parser_expect(parser, ")");
    return piece;
}

static struct piece parse_named(struct parser *parser)
{
    const struct sv_token *last;
    struct piece piece = {.begin = parser_token(parser)->begin};

    last = parse_name(parser);
    piece.end = last->end;
    if (parser_at(parser, "(")) {
        piece = parse_arguments(parser, piece.begin);
        piece.constant = false;
    } else if (isupper((unsigned char)parser->text[last->begin])) {
        piece.constant = piece.name = true;
        note_named_constant(parser, &piece, last);
    } else {
        note_moved(parser, &piece);
    }
    return piece;
}

/* {a, b} or {N{a, b}} */
static struct piece parse_concatenation(struct parser *parser)
{
    struct piece parts[MAX_PARTS], piece = {.begin = parser_token(parser)->begin, .constant = true};
    size_t count = 0, noted = parser->list->count;

    parser_expect(parser, "{");
    do {
        if (count == MAX_PARTS) {
            parser_fail(parser, "too many parts");
            break;
        }
        parts[count] = parse_ternary(parser);
        piece.constant &= parts[count].constant;
        count++;
    } while (parser_accept(parser, ",") && !parser->failed);
    if (count == 1 && parser_at(parser, "{")) {
        mutant_take_back(parser, noted);
        piece.constant = parse_concatenation(parser).constant;
    }
    piece.end = parser_token(parser)->end;
    parser_expect(parser, "}");
    for (size_t i = 0; i + 1 < count && !parser->failed; i++) {
        struct piece a = parts[i], b = parts[i + 1];

        if (a.end - a.begin == b.end - b.begin &&
            memcmp(parser->text + a.begin, parser->text + b.begin, a.end - a.begin) == 0)
            continue;
        mutant_note(parser, MUTATION_select, piece.begin, piece.end, "%.*s%.*s%.*s%.*s%.*s",
                    SPAN(parser, piece.begin, a.begin), PIECE(parser, b), SPAN(parser, a.end, b.begin),
                    PIECE(parser, a), SPAN(parser, b.end, piece.end));
    }
    return piece;
}

static struct piece parse_primary(struct parser *parser)
{
    const struct sv_token *token = parser_token(parser);
    size_t noted = parser->list->count;
    struct piece piece = {.begin = token->begin, .end = token->end};

    if (token->kind == SV_NUMBER) {
        piece = parse_number(parser);
    } else if (token->kind == SV_NAME) {
        piece = parse_named(parser);
    } else if (token->kind == SV_SYSTEM) {
        parser_next(parser);
        piece = parse_arguments(parser, token->begin);
    } else if (parser_at(parser, "{")) {
        piece = parse_concatenation(parser);
    } else if (parser_accept(parser, "(")) {
        struct piece inner = parse_ternary(parser);

        piece.constant = inner.constant;
        piece.compared = inner.compared;
        piece.end = parser_token(parser)->end;
        parser_expect(parser, ")");
    } else {
        parser_fail(parser, "an expression is missing here");
    }
    if (parser_accept(parser, "'")) {
        struct piece inner;

        mutant_take_back(parser, noted);
        parser_expect(parser, "(");
        inner = parse_ternary(parser);
        piece = (struct piece){
            .begin = piece.begin, .end = parser_token(parser)->end, .constant = inner.constant};
        parser_expect(parser, ")");
    }
    return piece;
}

static struct piece parse_unary(struct parser *parser)
{
    static const char *const operators[] = {"!", "~", "&", "|", "^", "-", "+"};
    size_t begin = parser_token(parser)->begin;

    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        struct piece operand, piece;
        char c = operators[i][0];

        if (!parser_accept(parser, operators[i]))
            continue;
        operand = parse_unary(parser);
        piece = operand;
        piece.begin = begin;
        piece.name = piece.zero = false;
        piece.compared = c == '!' || c == '&' || c == '|' || c == '^';
        if (parser->failed || operand.constant)
            return piece;
        if (c == '!' || c == '~')
            mutant_note(parser, MUTATION_operator, begin, piece.end, "%.*s", PIECE(parser, operand));
        else if (c == '&' || c == '|')
            mutant_note(parser, MUTATION_operator, begin, piece.end, "%c%.*s", c == '&' ? '|' : '&',
                        PIECE(parser, operand));
        return piece;
    }
    return parse_primary(parser);
}

/* ---- Operators ---- */

struct binary {
    const char *symbol;
    const char *others[2]; /* that take its place */
    unsigned binds;        /* 1: the loosest */
    bool compared, terms;  /* terms: an operand can be left out */
};

static const struct binary operators[] = {
    {"||", {"&&"}, 1, true, true},      {"&&", {"||"}, 2, true, true},
    {"|", {"&"}, 3, false, true},       {"^", {"|"}, 4, false, false},
    {"&", {"|"}, 5, false, true},       {"==", {"!="}, 6, true, false},
    {"!=", {"=="}, 6, true, false},     {"<", {"<=", ">="}, 7, true, false},
    {"<=", {"<", ">"}, 7, true, false}, {">", {">=", "<="}, 7, true, false},
    {">=", {">", "<"}, 7, true, false}, {"<<", {">>"}, 8, false, false},
    {">>", {"<<"}, 8, false, false},    {"+", {"-"}, 9, false, true},
    {"-", {"+"}, 9, false, false},      {"*", {NULL}, 10, false, false},
};

static void note_operator(struct parser *parser, const struct binary *op, struct piece a, struct piece b)
{
    enum mutation left_out = op->compared ? MUTATION_condition : MUTATION_operator;

    for (unsigned i = 0; i < 2 && op->others[i] != NULL; i++)
        mutant_note(parser, MUTATION_operator, a.begin, b.end, "%.*s %s %.*s", PIECE(parser, a),
                    op->others[i], PIECE(parser, b));
    if (op->terms && !b.constant)
        mutant_note(parser, left_out, a.begin, b.end, "%.*s", PIECE(parser, b));
    if (op->terms && !a.constant)
        mutant_note(parser, left_out, a.begin, b.end, "%.*s", PIECE(parser, a));
}

static struct piece parse_binary(struct parser *parser, unsigned least)
{
    size_t noted = parser->list->count;
    struct piece a = parse_unary(parser);

    while (!parser->failed) {
        const struct binary *op = NULL;
        struct piece b;

        for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
            if (operators[i].binds >= least && parser_at(parser, operators[i].symbol))
                op = &operators[i];
        if (op == NULL)
            break;
        parser_next(parser);
        b = parse_binary(parser, op->binds + 1);
        if (parser->failed)
            break;
        if (a.constant && b.constant) {
            mutant_take_back(parser, noted);
            if (!op->compared)
                mutant_note(parser, MUTATION_constant, a.begin, b.end, "%.*s + 1",
                            SPAN(parser, a.begin, b.end));
        } else {
            note_operator(parser, op, a, b);
        }
        a = (struct piece){
            .begin = a.begin, .end = b.end, .constant = a.constant && b.constant, .compared = op->compared};
    }
    return a;
}

static struct piece parse_ternary(struct parser *parser)
{
    size_t noted = parser->list->count;
    struct piece condition = parse_binary(parser, 1), a, b, piece;

    if (parser->failed || !parser_accept(parser, "?"))
        return condition;
    if (condition.constant)
        mutant_take_back(parser, noted);
    a = parse_ternary(parser);
    parser_expect(parser, ":");
    b = parse_ternary(parser);
    piece = (struct piece){
        .begin = condition.begin, .end = b.end, .constant = condition.constant && a.constant && b.constant};
    if (piece.constant)
        mutant_take_back(parser, noted);
    if (parser->failed || condition.constant)
        return piece;
    mutant_note(parser, MUTATION_select, piece.begin, piece.end, "%.*s ? %.*s : %.*s",
                PIECE(parser, condition), PIECE(parser, b), PIECE(parser, a));
    mutant_note(parser, MUTATION_select, piece.begin, piece.end, "%.*s", PIECE(parser, a));
    mutant_note(parser, MUTATION_select, piece.begin, piece.end, "%.*s", PIECE(parser, b));
    return piece;
}

struct piece parse_expression(struct parser *parser)
{
    return parse_ternary(parser);
}
