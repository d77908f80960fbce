/* SPDX-License-Identifier: Apache-2.0 */
#include "explain_difference.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "signal_report.h"

enum { NAME_LENGTH = 160, MOST_WAYS = 128, SIDES = 2 };

enum kind {
    VALUE,
    FIELDS,   /* a packed vector, `bits` for each port */
    ELEMENTS, /* an unpacked array */
    ARRAY,    /* a tlb_array, whose signals lie below its path */
};

/* What rtl_report() compares, in its order. */
struct item {
    enum kind kind;
    enum signal_decode decode;
    unsigned bits;
    const char *block, *name;
    const char *path; /* below the top module, as Verilator names it */
};

/* Those that are not in the wave do not differ. */
static const struct item items[] = {
#define OUTPUT(name, decode)              {VALUE, DECODE_##decode, 0, "mmu", #name, #name "_o"},
#define ANSWER(name, decode, bits, field) {FIELDS, DECODE_##decode, bits, "mmu", #name, #name "_o"},
#define LOOKUP(name, decode, bits, field)                                                                    \
    {FIELDS, DECODE_##decode, bits, "lookup_stage", #name, "u_lookup_stage__DOT__" #name "_q"},
#define SIGNAL(block, name, decode, path, model)   {VALUE, DECODE_##decode, 0, #block, #name, #path},
#define ELEMENTS(block, name, decode, path, model) {ELEMENTS, DECODE_##decode, 0, #block, #name, #path},
#define TLB_ARRAY(block, name, path, model)        {ARRAY, DECODE_HEX, 0, #block, #name, #path},
#define ANY_CONFIGURATION
#include "signals.def"
};

enum { ITEMS = sizeof(items) / sizeof(items[0]) };

/* The signals of an item in the scope diff: of all but arrays the first one. */
enum part { VALID, DIGEST, LFSR, TAG, DATA, REPLACEMENT, PARTS };

static const char *const parts[PARTS] = {".valid_q", ".digest_q", ".repl.lfsr_q",
                                         ".tag_q",   ".data_q",   ".repl.repl_q"};

/* A bit that rises: the two begin to differ there. */
struct rise {
    uint64_t cycle;
    unsigned item, part, bit;
};

struct differences {
    struct fst_file *file;
    struct difference_path *path;
    const struct fst_signal *diff[ITEMS][PARTS]; /* NULL: not in the wave */
    char *seen[ITEMS][PARTS];                    /* the last value of each */
    struct rise *rises;
    size_t count, room, told;
    uint64_t output; /* the cycle in which an output differs; UINT64_MAX: none yet */
    char **values;   /* by handle, as of the present time */
    uint32_t handles;
    bool short_of_memory;
};

/* What the wave has under a scope. */
static void path_of(const char *scope, const struct item *item, const char *more, char *path)
{
    size_t used = (size_t)snprintf(path, NAME_LENGTH, "%s.", scope);
    signal_path(item->path, path + used, NAME_LENGTH - used);
    used += strlen(path + used);
    snprintf(path + used, NAME_LENGTH - used, "%s", more);
}

static bool is_output(const struct item *item)
{
    char name[NAME_LENGTH];
    snprintf(name, sizeof(name), "%s.%s", item->block, item->name);
    return difference_path_is_output(name);
}

/* --- what rises --- */

static void add_rise(struct differences *d, const struct rise *rise)
{
    if (d->count == d->room) {
        size_t room = d->room ? 2 * d->room : 256;
        struct rise *rises = realloc(d->rises, room * sizeof(*rises));
        d->short_of_memory |= rises == NULL;
        if (rises == NULL)
            return;
        d->rises = rises;
        d->room = room;
    }
    d->rises[d->count++] = *rise;
    if (is_output(&items[rise->item]) && d->output == UINT64_MAX)
        d->output = rise->cycle;
}

static void take_diff(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct differences *d = self;
    size_t bits = strlen(value);

    if (time / 2 > d->output)
        return;
    for (unsigned i = 0; i < ITEMS; i++)
        for (unsigned part = 0; part < PARTS; part++) {
            if (d->diff[i][part] == NULL || d->diff[i][part]->handle != handle)
                continue;
            const char *before = d->seen[i][part];
            for (unsigned bit = 0; bit < bits; bit++)
                if (value[bits - 1 - bit] == '1' && (before == NULL || before[bits - 1 - bit] != '1'))
                    add_rise(d, &(struct rise){.cycle = time / 2, .item = i, .part = part, .bit = bit});
            free(d->seen[i][part]);
            d->seen[i][part] = strdup(value);
        }
}

static int by_cycle(const void *one, const void *other)
{
    const struct rise *a = one, *b = other;
    if (a->cycle != b->cycle)
        return a->cycle < b->cycle ? -1 : 1;
    if (a->item != b->item)
        return a->item < b->item ? -1 : 1;
    return a->part != b->part ? (int)a->part - (int)b->part : (int)a->bit - (int)b->bit;
}

/* -1: memory is short. */
static int find_rises(struct differences *d)
{
    const struct fst_signal **signals = calloc((size_t)ITEMS * PARTS, sizeof(struct fst_signal *));
    size_t count = 0;

    if (signals == NULL)
        return -1;
    for (unsigned i = 0; i < ITEMS; i++)
        for (unsigned part = 0; part < (items[i].kind == ARRAY ? PARTS : 1); part++) {
            char path[NAME_LENGTH];
            path_of("diff", &items[i], items[i].kind == ARRAY ? parts[part] : "", path);
            d->diff[i][part] = fst_file_find(d->file, path);
            if (d->diff[i][part] != NULL)
                signals[count++] = d->diff[i][part];
        }
    fst_file_changes(d->file, signals, count, take_diff, d);
    free(signals);
    if (d->count != 0)
        qsort(d->rises, d->count, sizeof(*d->rises), by_cycle);
    while (d->count != 0 && d->rises[d->count - 1].cycle > d->output)
        d->count--;
    return d->short_of_memory ? -1 : 0;
}

/* --- the values of both sides --- */

static const struct fst_signal *side_of(const struct differences *d, unsigned side, const struct item *item,
                                        const char *more)
{
    static const char *const scopes[SIDES] = {"TOP.mmu", "cmodel"};
    char path[NAME_LENGTH];
    path_of(scopes[side], item, more, path);
    return fst_file_find(d->file, path);
}

/* The present value, '0' and '1'; NULL: the wave has none. */
static const char *value_of(const struct differences *d, unsigned side, const struct item *item,
                            const char *more)
{
    const struct fst_signal *signal = side_of(d, side, item, more);
    return signal ? d->values[signal->handle] : NULL;
}

/* `width` bits from bit `lsb` of a value. */
static uint64_t field(const char *value, size_t lsb, unsigned width)
{
    size_t bits = strlen(value);
    uint64_t number = 0;
    for (unsigned i = width; i-- > 0;)
        number = number << 1 | (lsb + i < bits && value[bits - 1 - lsb - i] == '1');
    return number;
}

static void report_value(const struct differences *d, const struct item *item, const char *more, int index,
                         unsigned bits, FILE *out)
{
    const char *rtl = value_of(d, 0, item, more), *model = value_of(d, 1, item, more);
    const char *dot = item->kind == ARRAY ? strrchr(more, '.') : "";
    char name[NAME_LENGTH];
    size_t lsb = item->kind == FIELDS ? (size_t)index * bits : 0;

    int length = snprintf(name, sizeof(name), "%s.%s%.*s", item->block, item->name,
                          (int)(strlen(dot) - (*dot ? strlen("_q") : 0)), dot);
    if (index >= 0)
        snprintf(name + length, sizeof(name) - (size_t)length, "[%d]", index);
    if (rtl == NULL || model == NULL)
        fprintf(out, "  %s: its values are not in the wave\n", name);
    else
        signal_report_value(out, name, item->decode, field(rtl, lsb, bits), field(model, lsb, bits));
}

/* What a side has in an entry; of large arrays only the entry that the C model wrote last is in the wave. */
static struct signal_entry entry_of(const struct differences *d, unsigned side, const struct item *item,
                                    unsigned entry)
{
    struct signal_entry result = {.known = false};
    char name[32];

    const char *valid = value_of(d, side, item, parts[VALID]);
    result.valid = valid != NULL && field(valid, entry, 1);
    snprintf(name, sizeof(name), ".tag_q[%u]", entry);
    const char *tag = value_of(d, side, item, name);
    snprintf(name, sizeof(name), ".data_q[%u]", entry);
    const char *data = value_of(d, side, item, name);
    const char *written = value_of(d, side, item, ".written_entry");
    if (tag == NULL && written != NULL && field(written, 0, 16) == entry) {
        tag = value_of(d, side, item, ".written_tag");
        data = value_of(d, side, item, ".written_data");
    }
    result.known = tag != NULL && data != NULL;
    result.tag = result.known ? field(tag, 0, 64) : 0;
    result.data = result.known ? field(data, 0, 64) : 0;
    return result;
}

/* As many bits as number a way, where LRU's ages fill the state; else a bit for each. */
static unsigned state_width(unsigned bits, unsigned ways)
{
    unsigned width = 1;
    while (1u << width < ways)
        width++;
    return bits == width * ways ? width : 1;
}

static void report_replacement(const struct differences *d, const struct item *item, unsigned set,
                               unsigned ways, FILE *out)
{
    uint8_t states[SIDES][MOST_WAYS] = {{0}};
    unsigned count = 0;
    char name[32];

    snprintf(name, sizeof(name), "%s[%u]", parts[REPLACEMENT], set);
    for (unsigned side = 0; side < SIDES; side++) {
        const char *value = value_of(d, side, item, name);
        if (value == NULL) {
            fprintf(out, "  %s.%s set %u replacement: its values are not in the wave\n", item->block,
                    item->name, set);
            return;
        }
        unsigned bits = (unsigned)strlen(value), width = state_width(bits, ways);
        count = bits / width < MOST_WAYS ? bits / width : MOST_WAYS;
        for (unsigned i = 0; i < count; i++)
            states[side][i] = (uint8_t)field(value, (size_t)i * width, width);
    }
    signal_report_replacement(out, item->block, item->name, set, states[0], states[1], count);
}

static void report_array(const struct differences *d, const struct rise *rise, FILE *out)
{
    const struct item *item = &items[rise->item];
    const struct fst_signal *entries = d->diff[rise->item][VALID], *sets = d->diff[rise->item][REPLACEMENT];
    unsigned ways = entries != NULL && sets != NULL ? entries->bits / sets->bits : 1;

    if (rise->part == DIGEST || rise->part == LFSR) {
        report_value(d, item, parts[rise->part], -1, 64, out);
    } else if (rise->part == REPLACEMENT) {
        report_replacement(d, item, rise->bit, ways, out);
    } else {
        struct signal_entry rtl = entry_of(d, 0, item, rise->bit), model = entry_of(d, 1, item, rise->bit);
        signal_report_entry(out, item->block, item->name, rise->bit / ways, rise->bit % ways, &rtl, &model);
    }
}

static void report(const struct differences *d, const struct rise *rise, FILE *out)
{
    const struct item *item = &items[rise->item];
    char element[16];

    snprintf(element, sizeof(element), "[%u]", rise->bit);
    if (item->kind == ARRAY)
        report_array(d, rise, out);
    else if (item->kind == ELEMENTS)
        report_value(d, item, element, (int)rise->bit, 64, out);
    else if (item->kind == FIELDS)
        report_value(d, item, "", (int)rise->bit, item->bits, out);
    else
        report_value(d, item, "", -1, 64, out);
}

/* Tells of the rises of cycles that are over at that time. */
static void tell_before(struct differences *d, uint64_t time)
{
    while (d->told < d->count && 2 * d->rises[d->told].cycle < time) {
        uint64_t cycle = d->rises[d->told].cycle;
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        for (; d->told < d->count && d->rises[d->told].cycle == cycle; d->told++)
            if (out != NULL)
                report(d, &d->rises[d->told], out);
        d->short_of_memory |= out == NULL;
        if (out != NULL && fclose(out) == 0)
            difference_path_add(d->path, cycle, text);
        free(text);
    }
}

static void take_value(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct differences *d = self;
    tell_before(d, time);
    if (handle >= d->handles)
        return;
    free(d->values[handle]);
    d->values[handle] = strdup(value);
    d->short_of_memory |= d->values[handle] == NULL;
}

/* The signals of both sides that lie at or below the paths of what differs. */
static size_t choose_values(const struct differences *d, const struct fst_signal **signals)
{
    bool differs[ITEMS] = {false};
    size_t count = 0;

    for (size_t i = 0; i < d->count; i++)
        differs[d->rises[i].item] = true;
    for (unsigned i = 0; i < ITEMS; i++)
        for (unsigned side = 0; differs[i] && side < SIDES; side++) {
            char path[NAME_LENGTH];
            path_of(side ? "cmodel" : "TOP.mmu", &items[i], "", path);
            for (size_t k = 0; k < d->file->count; k++) {
                const char *signal = d->file->signals[k].path;
                size_t length = strlen(path);
                if (strncmp(signal, path, length) == 0 && strchr(".[", signal[length]) != NULL)
                    signals[count++] = &d->file->signals[k];
            }
        }
    return count;
}

static int read_values(struct differences *d)
{
    const struct fst_signal **signals = calloc(d->file->count + 1, sizeof(struct fst_signal *));

    for (size_t i = 0; i < d->file->count; i++)
        if (d->file->signals[i].handle >= d->handles)
            d->handles = d->file->signals[i].handle + 1;
    d->values = calloc((size_t)d->handles + 1, sizeof(*d->values));
    if (signals != NULL && d->values != NULL) {
        fst_file_changes(d->file, signals, choose_values(d, signals), take_value, d);
        tell_before(d, UINT64_MAX);
    }
    d->short_of_memory |= signals == NULL || d->values == NULL;
    free(signals);
    return d->short_of_memory ? -1 : 0;
}

int explain_difference_read(struct difference_path *path, struct fst_file *file)
{
    struct differences d = {.file = file, .path = path, .output = UINT64_MAX};
    int failed = find_rises(&d);

    if (!failed && d.count != 0)
        failed = read_values(&d);
    for (unsigned i = 0; i < ITEMS; i++)
        for (unsigned part = 0; part < PARTS; part++)
            free(d.seen[i][part]);
    for (uint32_t i = 0; d.values != NULL && i < d.handles; i++)
        free(d.values[i]);
    free(d.values);
    free(d.rises);
    return failed;
}
