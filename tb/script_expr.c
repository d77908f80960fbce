/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: reading, folding and evaluating them. */
#include <stdlib.h>
#include <string.h>

#include "script_parser.h"
#include "table_builder.h"

enum { MAX_NAMES = 4096, LOWEST_PRECEDENCE = 1, HIGHEST_PRECEDENCE = 7 };

struct binary {
    const char *mark;
    uint8_t op;
    uint8_t precedence;
};

static const struct binary binaries[] = {
    {"==", OPERATOR_EQ, 1}, {"!=", OPERATOR_NE, 1},  {"<=", OPERATOR_LE, 1},  {">=", OPERATOR_GE, 1},
    {"<", OPERATOR_LT, 1},  {">", OPERATOR_GT, 1},   {"|", OPERATOR_OR, 2},   {"^", OPERATOR_XOR, 3},
    {"&", OPERATOR_AND, 4}, {"<<", OPERATOR_SHL, 5}, {">>", OPERATOR_SHR, 5}, {"+", OPERATOR_ADD, 6},
    {"-", OPERATOR_SUB, 6}, {"*", OPERATOR_MUL, 7},  {"/", OPERATOR_DIV, 7},  {"%", OPERATOR_MOD, 7},
};

static const char *const walk_functions[] = {"pte", "pde", "pdpte", "pml4e", "pml5e"};

bool script_constant(const struct script *script, script_expr expr, uint64_t *value)
{
    if (expr < 0 || script->nodes[expr].kind != NODE_NUMBER)
        return false;
    *value = script->nodes[expr].value;
    return true;
}

static uint64_t apply(enum script_operator op, uint64_t a, uint64_t b, const char **error)
{
    switch (op) {
    case OPERATOR_OR:
        return a | b;
    case OPERATOR_XOR:
        return a ^ b;
    case OPERATOR_AND:
        return a & b;
    case OPERATOR_EQ:
        return a == b;
    case OPERATOR_NE:
        return a != b;
    case OPERATOR_LT:
        return a < b;
    case OPERATOR_LE:
        return a <= b;
    case OPERATOR_GT:
        return a > b;
    case OPERATOR_GE:
        return a >= b;
    case OPERATOR_SHL:
        return b < 64 ? a << b : 0;
    case OPERATOR_SHR:
        return b < 64 ? a >> b : 0;
    case OPERATOR_ADD:
        return a + b;
    case OPERATOR_SUB:
        return a - b;
    case OPERATOR_MUL:
        return a * b;
    case OPERATOR_DIV:
    case OPERATOR_MOD:
        if (b == 0) {
            *error = "division by zero";
            return 0;
        }
        return op == OPERATOR_DIV ? a / b : a % b;
    }
    return 0;
}

static uint64_t apply_unary(char op, uint64_t a)
{
    return op == '-' ? 0 - a : op == '~' ? ~a : !a;
}

static bool add_node(struct script_parser *parser, struct script_node node, script_expr *expr)
{
    struct script *script = parser->script;
    if (!script_grow((void **)&script->nodes, script->node_count, &script->node_room, sizeof(node))) {
        parser->full = true;
        return script_error(parser, script_here(parser), "out of memory");
    }
    *expr = (script_expr)script->node_count;
    script->nodes[script->node_count++] = node;
    return true;
}

bool script_define(struct script_parser *parser, uint64_t value, int32_t slot)
{
    const struct script_token *token = parser->token;
    if (token->kind != TOKEN_NAME)
        return script_error(parser, script_here(parser), "expected a name");
    for (size_t i = 0; i < parser->name_count; i++)
        if (strlen(parser->names[i].text) == token->length &&
            memcmp(parser->names[i].text, token->text, token->length) == 0)
            return script_error(parser, script_here(parser), "'%s' is already defined in line %u",
                                parser->names[i].text, (unsigned)parser->names[i].line);
    if (parser->name_count == MAX_NAMES)
        return script_error(parser, script_here(parser), "more than %d names", MAX_NAMES);
    char *text = strndup(token->text, token->length);
    if (!text || !script_grow((void **)&parser->names, parser->name_count, &parser->name_room,
                              sizeof(*parser->names))) {
        free(text);
        parser->full = true;
        return script_error(parser, script_here(parser), "out of memory");
    }
    parser->names[parser->name_count++] =
        (struct script_name){.text = text, .value = value, .slot = slot, .line = parser->line};
    parser->token++;
    return true;
}

struct expression_context {
    struct script_parser *parser;
    enum script_names names;
    unsigned depth;
};

static bool binary_level(struct expression_context *context, unsigned precedence, script_expr *expr);

static bool parenthesised(struct expression_context *context, script_expr *expr)
{
    return script_need(context->parser, "(") && binary_level(context, LOWEST_PRECEDENCE, expr) &&
           script_need(context->parser, ")");
}

static bool named(struct expression_context *context, script_expr *expr)
{
    struct script_parser *parser = context->parser;
    const struct script_token *token = parser->token;
    for (size_t i = 0; i < parser->name_count; i++) {
        const struct script_name *name = &parser->names[i];
        if (strlen(name->text) == token->length && memcmp(name->text, token->text, token->length) == 0) {
            parser->token++;
            if (name->slot < 0)
                return add_node(parser, (struct script_node){.kind = NODE_NUMBER, .value = name->value},
                                expr);
            return add_node(parser, (struct script_node){.kind = NODE_VARIABLE, .a = name->slot}, expr);
        }
    }
    uint64_t value;
    if (script_predefined(context->names, parser->script->params, token->text, token->length, &value)) {
        parser->token++;
        return add_node(parser, (struct script_node){.kind = NODE_NUMBER, .value = value}, expr);
    }
    script_expr operand = -1;
    if (script_take(parser, "mem"))
        return parenthesised(context, &operand) &&
               add_node(parser, (struct script_node){.kind = NODE_MEMORY, .a = operand}, expr);
    for (unsigned level = 1; level <= 5; level++)
        if (script_take(parser, walk_functions[level - 1]))
            return parenthesised(context, &operand) &&
                   add_node(parser, (struct script_node){.kind = NODE_ENTRY, .a = operand, .value = level},
                            expr);
    return script_error(parser, script_here(parser), "'%.*s' is not defined", (int)token->length,
                        token->text);
}

static bool unary_level(struct expression_context *context, script_expr *expr)
{
    struct script_parser *parser = context->parser;
    const struct script_token *token = parser->token;
    if (context->depth == SCRIPT_MAX_DEPTH)
        return script_error(parser, script_here(parser), "expression nests deeper than %d", SCRIPT_MAX_DEPTH);
    context->depth++;
    bool done = false;
    if (script_is(parser, "-") || script_is(parser, "~") || script_is(parser, "!")) {
        script_expr operand = -1;
        char op = *token->text;
        uint64_t value;
        parser->token++;
        if (unary_level(context, &operand)) {
            if (script_constant(parser->script, operand, &value))
                done = add_node(
                    parser, (struct script_node){.kind = NODE_NUMBER, .value = apply_unary(op, value)}, expr);
            else
                done = add_node(
                    parser, (struct script_node){.kind = NODE_UNARY, .op = (uint8_t)op, .a = operand}, expr);
        }
    } else if (script_is(parser, "(")) {
        done = parenthesised(context, expr);
    } else if (token->kind == TOKEN_NUMBER) {
        parser->token++;
        done = add_node(parser, (struct script_node){.kind = NODE_NUMBER, .value = token->value}, expr);
    } else if (token->kind == TOKEN_NAME) {
        done = named(context, expr);
    } else if (token->kind == TOKEN_END) {
        script_error(parser, script_here(parser), "expected a value before the end of the line");
    } else {
        script_error(parser, script_here(parser), "expected a value instead of '%.*s'", (int)token->length,
                     token->text);
    }
    context->depth--;
    return done;
}

static const struct binary *binary_here(const struct script_parser *parser, unsigned precedence)
{
    for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++)
        if (binaries[i].precedence == precedence && script_is(parser, binaries[i].mark))
            return &binaries[i];
    return NULL;
}

static bool binary_level(struct expression_context *context, unsigned precedence, script_expr *expr)
{
    struct script_parser *parser = context->parser;
    if (precedence > HIGHEST_PRECEDENCE)
        return unary_level(context, expr);
    if (!binary_level(context, precedence + 1, expr))
        return false;
    const struct binary *binary;
    while ((binary = binary_here(parser, precedence)) != NULL) {
        struct script_place place = script_here(parser);
        script_expr right = -1;
        parser->token++;
        if (!binary_level(context, precedence + 1, &right))
            return false;
        uint64_t a, b;
        struct script_node node = {.kind = NODE_BINARY, .op = binary->op, .a = *expr, .b = right};
        if (script_constant(parser->script, *expr, &a) && script_constant(parser->script, right, &b)) {
            const char *error = NULL;
            node = (struct script_node){.kind = NODE_NUMBER, .value = apply(binary->op, a, b, &error)};
            if (error)
                return script_error(parser, place, "%s", error);
        }
        if (!add_node(parser, node, expr))
            return false;
    }
    return true;
}

bool script_expression(struct script_parser *parser, enum script_names names, script_expr *expr)
{
    struct expression_context context = {.parser = parser, .names = names};
    return binary_level(&context, LOWEST_PRECEDENCE, expr);
}

uint64_t script_evaluate(const struct script *script, script_expr expr, struct script_scope *scope)
{
    const struct script_node *node = &script->nodes[expr];
    switch ((enum script_node_kind)node->kind) {
    case NODE_NUMBER:
        return node->value;
    case NODE_VARIABLE:
        return scope->variables[node->a];
    case NODE_UNARY:
        return apply_unary((char)node->op, script_evaluate(script, node->a, scope));
    case NODE_BINARY: {
        uint64_t a = script_evaluate(script, node->a, scope);
        uint64_t b = script_evaluate(script, node->b, scope);
        return apply(node->op, a, b, &scope->error);
    }
    case NODE_MEMORY: {
        uint64_t address = script_evaluate(script, node->a, scope);
        if (scope->error)
            return 0;
        if (address & 7 || address >> 52) {
            scope->error = "mem() of an address that is not 8-byte aligned or not below 2^52";
            return 0;
        }
        return phys_mem_read64(scope->phys, address);
    }
    case NODE_ENTRY: {
        uint64_t va = script_evaluate(script, node->a, scope);
        if (scope->error)
            return 0;
        if (node->value > scope->levels) {
            scope->error = "pml5e() with 4-level paging";
            return 0;
        }
        uint64_t address =
            table_builder_entry(scope->phys, scope->root, scope->levels, va, (unsigned)node->value);
        if (address == TABLE_NO_ENTRY) {
            scope->error = "no such entry: one above it is not present or maps a large page";
            return 0;
        }
        return address;
    }
    }
    return 0;
}
