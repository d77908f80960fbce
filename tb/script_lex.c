/* SPDX-License-Identifier: Apache-2.0 */
/* Lines into tokens, and how mistakes are told. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script_parser.h"

static void print_place(const struct script *script, struct script_place place, const char *format,
                        va_list arguments)
{
    fprintf(stderr, "%s:%u:%u: ", script->files[place.file], (unsigned)place.line, (unsigned)place.column);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void script_message(const struct script *script, struct script_place place, const char *format, ...)
{
    va_list arguments;
    if (script->silent)
        return;
    va_start(arguments, format);
    print_place(script, place, format, arguments);
    va_end(arguments);
}

bool script_error(struct script_parser *parser, struct script_place place, const char *format, ...)
{
    parser->errors++;
    if (parser->errors <= SCRIPT_MAX_ERRORS) {
        va_list arguments;
        va_start(arguments, format);
        print_place(parser->script, place, format, arguments);
        va_end(arguments);
    }
    return false;
}

struct script_place script_here(const struct script_parser *parser)
{
    return (struct script_place){.line = parser->line, .column = parser->token->column, .file = parser->file};
}

bool script_grow(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room ? *room * 2 : 64;
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static int digit_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

static int suffix_shift(char c)
{
    switch (c) {
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    default:
        return 0;
    }
}

/* What is wrong with a number, or NULL and its value. */
static const char *number(const char *text, size_t length, uint64_t *value)
{
    unsigned base = 10;
    int shift = 0;
    size_t i = 0;
    if (length > 2 && text[0] == '0' &&
        (text[1] == 'x' || text[1] == 'X' || text[1] == 'b' || text[1] == 'B')) {
        base = text[1] == 'x' || text[1] == 'X' ? 16 : 2;
        i = 2;
    }
    if (length > i + 1)
        shift = suffix_shift(text[length - 1]);
    if (shift)
        length--;
    uint64_t result = 0;
    for (; i < length; i++) {
        if (text[i] == '_')
            continue;
        unsigned digit = (unsigned)digit_value(text[i]);
        if (digit >= base)
            return "not a number";
        if (__builtin_mul_overflow(result, base, &result) || __builtin_add_overflow(result, digit, &result))
            return "number does not fit in 64 bits";
    }
    if (shift && result >> (64 - shift))
        return "number does not fit in 64 bits";
    *value = result << shift;
    return NULL;
}

static size_t mark_length(const char *text, size_t length)
{
    static const char *const doubles[] = {"->", "<<", ">>", "==", "!=", "<=", ">=", "|=", "&="};
    for (size_t i = 0; length > 1 && i < sizeof(doubles) / sizeof(doubles[0]); i++)
        if (memcmp(text, doubles[i], 2) == 0)
            return 2;
    return *text != '\0' && strchr("=<>|&^~!+-*/%(),", *text) ? 1 : 0;
}

bool script_tokenize(struct script_parser *parser, const char *text, size_t length)
{
    struct script_token *token = parser->tokens;
    struct script_place place = {.line = parser->line, .column = 1, .file = parser->file};
    parser->token = token;
    if (length > SCRIPT_MAX_LINE)
        return script_error(parser, place, "line is longer than %d bytes", SCRIPT_MAX_LINE);
    size_t i = 0;
    for (;;) {
        while (i < length && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r'))
            i++;
        if (i == length || text[i] == '#')
            break;
        size_t start = i;
        *token = (struct script_token){.text = text + i, .column = (uint16_t)(i + 1)};
        place.column = token->column;
        if (text[i] == '"') {
            const char *end = memchr(text + i + 1, '"', length - i - 1);
            if (!end)
                return script_error(parser, place, "string without closing quote");
            token->kind = TOKEN_STRING;
            token->text++;
            i = (size_t)(end - text) + 1;
            token->length = (uint32_t)(i - start - 2);
        } else if (is_word(text[i])) {
            while (i < length && is_word(text[i]))
                i++;
            token->length = (uint32_t)(i - start);
            token->kind = TOKEN_NAME;
            if (is_digit(text[start])) {
                token->kind = TOKEN_NUMBER;
                const char *wrong = number(text + start, i - start, &token->value);
                if (wrong)
                    return script_error(parser, place, "%s: %.*s", wrong,
                                        (int)(i - start > 64 ? 64 : i - start), text + start);
            }
        } else {
            token->length = (uint32_t)mark_length(text + i, length - i);
            token->kind = TOKEN_MARK;
            if (token->length == 0)
                return script_error(parser, place, "unexpected character 0x%02x", (unsigned char)text[i]);
            i += token->length;
        }
        if (i - start > SCRIPT_MAX_TOKEN)
            return script_error(parser, place, "longer than %d bytes", SCRIPT_MAX_TOKEN);
        token++;
    }
    *token = (struct script_token){.kind = TOKEN_END, .text = text + i, .column = (uint16_t)(i + 1)};
    return true;
}

bool script_is(const struct script_parser *parser, const char *text)
{
    const struct script_token *token = parser->token;
    return (token->kind == TOKEN_NAME || token->kind == TOKEN_MARK) && strlen(text) == token->length &&
           memcmp(token->text, text, token->length) == 0;
}

bool script_take(struct script_parser *parser, const char *text)
{
    if (!script_is(parser, text))
        return false;
    parser->token++;
    return true;
}

bool script_need(struct script_parser *parser, const char *text)
{
    if (script_take(parser, text))
        return true;
    if (parser->token->kind == TOKEN_END)
        return script_error(parser, script_here(parser), "expected '%s' before the end of the line", text);
    return script_error(parser, script_here(parser), "expected '%s' instead of '%.*s'", text,
                        (int)parser->token->length, parser->token->text);
}
