/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of SystemVerilog, as far as rtl/ uses it. Comments are passed by,
 * and so is what stands between `ifdef and `endif: checkers, not hardware.
 */
#ifndef TWINWALK_SV_LEXER_H
#define TWINWALK_SV_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum sv_kind {
    SV_END,
    SV_NAME,   /* identifiers and keywords */
    SV_SYSTEM, /* $clog2 */
    SV_NUMBER, /* 12, 3'd5, '0 */
    SV_STRING,
    SV_SYMBOL, /* operators and punctuation, the longest that fits */
};

struct sv_token {
    enum sv_kind kind;
    size_t begin, end; /* in the text */
};

struct sv_tokens {
    struct sv_token *tokens; /* the last is SV_END */
    size_t count;
};

/*
 * The tokens of a text of `length` bytes. -1 after a message
 * "path:line:column: reason" on stderr, with nothing to free.
 */
int sv_tokens_read(struct sv_tokens *tokens, const char *path, const char *text, size_t length);
void sv_tokens_free(struct sv_tokens *tokens);

/* Line and column, from 1, of a place in a text. */
void sv_place(const char *text, size_t offset, unsigned *line, unsigned *column);

#endif
