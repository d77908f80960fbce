/* SPDX-License-Identifier: Apache-2.0 */
/* Replacement policies: LRU against a list, the others against what replacement.h says of their state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "random_source.h"
#include "replacement.h"

enum { TOUCHES = 400, LARGEST = 72 };

static struct replacement make(enum replacement_policy policy, unsigned ways, uint8_t *state)
{
    struct replacement r;
    replacement_init(&r, policy, ways);
    assert_in_range(r.state_bytes, 0, REPLACEMENT_MAX_WAYS);
    replacement_reset(&r, state);
    return r;
}

/* Moves `way` to the front of a list of all ways, the most recently used first. */
static void use(uint8_t *list, unsigned ways, uint8_t way)
{
    unsigned at = 0;
    while (list[at] != way)
        at++;
    assert_true(at < ways);
    memmove(list + 1, list, at);
    list[0] = way;
}

/* After reset way 0 counts as used last, the highest way as used first. */
static void lru_is_a_list(void **unused)
{
    struct random_source random;

    (void)unused;
    random_seed(&random, 1);
    for (unsigned ways = 1; ways <= REPLACEMENT_MAX_WAYS; ways++) {
        uint8_t state[REPLACEMENT_MAX_WAYS], list[REPLACEMENT_MAX_WAYS] = {0};
        struct replacement r = make(POLICY_LRU, ways, state);
        for (unsigned way = 0; way < ways; way++)
            list[way] = (uint8_t)way;
        for (unsigned i = 0; i < TOUCHES; i++) {
            assert_int_equal(replacement_victim(&r, state, (uint16_t)i), list[ways - 1]);
            uint8_t way = (uint8_t)random_below(&random, ways);
            replacement_touch(&r, state, way);
            use(list, ways, way);
        }
    }
}

/* An age per way, 0 the most recently used. */
static void lru_ages_are_places_in_the_list(void **unused)
{
    static const uint8_t touched[] = {3, 1, 4, 1, 0, 5, 2};
    uint8_t state[REPLACEMENT_MAX_WAYS], list[] = {0, 1, 2, 3, 4, 5};
    struct replacement r = make(POLICY_LRU, 6, state);

    (void)unused;
    for (size_t i = 0; i < sizeof touched; i++) {
        replacement_touch(&r, state, touched[i]);
        use(list, 6, touched[i]);
        for (uint8_t age = 0; age < 6; age++)
            assert_int_equal(state[list[age]], age);
    }
}

/* The tree by recursion: of the ways in [first, first + span), which one to evict. */
struct tree {
    bool right[REPLACEMENT_MAX_WAYS]; /* by the node's number, 1 is the root */
};

static unsigned tree_victim(const struct tree *tree, unsigned node, unsigned first, unsigned span,
                            unsigned ways)
{
    if (span == 1)
        return first;
    unsigned half = span / 2;
    if (tree->right[node] && first + half < ways)
        return tree_victim(tree, 2 * node + 1, first + half, half, ways);
    return tree_victim(tree, 2 * node, first, half, ways);
}

static void tree_use(struct tree *tree, unsigned node, unsigned first, unsigned span, unsigned way)
{
    if (span == 1)
        return;
    unsigned half = span / 2;
    bool on_the_right = way >= first + half;
    tree->right[node] = !on_the_right;
    tree_use(tree, 2 * node + on_the_right, on_the_right ? first + half : first, half, way);
}

static void plru_is_a_tree(void **unused)
{
    struct random_source random;

    (void)unused;
    random_seed(&random, 2);
    for (unsigned ways = 1; ways <= REPLACEMENT_MAX_WAYS; ways++) {
        uint8_t state[REPLACEMENT_MAX_WAYS];
        struct tree tree = {{false}};
        struct replacement r = make(POLICY_PLRU, ways, state);
        unsigned span = 1;
        while (span < ways)
            span *= 2;
        for (unsigned i = 0; i < TOUCHES; i++) {
            unsigned victim = replacement_victim(&r, state, (uint16_t)i), way = random_below(&random, ways);
            assert_true(victim < ways);
            assert_int_equal(victim, tree_victim(&tree, 1, 0, span, ways));
            replacement_touch(&r, state, way);
            tree_use(&tree, 1, 0, span, way);
            if (ways > 1)
                assert_int_not_equal(replacement_victim(&r, state, 0), way);
        }
    }
}

/* Whatever the ways were before: filling victim after victim, a power of two of ways comes round to all. */
static void plru_visits_every_way(void **unused)
{
    struct random_source random;

    (void)unused;
    random_seed(&random, 3);
    for (unsigned ways = 1; ways <= REPLACEMENT_MAX_WAYS; ways *= 2) {
        uint8_t state[REPLACEMENT_MAX_WAYS];
        bool seen[REPLACEMENT_MAX_WAYS] = {false};
        struct replacement r = make(POLICY_PLRU, ways, state);
        for (unsigned i = 0; i < 50; i++)
            replacement_touch(&r, state, random_below(&random, ways));
        for (unsigned i = 0; i < ways; i++) {
            unsigned victim = replacement_victim(&r, state, 0);
            assert_false(seen[victim]);
            seen[victim] = true;
            replacement_touch(&r, state, victim);
        }
    }
}

/* A bit per way used since all of them were; the lowest way without it is the victim. */
static void nru_is_a_set(void **unused)
{
    struct random_source random;

    (void)unused;
    random_seed(&random, 4);
    for (unsigned ways = 1; ways <= REPLACEMENT_MAX_WAYS; ways++) {
        uint8_t state[REPLACEMENT_MAX_WAYS];
        bool used[REPLACEMENT_MAX_WAYS] = {false};
        unsigned count = 0;
        struct replacement r = make(POLICY_NRU, ways, state);
        for (unsigned i = 0; i < TOUCHES; i++) {
            unsigned victim = 0;
            while (victim + 1 < ways && used[victim])
                victim++;
            assert_int_equal(replacement_victim(&r, state, (uint16_t)i), victim);

            unsigned way = random_below(&random, ways);
            replacement_touch(&r, state, way);
            count += !used[way];
            used[way] = true;
            if (count == ways) {
                memset(used, 0, sizeof used);
                used[way] = true;
                count = 1;
            }
        }
    }
}

/* No state; every way can be the victim, none beyond the ways is. */
static void random_follows_the_lfsr(void **unused)
{
    (void)unused;
    for (unsigned ways = 1; ways <= LARGEST; ways++) {
        uint8_t state[REPLACEMENT_MAX_WAYS];
        unsigned seen[LARGEST] = {0};
        struct replacement r = make(POLICY_RANDOM, ways, state);
        uint16_t lfsr = LFSR_RESET;
        assert_int_equal(r.state_bytes, 0);
        for (unsigned i = 0; i < 50 * ways; i++) {
            unsigned victim = replacement_victim(&r, state, lfsr);
            assert_true(victim < ways);
            seen[victim]++;
            replacement_touch(&r, state, victim);
            lfsr = lfsr_next(lfsr);
        }
        for (unsigned way = 0; way < ways; way++)
            assert_int_not_equal(seen[way], 0);
    }
}

/* A maximal LFSR of 16 bits: every state but 0 once. */
static void lfsr_has_the_longest_period(void **unused)
{
    uint16_t lfsr = LFSR_RESET;
    unsigned period = 0;

    (void)unused;
    do {
        lfsr = lfsr_next(lfsr);
        period++;
        assert_int_not_equal(lfsr, 0);
    } while (lfsr != LFSR_RESET);
    assert_int_equal(period, 65535);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lru_is_a_list),
        cmocka_unit_test(lru_ages_are_places_in_the_list),
        cmocka_unit_test(plru_is_a_tree),
        cmocka_unit_test(plru_visits_every_way),
        cmocka_unit_test(nru_is_a_set),
        cmocka_unit_test(random_follows_the_lfsr),
        cmocka_unit_test(lfsr_has_the_longest_period),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
