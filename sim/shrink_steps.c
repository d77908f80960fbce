/* SPDX-License-Identifier: Apache-2.0 */
#include "shrink_steps.h"

#include "mmu.h"
#include "table_builder.h"

/* ---- Taking away ---- */

static bool is_event(const struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    return item->kind != SHRINK_INITIAL;
}

static bool is_initial(const struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    return item->kind == SHRINK_INITIAL;
}

static bool is_of_kind(const struct shrink_item *item, uint64_t kind)
{
    return item->kind == kind;
}

/* ---- When ---- */

static bool has_gap(const struct shrink_item *item, uint64_t gap)
{
    return item->gap == gap;
}

static void gap_to_none(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->gap = GAP_NONE;
}

static void gap_to_drain(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->gap = GAP_DRAIN;
}

/* A moment of its own becomes the next one in order, and an operation is waited for. */
static void gap_to_order(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->gap = GAP_NONE;
    item->sync = true;
}

static bool is_async(const struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    return item->kind == SHRINK_OP && !item->sync;
}

static void make_sync(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->sync = true;
}

static bool is_long_wait(const struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    return item->gap == GAP_WAIT && item->wait > 1;
}

static void shorten(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->wait /= 2;
}

/* ---- What ---- */

static bool has_attribute(const struct shrink_item *item, uint64_t bits)
{
    return item->kind == SHRINK_ACCESS && (item->attr & bits) != 0;
}

static void drop_attribute(struct shrink_item *item, uint64_t bits)
{
    item->attr &= (uint8_t)~bits;
}

static bool is_write_access(const struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    return item->kind == SHRINK_ACCESS && (item->attr & ATTR_KIND) == ACCESS_WRITE;
}

static void make_read(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->attr = (uint8_t)((item->attr & ~ATTR_KIND) | ACCESS_READ);
}

static bool has_other_port(const struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    return item->kind == SHRINK_ACCESS && item->port > 1;
}

static void first_port(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->port = 1;
}

static bool has_address(const struct shrink_item *item)
{
    return item->kind == SHRINK_ACCESS ||
           (item->kind == SHRINK_OP &&
            (item->op == OP_INVLPG || (item->op == OP_INVPCID && item->value == 0)));
}

static bool has_address_bits(const struct shrink_item *item, uint64_t bits)
{
    return has_address(item) && (item->address & bits) != 0;
}

static void drop_address_bits(struct shrink_item *item, uint64_t bits)
{
    item->address &= ~bits;
}

static bool is_word(const struct shrink_item *item)
{
    return item->kind == SHRINK_INITIAL || item->kind == SHRINK_WRITE;
}

static bool has_entry_bits(const struct shrink_item *item, uint64_t bits)
{
    return is_word(item) && (item->value & bits) != 0;
}

static bool is_register_write(const struct shrink_item *item)
{
    return item->kind == SHRINK_OP && item->op <= OP_WRITE_PKRS;
}

/* CR3's address is the tables' business (shrink_rename.h). */
static bool has_register_bits(const struct shrink_item *item, uint64_t bits)
{
    return is_register_write(item) && (item->value & bits) != 0 &&
           (item->op != OP_WRITE_CR3 || !(bits & ENTRY_ADDRESS));
}

static void drop_value_bits(struct shrink_item *item, uint64_t bits)
{
    item->value &= ~bits;
}

static bool has_pcid(const struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    return item->kind == SHRINK_OP && item->op == OP_INVPCID && item->pcid != 0;
}

static void drop_pcid(struct shrink_item *item, uint64_t bits)
{
    (void)bits;
    item->pcid = 0;
}

#define KEY_BITS     (15ull << 59)
#define SPARE_BITS   (7ull << 9 | 0x7full << 52)
#define CACHING_BITS (ENTRY_PWT | ENTRY_PCD)

const struct step shrink_removals[] = {
    {"taking away bus errors", is_of_kind, NULL, SHRINK_POISON},
    {"taking away operations", is_of_kind, NULL, SHRINK_OP},
    {"taking away page-table writes", is_of_kind, NULL, SHRINK_WRITE},
    {"taking away accesses", is_of_kind, NULL, SHRINK_ACCESS},
    {"taking away anything", is_event, NULL, 0},
    {"taking away table entries", is_initial, NULL, 0},
    {0},
};

const struct step shrink_timings[] = {
    {"ordering in place of timing", has_gap, gap_to_order, GAP_AT},
    {"ordering in place of timing", has_gap, gap_to_none, GAP_AT},
    {"draining in place of timing", has_gap, gap_to_drain, GAP_AT},
    {"waiting for operations", is_async, make_sync, 0},
    {"leaving out drains", has_gap, gap_to_none, GAP_DRAIN},
    {"leaving out waits", has_gap, gap_to_none, GAP_WAIT},
    {"draining in place of waiting", has_gap, gap_to_drain, GAP_WAIT},
    {"shorter waits", is_long_wait, shorten, 0},
    {0},
};

const struct step shrink_simplifications[] = {
    {"plainer accesses", has_attribute, drop_attribute, ATTR_AC},
    {"plainer accesses", has_attribute, drop_attribute, ATTR_IMPLICIT},
    {"plainer accesses", has_attribute, drop_attribute, ATTR_USER},
    {"plainer accesses", is_write_access, make_read, 0},
    {"plainer accesses", has_other_port, first_port, 0},
    {"plainer addresses", has_address_bits, drop_address_bits, 0xfff},
    {"plainer operations", has_pcid, drop_pcid, 0},
    {"plainer entries", has_entry_bits, drop_value_bits, KEY_BITS | SPARE_BITS | CACHING_BITS},
    {"plainer entries", has_entry_bits, drop_value_bits, KEY_BITS},
    {"plainer entries", has_entry_bits, drop_value_bits, SPARE_BITS},
    {"plainer entries", has_entry_bits, drop_value_bits, CACHING_BITS},
    {"plainer entries", has_entry_bits, drop_value_bits, ENTRY_NX},
    {"plainer entries", has_entry_bits, drop_value_bits, ENTRY_G},
    {"plainer entries", has_entry_bits, drop_value_bits, ENTRY_PAT_HUGE},
    {"plainer entries", has_entry_bits, drop_value_bits, ENTRY_PS},
    {"plainer entries", has_entry_bits, drop_value_bits, ENTRY_D},
    {"plainer entries", has_entry_bits, drop_value_bits, ENTRY_A},
    {0},
};

uint64_t shrink_register_bits(const struct shrink_item *item)
{
    return is_register_write(item) ? item->value : 0;
}

struct step shrink_register_step(uint64_t bit)
{
    return (struct step){"plainer registers", has_register_bits, drop_value_bits, bit};
}
