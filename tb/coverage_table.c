/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_table.h"

#include <stdio.h>
#include <string.h>

#define COVER_DIMENSION(dimension, meaning) static const char *const values_##dimension[] = {
#define COVER_VALUE(dimension, value)       #value,
#define COVER_DIMENSION_END(dimension)                                                                       \
    }                                                                                                        \
    ;
#include "coverage.def"

#define COVER_DIMENSION(dimension, meaning)                                                                  \
    static const struct coverage_dimension dimension_##dimension = {#dimension, meaning, values_##dimension, \
                                                                    COVER_##dimension##_COUNT};
#define COVER_VALUE(dimension, value)
#define COVER_DIMENSION_END(dimension)
#include "coverage.def"

#define FIRST(name)  (offsetof(struct coverage_points, name) / sizeof(uint32_t))
#define COUNT(name)  (sizeof(((struct coverage_points *)0)->name) / sizeof(uint32_t))
#define D(dimension) &dimension_##dimension
static const struct coverage_group_info groups[] = {
#define COVER_GROUP1(name, a, text)       {#name, text, {D(a)}, 1, FIRST(name), COUNT(name)},
#define COVER_GROUP2(name, a, b, text)    {#name, text, {D(a), D(b)}, 2, FIRST(name), COUNT(name)},
#define COVER_GROUP3(name, a, b, c, text) {#name, text, {D(a), D(b), D(c)}, 3, FIRST(name), COUNT(name)},
#define COVER_GROUP4(name, a, b, c, d, text)                                                                 \
    {#name, text, {D(a), D(b), D(c), D(d)}, 4, FIRST(name), COUNT(name)},
#define COVER_GROUP5(name, a, b, c, d, e, text)                                                              \
    {#name, text, {D(a), D(b), D(c), D(d), D(e)}, 5, FIRST(name), COUNT(name)},
#define COVER_GROUP6(name, a, b, c, d, e, f, text)                                                           \
    {#name, text, {D(a), D(b), D(c), D(d), D(e), D(f)}, 6, FIRST(name), COUNT(name)},
#include "coverage.def"
};
#undef D

static const struct coverage_rule unreachable_rules[] = {
#define COVER_UNREACHABLE(group, pattern, why) {COVERAGE_##group, pattern, why},
#include "coverage.def"
};

static const struct coverage_rule needs_rules[] = {
#define COVER_NEEDS(group, pattern, condition, what) {COVERAGE_##group, pattern, what},
#include "coverage.def"
};

enum { UNREACHABLE_RULES = sizeof(unreachable_rules) / sizeof(unreachable_rules[0]) };
enum { NEEDS_RULES = sizeof(needs_rules) / sizeof(needs_rules[0]) };

const struct coverage_group_info *coverage_group(unsigned group)
{
    return &groups[group];
}

int coverage_find_group(const char *name)
{
    for (int group = 0; group < COVERAGE_GROUPS; group++)
        if (strcmp(groups[group].name, name) == 0)
            return group;
    return -1;
}

unsigned coverage_group_of(unsigned point)
{
    unsigned low = 0, high = COVERAGE_GROUPS;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (groups[middle].first <= point)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void coverage_values(unsigned point, unsigned values[COVERAGE_MAX_DIMENSIONS])
{
    const struct coverage_group_info *group = &groups[coverage_group_of(point)];
    unsigned rest = point - group->first;
    for (unsigned i = group->dimension_count; i-- > 0;) {
        values[i] = rest % group->dimensions[i]->count;
        rest /= group->dimensions[i]->count;
    }
}

const char *coverage_point_name(unsigned point, char *buffer)
{
    const struct coverage_group_info *group = &groups[coverage_group_of(point)];
    unsigned values[COVERAGE_MAX_DIMENSIONS];
    size_t used = 0;
    coverage_values(point, values);
    buffer[0] = '\0';
    for (unsigned i = 0; i < group->dimension_count && used < COVERAGE_NAME_BYTES; i++)
        used += (size_t)snprintf(buffer + used, COVERAGE_NAME_BYTES - used, "%s%s", i ? "/" : "",
                                 group->dimensions[i]->values[values[i]]);
    return buffer;
}

/* The value of a dimension whose name is the first `length` characters of `text`, or -1. */
static int find_value(const struct coverage_dimension *dimension, const char *text, size_t length)
{
    for (unsigned i = 0; i < dimension->count; i++)
        if (strncmp(dimension->values[i], text, length) == 0 && dimension->values[i][length] == '\0')
            return (int)i;
    return -1;
}

int coverage_find_point(unsigned group_number, const char *name)
{
    const struct coverage_group_info *group = &groups[group_number];
    unsigned index = 0;
    for (unsigned i = 0; i < group->dimension_count; i++) {
        size_t length = strcspn(name, "/");
        int value = find_value(group->dimensions[i], name, length);
        if (value < 0 || (name[length] == '/') != (i + 1 < group->dimension_count))
            return -1;
        index = index * group->dimensions[i]->count + (unsigned)value;
        name += length + 1;
    }
    return (int)(group->first + index);
}

/* One condition of a pattern, "dimension=value,value" or with "!=". */
struct condition {
    unsigned dimension;
    bool inverted;
    uint64_t values; /* bit per value */
};

/* Reads the condition that *text begins with and moves on behind it; NULL, or what is wrong. */
static const char *read_condition(const struct coverage_group_info *group, const char **text,
                                  struct condition *condition)
{
    size_t length = strcspn(*text, "!= ");
    unsigned i = 0;
    while (i < group->dimension_count && (strncmp(group->dimensions[i]->name, *text, length) != 0 ||
                                          group->dimensions[i]->name[length] != '\0'))
        i++;
    if (i == group->dimension_count)
        return "the group has no such dimension";
    *text += length;
    *condition = (struct condition){.dimension = i, .inverted = **text == '!'};
    *text += condition->inverted;
    if (**text != '=')
        return "= or != must follow a dimension";
    do {
        (*text)++;
        length = strcspn(*text, ", ");
        int value = find_value(group->dimensions[i], *text, length);
        if (value < 0)
            return "the dimension has no such value";
        condition->values |= 1ull << value;
        *text += length;
    } while (**text == ',');
    *text += strspn(*text, " ");
    return NULL;
}

const char *coverage_pattern_error(unsigned group, const char *pattern)
{
    struct condition condition;
    const char *error = NULL;
    while (*pattern && !error)
        error = read_condition(&groups[group], &pattern, &condition);
    return error;
}

bool coverage_matches(unsigned point, const char *pattern)
{
    const struct coverage_group_info *group = &groups[coverage_group_of(point)];
    unsigned values[COVERAGE_MAX_DIMENSIONS] = {0};
    struct condition condition;
    coverage_values(point, values);
    while (*pattern) {
        if (read_condition(group, &pattern, &condition))
            return false;
        if ((condition.values >> values[condition.dimension] & 1) == condition.inverted)
            return false;
    }
    return true;
}

const char *coverage_unreachable(unsigned point)
{
    unsigned group = coverage_group_of(point);
    for (unsigned i = 0; i < UNREACHABLE_RULES; i++)
        if (unreachable_rules[i].group == group && coverage_matches(point, unreachable_rules[i].pattern))
            return unreachable_rules[i].text;
    return NULL;
}

static bool condition_holds(unsigned rule, const struct mmu_params *p, const unsigned *values)
{
    unsigned index = 0;
#define V(dimension) values[dimension]
#define COVER_NEEDS(group, pattern, condition, what)                                                         \
    if (rule == index++)                                                                                     \
        return condition;
#include "coverage.def"
#undef V
    return true;
}

const char *coverage_missing(unsigned point, const struct mmu_params *params)
{
    unsigned group = coverage_group_of(point);
    unsigned values[COVERAGE_MAX_DIMENSIONS];
    coverage_values(point, values);
    for (unsigned i = 0; i < NEEDS_RULES; i++)
        if (needs_rules[i].group == group && coverage_matches(point, needs_rules[i].pattern) &&
            !condition_holds(i, params, values))
            return needs_rules[i].text;
    return NULL;
}

bool coverage_unreachable_rule(unsigned index, struct coverage_rule *rule)
{
    if (index >= UNREACHABLE_RULES)
        return false;
    *rule = unreachable_rules[index];
    return true;
}

bool coverage_needs_rule(unsigned index, struct coverage_rule *rule)
{
    if (index >= NEEDS_RULES)
        return false;
    *rule = needs_rules[index];
    return true;
}

/* Ways of an array of a configuration, 0 where it does not have it. */
unsigned coverage_array_ways(const struct mmu_params *p, unsigned array)
{
    bool own_2m = !p->l2.shared_2m, own_2m_i = !p->l2i.shared_2m;
    const unsigned ways[COVER_array_COUNT] = {
        [COVER_array_l1i_4k] = p->l1i.ways_4k,
        [COVER_array_l1i_2m] = p->l1i.unified ? 0 : p->l1i.ways_2m,
        [COVER_array_l1i_1g] = p->l1i.unified ? 0 : p->l1i.ways_1g,
        [COVER_array_l1d_4k] = p->l1d.ways_4k,
        [COVER_array_l1d_2m] = p->l1d.unified ? 0 : p->l1d.ways_2m,
        [COVER_array_l1d_1g] = p->l1d.unified ? 0 : p->l1d.ways_1g,
        [COVER_array_l2_4k] = p->l2.ways,
        [COVER_array_l2_2m] = own_2m ? p->l2.ways_2m : 0,
        [COVER_array_l2_1g] = p->l2.ways_1g,
        [COVER_array_l2i_4k] = p->l2.split ? p->l2i.ways : 0,
        [COVER_array_l2i_2m] = p->l2.split && own_2m_i ? p->l2i.ways_2m : 0,
        [COVER_array_l2i_1g] = p->l2.split ? p->l2i.ways_1g : 0,
        [COVER_array_pde] = p->walk_cache.ways_pde,
        [COVER_array_pdpte] = p->walk_cache.ways_pdpte,
        [COVER_array_pml4e] = p->walk_cache.ways_pml4e,
        [COVER_array_pml5e] = p->walk_cache.ways_pml5e,
    };
    return ways[array];
}

/* As the values of dimension `policy`, which are those of enum replacement_policy. */
unsigned coverage_array_policy(const struct mmu_params *p, unsigned array)
{
    if (array <= COVER_array_l1i_1g)
        return p->l1i.replacement;
    if (array <= COVER_array_l1d_1g)
        return p->l1d.replacement;
    if (array <= COVER_array_l2_1g)
        return p->l2.replacement;
    return array <= COVER_array_l2i_1g ? p->l2i.replacement : p->walk_cache.replacement;
}

unsigned coverage_first_way(unsigned way_value)
{
    return way_value < 16 ? way_value : 16u << (way_value - 16);
}

bool coverage_store_exists(const struct mmu_params *p, unsigned store)
{
    if (store >= COVER_store_pde)
        return coverage_array_ways(p, COVER_array_pde + store - COVER_store_pde) > 0;
    return store != COVER_store_l2i || p->l2.split;
}

/* L1 TLBs have every size, in fragments if need be. */
bool coverage_tlb_holds(const struct mmu_params *p, unsigned tlb, unsigned size)
{
    if (tlb <= COVER_tlb_l1d || size == COVER_size_4k)
        return tlb != COVER_tlb_l2i || p->l2.split;
    if (tlb == COVER_tlb_l2)
        return size == COVER_size_1g ? p->l2.ways_1g > 0 : p->l2.shared_2m || p->l2.ways_2m;
    return p->l2.split && (size == COVER_size_1g ? p->l2i.ways_1g > 0 : p->l2i.shared_2m || p->l2i.ways_2m);
}

/*
 * Within one array a fill drops what overlaps it, but for 4 KiB and 2 MiB in a
 * shared L2 array: so two sizes need two arrays, or that one.
 */
bool coverage_holds_sizes(const struct mmu_params *p, unsigned tlb, unsigned sizes)
{
    bool l1i = tlb == COVER_tlb_l1i;
    unsigned small = sizes == COVER_sizes_2m_1g ? COVER_size_2m : COVER_size_4k;
    unsigned large = sizes == COVER_sizes_4k_2m ? COVER_size_2m : COVER_size_1g;
    if (tlb > COVER_tlb_l1d)
        return coverage_tlb_holds(p, tlb, small) && coverage_tlb_holds(p, tlb, large);
    bool unified = l1i ? p->l1i.unified : p->l1d.unified;
    bool own_2m = l1i ? p->l1i.ways_2m : p->l1d.ways_2m;
    bool own_1g = l1i ? p->l1i.ways_1g : p->l1d.ways_1g;
    if (unified)
        return false;
    if (sizes == COVER_sizes_4k_2m)
        return own_2m;
    return sizes == COVER_sizes_4k_1g ? own_1g || own_2m : own_1g;
}
