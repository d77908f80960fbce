/* SPDX-License-Identifier: Apache-2.0 */
#include "tlb_array.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { SIGNATURE_BLOCK = 16 };

int tlb_array_init(struct tlb_array *a, uint32_t sets, uint32_t ways, enum granularity grain,
                   enum replacement_policy policy)
{
    size_t entries = (size_t)sets * ways;
    *a = (struct tlb_array){
        .sets = sets, .ways = ways, .grain = (uint8_t)grain, .lfsr = LFSR_RESET, .last_marked = TLB_MISS};
    if (ways == 0)
        return 0;
    replacement_init(&a->replacement, policy, ways);
    size_t state_bytes = a->replacement.state_bytes;
    a->tag = calloc(entries, sizeof *a->tag);
    a->data = calloc(entries, sizeof *a->data);
    a->valid = calloc(entries / 64 + 2, sizeof *a->valid);
    a->signature = calloc(entries + SIGNATURE_BLOCK, 1);
    a->set_bits = (uint8_t)__builtin_ctz(sets);
    a->reciprocal = ((1ull << 32) + ways - 1) / ways;
    a->replacement_state = malloc(sets * state_bytes + 1);
    if (!a->tag || !a->data || !a->valid || !a->signature || !a->replacement_state)
        return -1;
    for (uint32_t set = 0; set < sets; set++)
        replacement_reset(&a->replacement, a->replacement_state + set * state_bytes);
    return 0;
}

void tlb_array_free(struct tlb_array *a)
{
    free(a->tag);
    free(a->data);
    free(a->valid);
    free(a->signature);
    free(a->replacement_state);
}

/* The set of a page of that size, 0 (4 KiB) to 4. */
static uint32_t set_of(const struct tlb_array *a, uint64_t vpn, unsigned size)
{
    return (uint32_t)(vpn >> (9 * size)) & (a->sets - 1);
}

/* The array's grain for an entry of a page of that size. */
static unsigned grain_of(const struct tlb_array *a, unsigned size)
{
    return a->grain >= GRAIN_OWN ? size : a->grain;
}

/* A byte of the page number above the set's index, for pages of that size or grain. */
static uint8_t signature_of(const struct tlb_array *a, uint64_t vpn, unsigned grain)
{
    uint64_t page = vpn >> (9 * grain) >> a->set_bits;
    return (uint8_t)(page ^ page >> 8);
}

/* Which of the 16 entries from `first` have that signature, a bit each. */
static uint32_t same_signature(const uint8_t *first, uint8_t signature)
{
#ifdef __SSE2__
    __m128i block = _mm_loadu_si128((const __m128i *)first);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8((char)signature)));
#else
    uint32_t same = 0;
    for (unsigned i = 0; i < SIGNATURE_BLOCK; i++)
        same |= (uint32_t)(first[i] == signature) << i;
    return same;
#endif
}

/* The entry of a set that covers vpn for pcid; pages of that grain (GRAIN_OWN: of that size). */
static int search_set(const struct tlb_array *a, uint32_t set, unsigned grain, uint64_t vpn, unsigned pcid)
{
    uint32_t first = set * a->ways;
    uint64_t key = vpn | (uint64_t)pcid << TAG_PCID_SHIFT;
    uint64_t ignored = x86_offset_mask(grain);
    uint8_t signature = signature_of(a, vpn, grain);
    for (uint32_t way = 0; way < a->ways; way += SIGNATURE_BLOCK) {
        uint32_t left = same_signature(a->signature + first + way, signature);
        if (a->ways - way < SIGNATURE_BLOCK)
            left &= (1u << (a->ways - way)) - 1;
        for (; left; left &= left - 1) {
            uint32_t entry = first + way + (uint32_t)__builtin_ctz(left);
            uint64_t tag = a->tag[entry];
            if ((tag ^ key) & (TAG_VPN | (tag & TAG_GLOBAL ? 0 : TAG_PCID)) & ~ignored)
                continue;
            if (tlb_array_valid(a, entry) && (a->grain < GRAIN_OWN || x86_tag_size(tag) == grain))
                return (int)entry;
        }
    }
    return TLB_MISS;
}

int tlb_array_search(const struct tlb_array *a, uint64_t vpn, unsigned pcid)
{
    if (a->grain < GRAIN_OWN)
        return search_set(a, set_of(a, vpn, a->grain), a->grain, vpn, pcid);
    int found = TLB_MISS;
    unsigned largest = a->grain == GRAIN_OWN ? PAGE_1G : PAGE_2M;
    for (unsigned size = PAGE_4K; size <= largest && found == TLB_MISS; size++)
        if (a->count[size])
            found = search_set(a, a->grain == GRAIN_OWN ? 0 : set_of(a, vpn, size), size, vpn, pcid);
    return found;
}

void tlb_array_touch(struct tlb_array *a, uint32_t entry)
{
    uint32_t set = tlb_array_set(a, entry);
    if (a->last_marked == (int)entry)
        return;
    a->last_marked = (int)entry;
    replacement_touch(&a->replacement, a->replacement_state + (size_t)set * a->replacement.state_bytes,
                      entry - set * a->ways);
}

/* Two translations that one lookup could both hit, in an array of that grain. */
static bool overlap(const struct tlb_array *a, uint64_t one, uint64_t other)
{
    unsigned one_size = x86_tag_size(one), other_size = x86_tag_size(other);
    if (a->grain == GRAIN_4K_2M && one_size != other_size)
        return false;
    unsigned one_grain = grain_of(a, one_size), other_grain = grain_of(a, other_size);
    unsigned grain = one_grain > other_grain ? one_grain : other_grain;
    if ((one ^ other) & TAG_VPN & ~x86_offset_mask(grain))
        return false;
    return ((one | other) & TAG_GLOBAL) || !((one ^ other) & TAG_PCID);
}

static void drop(struct tlb_array *a, uint32_t entry)
{
    a->valid[entry >> 6] &= ~(1ull << (entry & 63));
    a->count[x86_tag_size(a->tag[entry])]--;
}

/* The entry, if it is valid and overlaps the tag, is dropped. */
static bool drop_if_overlapping(struct tlb_array *a, uint32_t entry, uint64_t tag)
{
    bool overlapping = tlb_array_valid(a, entry) && overlap(a, a->tag[entry], tag);
    if (overlapping)
        drop(a, entry);
    return overlapping;
}

/* Drops the set's entries that overlap the tag; the first of their ways, or TLB_MISS. */
static int drop_overlapping(struct tlb_array *a, uint32_t first, uint64_t tag)
{
    int found = TLB_MISS;
    uint8_t signature = signature_of(a, tag & TAG_VPN, grain_of(a, x86_tag_size(tag)));
    for (uint32_t block = 0; block < a->ways; block += SIGNATURE_BLOCK) {
        /* Where entries are of their own size, those of another one have another kind of signature. */
        uint32_t left =
            a->grain == GRAIN_OWN ? UINT16_MAX : same_signature(a->signature + first + block, signature);
        if (a->ways - block < SIGNATURE_BLOCK)
            left &= (1u << (a->ways - block)) - 1;
        for (; left; left &= left - 1) {
            uint32_t way = block + (uint32_t)__builtin_ctz(left);
            if (drop_if_overlapping(a, first + way, tag) && found == TLB_MISS)
                found = (int)way;
        }
    }
    return found;
}

/* The lowest way of the set without a valid entry, or TLB_MISS. */
static int invalid_way(const struct tlb_array *a, uint32_t first)
{
    for (uint32_t way = 0; way < a->ways;) {
        uint32_t entry = first + way, bit = entry & 63;
        uint64_t invalid = ~a->valid[entry >> 6] >> bit;
        if (invalid) {
            way += (uint32_t)__builtin_ctzll(invalid);
            return way < a->ways ? (int)way : TLB_MISS;
        }
        way += 64 - bit;
    }
    return TLB_MISS;
}

static uint32_t fill(struct tlb_array *a, uint64_t tag, uint64_t data)
{
    uint32_t set = a->grain == GRAIN_OWN ? 0 : set_of(a, tag & TAG_VPN, grain_of(a, x86_tag_size(tag)));
    uint32_t first = set * a->ways;
    int invalid = invalid_way(a, first);
    int overlapping = drop_overlapping(a, first, tag);
    unsigned victim = replacement_victim(
        &a->replacement, a->replacement_state + (size_t)set * a->replacement.state_bytes, a->lfsr);
    uint32_t way = overlapping != TLB_MISS ? (uint32_t)overlapping
                   : invalid != TLB_MISS   ? (uint32_t)invalid
                                           : victim;
    uint32_t entry = first + way;
    if (tlb_array_valid(a, entry)) {
        a->evictions[x86_tag_size(a->tag[entry])]++;
        drop(a, entry);
    }
    a->fills[x86_tag_size(tag)]++;
    a->tag[entry] = tag;
    a->signature[entry] = signature_of(a, tag & TAG_VPN, grain_of(a, x86_tag_size(tag)));
    a->data[entry] = data;
    a->valid[entry >> 6] |= 1ull << (entry & 63);
    a->count[x86_tag_size(tag)]++;
    a->lfsr = lfsr_next(a->lfsr);
    a->hint = entry;
    tlb_array_digest(a, tag);
    tlb_array_digest(a, data);
    tlb_array_digest(a, entry);
    tlb_array_touch(a, entry);
    return set;
}

void tlb_array_clock(struct tlb_array *a, const int *found, unsigned ports, bool filling, uint64_t tag,
                     uint64_t data)
{
    if (a->ways == 0)
        return;
    for (unsigned port = 0; port < ports; port++)
        if (found[port] != TLB_MISS)
            tlb_array_digest(a, (uint64_t)found[port] << 2 | port);
    uint32_t decided = filling ? fill(a, tag, data) : UINT32_MAX;
    for (unsigned port = 0; port < ports; port++) {
        if (found[port] == TLB_MISS)
            continue;
        uint32_t set = tlb_array_set(a, (uint32_t)found[port]);
        bool overruled = set == decided;
        for (unsigned higher = port + 1; higher < ports; higher++)
            overruled |= found[higher] != TLB_MISS && tlb_array_set(a, (uint32_t)found[higher]) == set;
        if (!overruled)
            tlb_array_touch(a, (uint32_t)found[port]);
    }
}

static void invalidate_entries(struct tlb_array *a, uint32_t first, uint32_t count, unsigned flags,
                               uint64_t vpn, unsigned pcid)
{
    uint32_t end = first + count;
    while (first < end) {
        uint32_t span = 64 - (first & 63) < end - first ? 64 - (first & 63) : end - first;
        uint64_t left = a->valid[first >> 6] >> (first & 63);
        if (span < 64)
            left &= (1ull << span) - 1;
        for (; left; left &= left - 1) {
            uint32_t entry = first + (uint32_t)__builtin_ctzll(left);
            if (!x86_invalidates(flags, vpn, pcid, a->tag[entry], grain_of(a, PAGE_4K)))
                continue;
            drop(a, entry);
            a->invalidations[x86_tag_size(a->tag[entry])]++;
        }
        first += span;
    }
}

void tlb_array_invalidate(struct tlb_array *a, unsigned flags, uint64_t vpn, unsigned pcid)
{
    invalidate_entries(a, 0, a->sets * a->ways, flags, vpn, pcid);
}

void tlb_array_invalidate_address(struct tlb_array *a, unsigned flags, uint64_t vpn, unsigned pcid)
{
    bool both = a->grain == GRAIN_4K_2M;
    uint32_t set = set_of(a, vpn, both ? PAGE_4K : a->grain);
    tlb_array_invalidate_set(a, set, flags, vpn, pcid);
    uint32_t large = set_of(a, vpn, PAGE_2M);
    if (both && large != set)
        tlb_array_invalidate_set(a, large, flags, vpn, pcid);
}

void tlb_array_invalidate_set(struct tlb_array *a, uint32_t set, unsigned flags, uint64_t vpn, unsigned pcid)
{
    if (set < a->sets)
        invalidate_entries(a, set * a->ways, a->ways, flags, vpn, pcid);
}
