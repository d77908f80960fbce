/* SPDX-License-Identifier: Apache-2.0 */
#include "sv_lexer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lexer {
    const char *path, *text;
    size_t length, at;
    unsigned hidden; /* depth of `ifdef */
    struct sv_tokens *tokens;
    size_t room;
};

void sv_place(const char *text, size_t offset, unsigned *line, unsigned *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset; i++) {
        ++*column;
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        }
    }
}

static int complain(const struct lexer *lexer, const char *what)
{
    unsigned line, column;

    sv_place(lexer->text, lexer->at, &line, &column);
    fprintf(stderr, "%s:%u:%u: %s\n", lexer->path, line, column, what);
    return -1;
}

static char peek(const struct lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->length ? lexer->text[lexer->at + ahead] : '\0';
}

static bool starts_with(const struct lexer *lexer, const char *word)
{
    size_t length = strlen(word);

    return lexer->length - lexer->at >= length && memcmp(lexer->text + lexer->at, word, length) == 0;
}

static bool of_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static int add(struct lexer *lexer, enum sv_kind kind, size_t end)
{
    struct sv_tokens *tokens = lexer->tokens;

    if (lexer->hidden > 0 && kind != SV_END) {
        lexer->at = end;
        return 0;
    }
    if (tokens->count == lexer->room) {
        size_t room = lexer->room > 0 ? 2 * lexer->room : 1024;
        struct sv_token *grown = realloc(tokens->tokens, room * sizeof(*grown));

        if (grown == NULL)
            return complain(lexer, "out of memory");
        tokens->tokens = grown;
        lexer->room = room;
    }
    tokens->tokens[tokens->count++] = (struct sv_token){.kind = kind, .begin = lexer->at, .end = end};
    lexer->at = end;
    return 0;
}

/* Spaces, comments and directives; -1: a comment or an `ifdef has no end. */
static int skip(struct lexer *lexer)
{
    for (;;) {
        if (isspace((unsigned char)peek(lexer, 0))) {
            lexer->at++;
        } else if (starts_with(lexer, "//")) {
            while (lexer->at < lexer->length && peek(lexer, 0) != '\n')
                lexer->at++;
        } else if (starts_with(lexer, "/*")) {
            const char *end = strstr(lexer->text + lexer->at, "*/");

            if (end == NULL)
                return complain(lexer, "the comment has no end");
            lexer->at = (size_t)(end - lexer->text) + 2;
        } else if (starts_with(lexer, "`ifdef") || starts_with(lexer, "`ifndef")) {
            lexer->hidden++;
            lexer->at += 6;
        } else if (starts_with(lexer, "`endif")) {
            if (lexer->hidden == 0)
                return complain(lexer, "`endif without an `ifdef");
            lexer->hidden--;
            lexer->at += 6;
        } else if (peek(lexer, 0) == '`' && lexer->hidden == 0) {
            return complain(lexer, "of directives only `ifdef and `endif are known here");
        } else {
            return 0;
        }
    }
}

/* A number from its digits or its apostrophe on. */
static size_t number_end(const struct lexer *lexer)
{
    size_t ahead = 0;

    while (isdigit((unsigned char)peek(lexer, ahead)) || peek(lexer, ahead) == '_')
        ahead++;
    if (peek(lexer, ahead) == '\'' && isalnum((unsigned char)peek(lexer, ahead + 1))) {
        ahead += 2;
        while (isxdigit((unsigned char)peek(lexer, ahead)) || peek(lexer, ahead) == '_')
            ahead++;
    }
    return lexer->at + ahead;
}

static int read_token(struct lexer *lexer)
{
    static const char *const symbols[] = {"<<<", ">>>", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
                                          "+:",  "-:",  "::", "++", "--", "+=", "-=", "##", "~&", "~|"};
    char c = peek(lexer, 0);
    size_t ahead = 1;

    if (isalpha((unsigned char)c) || c == '_' || c == '$') {
        while (of_word(peek(lexer, ahead)))
            ahead++;
        return add(lexer, c == '$' ? SV_SYSTEM : SV_NAME, lexer->at + ahead);
    }
    if (isdigit((unsigned char)c) || (c == '\'' && isdigit((unsigned char)peek(lexer, 1))))
        return add(lexer, SV_NUMBER, number_end(lexer));
    if (c == '"') {
        while (peek(lexer, ahead) != '"' && peek(lexer, ahead) != '\0')
            ahead++;
        return peek(lexer, ahead) == '\0' ? complain(lexer, "the string has no end")
                                          : add(lexer, SV_STRING, lexer->at + ahead + 1);
    }
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
        if (starts_with(lexer, symbols[i]))
            return add(lexer, SV_SYMBOL, lexer->at + strlen(symbols[i]));
    return ispunct((unsigned char)c) ? add(lexer, SV_SYMBOL, lexer->at + 1)
                                     : complain(lexer, "not a character of SystemVerilog");
}

int sv_tokens_read(struct sv_tokens *tokens, const char *path, const char *text, size_t length)
{
    struct lexer lexer = {.path = path, .text = text, .length = length, .tokens = tokens};
    int failed;

    *tokens = (struct sv_tokens){0};
    while (!(failed = skip(&lexer)) && lexer.at < length)
        if ((failed = read_token(&lexer)))
            break;
    if (!failed && lexer.hidden > 0)
        failed = complain(&lexer, "`ifdef without an `endif");
    if (!failed)
        failed = add(&lexer, SV_END, length);
    if (failed)
        sv_tokens_free(tokens);
    return failed;
}

void sv_tokens_free(struct sv_tokens *tokens)
{
    free(tokens->tokens);
    *tokens = (struct sv_tokens){0};
}
