/* SPDX-License-Identifier: Apache-2.0 */
/* Files into a script, and what the arguments of its statements may be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script_parser.h"

static bool parse_file(struct script_parser *parser, const char *path, const struct script_place *from);

#define ARGUMENT_IS(argument, condition) (known[argument] && (condition))

static bool bad_word_address(uint64_t address)
{
    return (address & 7) != 0 || address >> 52 != 0;
}

static const char *check_map(const struct script *script, const uint64_t value[ARG_COUNT],
                             const bool known[ARG_COUNT])
{
    uint64_t size = value[ARG_SIZE];
    if (ARGUMENT_IS(ARG_SIZE, size != 1ull << 12 && size != 1ull << 21 && size != 1ull << 30))
        return "the size of a page is 4k, 2m or 1g";
    if (ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] >> 52))
        return "physical address is not below 2^52";
    if (known[ARG_SIZE] && ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] & (size - 1)))
        return "physical address is not aligned to the page size";
    if (known[ARG_SIZE] && ARGUMENT_IS(ARG_ADDRESS, value[ARG_ADDRESS] & (size - 1)))
        return "virtual address is not aligned to the page size";
    if (ARGUMENT_IS(ARG_KEY, value[ARG_KEY] > 15))
        return "a protection key is 0..15";
    if (ARGUMENT_IS(ARG_LEVELS, value[ARG_LEVELS] != 4 && value[ARG_LEVELS] != 5))
        return "levels are 4 or 5";
    if (ARGUMENT_IS(ARG_ROOT, (value[ARG_ROOT] & 4095) || value[ARG_ROOT] >> 52))
        return "root is not 4 KiB aligned or not below 2^52";
    (void)script;
    return NULL;
}

static const char *check_access(const struct script *script, const struct script_statement *statement,
                                const uint64_t value[ARG_COUNT], const bool known[ARG_COUNT])
{
    bool fetch = (statement->attr & ATTR_KIND) == ACCESS_FETCH;
    uint64_t port = value[ARG_PORT];
    if (ARGUMENT_IS(ARG_PORT, fetch && port != MMU_PORT_FETCH))
        return "fetches go to port 0";
    if (ARGUMENT_IS(ARG_PORT, !fetch && (port == MMU_PORT_FETCH || port > script->params->mmu.data_ports)))
        return "no such data port in this configuration (mmu.data_ports)";
    uint64_t size = value[ARG_SIZE];
    if (ARGUMENT_IS(ARG_SIZE, size != 1ull << 12 && size != 1ull << 21 && size != 1ull << 30))
        return "the size of a page is 4k, 2m or 1g";
    if (ARGUMENT_IS(ARG_PAT, value[ARG_PAT] > 7))
        return "a PAT index is 0..7";
    if (ARGUMENT_IS(ARG_CODE, value[ARG_CODE] > 63))
        return "an error code is 0..63";
    return NULL;
}

static const char *check_op(const struct script_statement *statement, const uint64_t value[ARG_COUNT],
                            const bool known[ARG_COUNT])
{
    if (statement->op != OP_INVPCID)
        return NULL;
    if (ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] > 3))
        return "a type of INVPCID is 0..3";
    if (ARGUMENT_IS(ARG_PCID, value[ARG_PCID] > 4095))
        return "a PCID is 0..4095";
    if (ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] == 0) && statement->arg[ARG_ADDRESS] < 0)
        return "INVPCID of an address needs a PCID and the address";
    if (ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] == 1) && statement->arg[ARG_PCID] < 0)
        return "INVPCID of a context needs a PCID";
    return NULL;
}

const char *script_check(const struct script *script, const struct script_statement *statement,
                         const uint64_t value[ARG_COUNT], const bool known[ARG_COUNT])
{
    switch ((enum script_statement_kind)statement->kind) {
    case STATEMENT_REPEAT:
        return ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] > SCRIPT_MAX_REPEAT) ? "repeated more than 10^9 times"
                                                                            : NULL;
    case STATEMENT_STORE:
    case STATEMENT_POISON:
    case STATEMENT_EXPECT_MEMORY:
        return ARGUMENT_IS(ARG_ADDRESS, bad_word_address(value[ARG_ADDRESS]))
                   ? "address is not 8-byte aligned or not below 2^52"
                   : NULL;
    case STATEMENT_TABLES:
        for (size_t i = ARG_ADDRESS; i <= ARG_VALUE; i++)
            if (ARGUMENT_IS(i, (value[i] & 4095) || value[i] > 1ull << 52))
                return "range of tables is not 4 KiB aligned or not below 2^52";
        if (ARGUMENT_IS(ARG_ADDRESS, value[ARG_ADDRESS] == 0))
            return "range of tables starts at 0";
        if (known[ARG_VALUE] && ARGUMENT_IS(ARG_ADDRESS, value[ARG_ADDRESS] >= value[ARG_VALUE]))
            return "range of tables is empty";
        return NULL;
    case STATEMENT_MAP:
        return check_map(script, value, known);
    case STATEMENT_AC:
        return ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] > 1) ? "ac is 0 or 1" : NULL;
    case STATEMENT_ACCESS:
        return check_access(script, statement, value, known);
    case STATEMENT_OP:
        return check_op(statement, value, known);
    case STATEMENT_WAIT:
    case STATEMENT_AT:
        return ARGUMENT_IS(ARG_VALUE, value[ARG_VALUE] >> 48) ? "waits 2^48 cycles or more" : NULL;
    case STATEMENT_LET:
    case STATEMENT_END:
    case STATEMENT_IF:
    case STATEMENT_DRAIN:
        return NULL;
    }
    return NULL;
}

/* The path of an included file as seen from the file that includes it. */
static char *relative_path(const char *from, const char *path)
{
    const char *slash = strrchr(from, '/');
    size_t directory = path[0] == '/' || !slash ? 0 : (size_t)(slash - from) + 1;
    size_t length = strlen(path);
    char *joined = malloc(directory + length + 1);
    if (joined) {
        memcpy(joined, from, directory);
        memcpy(joined + directory, path, length + 1);
    }
    return joined;
}

static bool parse_line(struct script_parser *parser, const char *text, size_t length)
{
    char *include = NULL;
    if (!script_tokenize(parser, text, length))
        return false;
    const struct script_token *first = parser->token;
    bool done = script_statement_line(parser, &include);
    if (done && include) {
        uint32_t line = parser->line;
        uint16_t file = parser->file;
        parser->token = first;
        struct script_place place = script_here(parser);
        char *path = relative_path(parser->script->files[file], include);
        if (path)
            done = parse_file(parser, path, &place);
        free(path);
        parser->line = line;
        parser->file = file;
    }
    free(include);
    return done;
}

/* The text of a file (malloc), or NULL with errno set; EFBIG when it is too long. */
static char *file_text(const char *path, size_t *length)
{
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return NULL;
    char *text = NULL;
    size_t room = 0, used = 0, got;
    do {
        if (!script_grow((void **)&text, used + 4096, &room, 1)) {
            errno = ENOMEM;
            break;
        }
        got = fread(text + used, 1, room - used, stream);
        used += got;
        if (used > SCRIPT_MAX_FILE)
            errno = EFBIG;
    } while (got > 0 && used <= SCRIPT_MAX_FILE);
    bool good = text && !ferror(stream) && feof(stream) && used <= SCRIPT_MAX_FILE;
    int reason = errno;
    fclose(stream);
    if (!good) {
        free(text);
        errno = reason;
        return NULL;
    }
    *length = used;
    return text;
}

static bool cannot_read(struct script_parser *parser, const char *path, const struct script_place *from)
{
    if (from)
        return script_error(parser, *from, "cannot read %s: %s", path, strerror(errno));
    parser->errors++;
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

static bool parse_file(struct script_parser *parser, const char *path, const struct script_place *from)
{
    struct script *script = parser->script;
    if (parser->include_depth == SCRIPT_MAX_INCLUDES)
        return script_error(parser, *from, "includes nest deeper than %d", SCRIPT_MAX_INCLUDES);
    if (script->file_count == SCRIPT_MAX_FILES)
        return script_error(parser, *from, "more than %d files included", SCRIPT_MAX_FILES);
    size_t length = 0;
    char *text = file_text(path, &length);
    if (!text)
        return cannot_read(parser, path, from);
    char *name = strdup(path);
    if (!name) {
        free(text);
        return cannot_read(parser, path, from);
    }
    unsigned outer_blocks = parser->block_count;
    parser->file = (uint16_t)script->file_count;
    script->files[script->file_count++] = name;
    parser->include_depth++;
    parser->line = 0;
    for (size_t at = 0; at < length && parser->errors <= SCRIPT_MAX_ERRORS && !parser->full;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line_length = end ? (size_t)(end - (text + at)) : length - at;
        parser->line++;
        parse_line(parser, text + at, line_length);
        at += line_length + 1;
    }
    parser->include_depth--;
    free(text);
    while (parser->block_count > outer_blocks)
        script_error(parser, parser->blocks[--parser->block_count].place, "block without 'end'");
    return true;
}

void script_free(struct script *script)
{
    if (!script)
        return;
    for (size_t i = 0; i < script->file_count; i++)
        free(script->files[i]);
    free(script->files);
    free(script->statements);
    free(script->nodes);
    free(script);
}

struct script *script_parse(const char *path, const struct mmu_params *params)
{
    struct script_parser parser = {.script = calloc(1, sizeof(struct script))};
    parser.tokens = calloc(SCRIPT_MAX_LINE + 1, sizeof(*parser.tokens));
    if (parser.script)
        parser.script->files = calloc(SCRIPT_MAX_FILES, sizeof(char *));
    if (!parser.script || !parser.tokens || !parser.script->files) {
        fprintf(stderr, "%s: out of memory\n", path);
        parser.errors++;
    } else {
        parser.script->params = params;
        parse_file(&parser, path, NULL);
    }
    if (parser.errors > SCRIPT_MAX_ERRORS)
        fprintf(stderr, "%s: too many mistakes, stopped\n", path);
    while (parser.name_count > 0)
        free(parser.names[--parser.name_count].text);
    free(parser.names);
    free(parser.tokens);
    if (parser.errors > 0) {
        script_free(parser.script);
        return NULL;
    }
    return parser.script;
}
