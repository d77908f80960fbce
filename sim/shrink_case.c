/* SPDX-License-Identifier: Apache-2.0 */
#include "shrink_case.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mmu.h"
#include "table_builder.h"

enum { NOTE_COLUMN = 48, LINE_BYTES = 512 };

struct bit_name {
    uint64_t bit;
    const char *name;
};

static const struct bit_name entry_names[] = {
    {ENTRY_P, "p"},     {ENTRY_RW, "rw"}, {ENTRY_US, "us"}, {ENTRY_PWT, "pwt"},
    {ENTRY_PCD, "pcd"}, {ENTRY_A, "a"},   {ENTRY_D, "d"},   {ENTRY_PS, "ps"},
    {ENTRY_G, "g"},     {ENTRY_NX, "nx"}, {0, NULL},
};
static const struct bit_name cr0_names[] = {{CR0_WP, "wp"}, {0, NULL}};
static const struct bit_name cr3_names[] = {{CR3_NO_FLUSH, "noflush"}, {0, NULL}};
static const struct bit_name cr4_names[] = {
    {CR4_PGE, "pge"},   {CR4_LA57, "la57"}, {CR4_PCIDE, "pcide"}, {CR4_SMEP, "smep"},
    {CR4_SMAP, "smap"}, {CR4_PKE, "pke"},   {CR4_PKS, "pks"},     {0, NULL},
};
static const struct bit_name efer_names[] = {{EFER_NXE, "nxe"}, {0, NULL}};
static const struct bit_name no_names[] = {{0, NULL}};

/* The operations that write a register, by enum mmu_op; `fixed`: bits that scripts set in any case. */
static const struct {
    const char *name;
    const struct bit_name *bits;
    uint64_t fixed;
} registers[] = {
    [OP_WRITE_CR0] = {"cr0", cr0_names, CR0_PG | 1},
    [OP_WRITE_CR3] = {"cr3", cr3_names, 0},
    [OP_WRITE_CR4] = {"cr4", cr4_names, CR4_PAE},
    [OP_WRITE_EFER] = {"efer", efer_names, EFER_LME | EFER_LMA},
    [OP_WRITE_PKRU] = {"pkru", no_names, 0},
    [OP_WRITE_PKRS] = {"pkrs", no_names, 0},
};

static const char *const invpcid_types[] = {"address", "context", "all", "nonglobal"};

struct printer {
    FILE *out;
    char line[LINE_BYTES];
    size_t statements;
    uint64_t cycle; /* of the last `at` */
    bool ac;
};

bool shrink_case_add(struct shrink_case *c, const struct shrink_item *item)
{
    if (c->count == c->room) {
        size_t room = c->room > 0 ? 2 * c->room : 256;
        struct shrink_item *items = realloc(c->items, room * sizeof(*items));

        if (items == NULL)
            return false;
        c->items = items;
        c->room = room;
    }
    c->items[c->count++] = *item;
    return true;
}

bool shrink_case_copy(struct shrink_case *to, const struct shrink_case *from)
{
    *to = *from;
    to->room = from->count > 0 ? from->count : 1;
    to->items = malloc(to->room * sizeof(*to->items));
    if (to->items == NULL)
        return false;
    if (from->count > 0)
        memcpy(to->items, from->items, from->count * sizeof(*to->items));
    return true;
}

void shrink_case_free(struct shrink_case *c)
{
    free(c->items);
    c->items = NULL;
    c->count = c->room = 0;
}

bool shrink_case_is_noisy(const struct shrink_case *c)
{
    return c->bench.memory.jitter > 0 || c->bench.memory.backpressure > 0 || c->bench.memory.bus_errors > 0;
}

static void append(struct printer *printer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct printer *printer, const char *format, ...)
{
    size_t used = strlen(printer->line);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(printer->line + used, sizeof(printer->line) - used, format, arguments);
    va_end(arguments);
}

static void end_line(struct printer *printer, const char *note)
{
    if (note != NULL)
        fprintf(printer->out, "%-*s # %s\n", NOTE_COLUMN, printer->line, note);
    else
        fprintf(printer->out, "%s\n", printer->line);
    printer->line[0] = '\0';
    printer->statements++;
}

/* A number, with its bits that have names in front of the rest's. */
static void append_value(struct printer *printer, uint64_t value, const struct bit_name *names)
{
    uint64_t named = 0;
    const char *separator = "";

    for (const struct bit_name *name = names; name->name != NULL; name++)
        named |= name->bit;
    if ((value & ~named) != 0 || (value & named) == 0) {
        append(printer, value & ~named ? "0x%" PRIx64 : "0", value & ~named);
        separator = "|";
    }
    for (const struct bit_name *name = names; name->name != NULL; name++)
        if (value & name->bit) {
            append(printer, "%s%s", separator, name->name);
            separator = "|";
        }
}

static void print_gap(struct printer *printer, const struct shrink_item *item)
{
    switch ((enum shrink_gap)item->gap) {
    case GAP_NONE:
        return;
    case GAP_AT:
        if (item->cycle == printer->cycle)
            return;
        printer->cycle = item->cycle;
        append(printer, "at %" PRIu64, item->cycle);
        break;
    case GAP_WAIT:
        append(printer, "wait %u", item->wait);
        break;
    case GAP_DRAIN:
        append(printer, "drain");
        break;
    }
    end_line(printer, NULL);
}

static void append_op(struct printer *printer, const struct shrink_item *item)
{
    if (!item->sync)
        append(printer, "async ");
    if (item->op == OP_INVLPG) {
        append(printer, "invlpg 0x%" PRIx64, item->address);
    } else if (item->op == OP_INVPCID) {
        append(printer, "invpcid %s", invpcid_types[item->value & 3]);
        if (item->value <= 1)
            append(printer, " 0x%x", item->pcid);
        if (item->value == 0)
            append(printer, " 0x%" PRIx64, item->address);
    } else {
        append(printer, "%s = ", registers[item->op].name);
        append_value(printer, item->value & ~registers[item->op].fixed, registers[item->op].bits);
    }
}

static void append_access(struct printer *printer, const struct shrink_item *item)
{
    static const char *const kinds[] = {
        [ACCESS_READ] = "read", [ACCESS_WRITE] = "write", [ACCESS_FETCH] = "fetch"};
    unsigned kind = item->attr & ATTR_KIND;

    if (item->attr & ATTR_IMPLICIT)
        append(printer, "implicit ");
    append(printer, "%s ", kinds[kind]);
    if (item->attr & ATTR_USER)
        append(printer, "user ");
    append(printer, "0x%" PRIx64, item->address);
    if (kind != ACCESS_FETCH)
        append(printer, " port=%u", item->port);
}

static void print_item(struct printer *printer, const struct shrink_item *item, const char *note)
{
    bool ac = (item->attr & ATTR_AC) != 0;

    print_gap(printer, item);
    switch ((enum shrink_kind)item->kind) {
    case SHRINK_INITIAL:
    case SHRINK_WRITE:
        append(printer, "write 0x%" PRIx64 " = ", item->address);
        append_value(printer, item->value, entry_names);
        break;
    case SHRINK_POISON:
        append(printer, "poison 0x%" PRIx64, item->address);
        break;
    case SHRINK_OP:
        append_op(printer, item);
        break;
    case SHRINK_ACCESS:
        if (ac != printer->ac) {
            append(printer, "ac = %d", ac);
            end_line(printer, NULL);
            printer->ac = ac;
        }
        append_access(printer, item);
        break;
    }
    end_line(printer, note);
}

size_t shrink_case_print(const struct shrink_case *c, const struct shrink_notes *notes, FILE *out)
{
    struct printer printer = {.out = out};

    for (size_t i = 0; i < c->count; i++)
        print_item(&printer, &c->items[i], notes != NULL ? notes->note(notes->self, i) : NULL);
    return printer.statements;
}
