/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script language (docs/scripts.md), between its parser and its player.
 * A script is a list of statements; blocks are jumps within it. Expressions
 * that do not depend on memory or a loop are folded to numbers while parsing,
 * so that most mistakes are found before the run starts.
 */
#ifndef TWINWALK_SCRIPT_H
#define TWINWALK_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stimulus.h"

enum {
    SCRIPT_MAX_ERRORS = 20,
    SCRIPT_MAX_NESTING = 16,    /* blocks in blocks */
    SCRIPT_MAX_INCLUDES = 8,    /* includes in includes */
    SCRIPT_MAX_FILES = 256,     /* files opened in all */
    SCRIPT_MAX_LINE = 4096,     /* bytes */
    SCRIPT_MAX_FILE = 16 << 20, /* bytes */
    SCRIPT_MAX_STATEMENTS = 1 << 20,
    SCRIPT_MAX_DEPTH = 64,  /* parentheses in an expression */
    SCRIPT_MAX_TOKEN = 256, /* bytes of a name, number or string */
};

#define SCRIPT_NO_PAGING  (1ull << 63) /* cr0: "nopg", taken out again before the write */
#define SCRIPT_MAX_REPEAT 1000000000ull
/* Statements that may be played in one cycle before the script is taken for a runaway. */
#define SCRIPT_MAX_AT_ONCE 10000000ull

struct script_place {
    uint32_t line;
    uint16_t column;
    uint16_t file;
};

/* An expression: index into script.nodes, or -1 when left out. */
typedef int32_t script_expr;

enum script_node_kind {
    NODE_NUMBER,   /* value */
    NODE_VARIABLE, /* a: slot */
    NODE_UNARY,    /* op: '-', '~', '!' */
    NODE_BINARY,   /* op: enum script_operator */
    NODE_MEMORY,   /* mem(a) */
    NODE_ENTRY,    /* pte(a) .. pml5e(a): value is the level */
};

enum script_operator {
    OPERATOR_OR,
    OPERATOR_XOR,
    OPERATOR_AND,
    OPERATOR_EQ,
    OPERATOR_NE,
    OPERATOR_LT,
    OPERATOR_LE,
    OPERATOR_GT,
    OPERATOR_GE,
    OPERATOR_SHL,
    OPERATOR_SHR,
    OPERATOR_ADD,
    OPERATOR_SUB,
    OPERATOR_MUL,
    OPERATOR_DIV,
    OPERATOR_MOD,
};

struct script_node {
    uint64_t value;
    script_expr a, b;
    uint8_t kind;
    uint8_t op;
};

enum script_statement_kind {
    STATEMENT_LET,    /* slot = ARG_VALUE */
    STATEMENT_REPEAT, /* ARG_VALUE times; slot counts, or -1; jump: index of the END */
    STATEMENT_END,    /* jump: index of the REPEAT or IF */
    STATEMENT_IF,     /* ARG_VALUE; jump: index of the END */
    STATEMENT_STORE,  /* memory word; op: '=', '|' or '&' */
    STATEMENT_MAP,
    STATEMENT_TABLES, /* ARG_ADDRESS .. ARG_VALUE */
    STATEMENT_POISON,
    STATEMENT_AC,
    STATEMENT_ACCESS, /* attr */
    STATEMENT_OP,     /* op: enum mmu_op */
    STATEMENT_WAIT,
    STATEMENT_AT, /* until cycle ARG_VALUE */
    STATEMENT_DRAIN,
    STATEMENT_EXPECT_MEMORY,
};

/* Arguments of a statement; which ones mean something depends on its kind. */
enum script_argument {
    ARG_ADDRESS, /* VA of an access, map, invlpg and invpcid; PA elsewhere */
    ARG_VALUE,
    ARG_SIZE,
    ARG_PCID = ARG_SIZE,
    ARG_MASK = ARG_SIZE,
    ARG_ROOT,
    ARG_PA = ARG_ROOT, /* expected */
    ARG_LEVELS,
    ARG_PAT = ARG_LEVELS,
    ARG_KEY,
    ARG_CODE = ARG_KEY,
    ARG_PORT,
    ARG_CYCLES_MIN,
    ARG_CYCLES_MAX,
    ARG_COUNT
};

enum script_expectation {
    EXPECT_ANY,
    EXPECT_OK,    /* a translation, with pa, size, pat, source as given */
    EXPECT_FAULT, /* any fault */
    EXPECT_PF,
    EXPECT_GP,
    EXPECT_MC,
};

/* Beside enum answer_source, what an answer's source may be expected to be: the L1 or the L2 TLB. */
enum { SCRIPT_SOURCE_HIT = SOURCE_WALK + 1 };

struct script_statement {
    struct script_place place;
    uint64_t leaf_bits; /* map */
    script_expr arg[ARG_COUNT];
    uint32_t jump;
    int32_t slot;
    uint8_t kind;
    uint8_t op;
    uint8_t attr;
    uint8_t expect; /* enum script_expectation */
    int8_t source;  /* enum answer_source expected, SCRIPT_SOURCE_HIT, or -1 */
    bool async;
};

struct script {
    const struct mmu_params *params;
    char **files; /* names */
    struct script_statement *statements;
    struct script_node *nodes;
    size_t file_count, statement_count, node_count;
    size_t statement_room, node_room;
    int32_t slots; /* variables */
    bool silent;   /* nothing is said of failed expectations */
};

/* Which names beyond the variables an expression may use. */
enum script_names {
    NAMES_NONE,
    NAMES_CR0,
    NAMES_CR3,
    NAMES_CR4,
    NAMES_EFER,
    NAMES_PKRU,
    NAMES_PKRS,
    NAMES_ENTRY,
    NAMES_ERROR_CODE,
    NAMES_INVPCID,
};

/*
 * Reads a script with all its includes. Every mistake (up to
 * SCRIPT_MAX_ERRORS) is told on stderr as file:line:column: what is wrong;
 * NULL then.
 */
struct script *script_parse(const char *path, const struct mmu_params *params);
void script_free(struct script *script);

/*
 * Why a statement cannot be played with these values of its arguments (those
 * with `known` set), or NULL.
 */
const char *script_check(const struct script *script, const struct script_statement *statement,
                         const uint64_t value[ARG_COUNT], const bool known[ARG_COUNT]);

/* What expressions read when they are evaluated. */
struct script_scope {
    const uint64_t *variables;
    const struct phys_mem *phys;
    uint64_t root;
    unsigned levels;
    const char *error; /* set on a failure: division by zero, no such entry, ... */
};

/* The value of an expression; 0 with scope->error set when it has none. */
uint64_t script_evaluate(const struct script *script, script_expr expr, struct script_scope *scope);

/* "file:line:column: " and the message on stderr. */
void script_message(const struct script *script, struct script_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
