/* SPDX-License-Identifier: Apache-2.0 */
/* Translations known to be legal; see judge_memo.h. */
#include "judge_memo.h"

static struct judge_memo *memo_set(struct judge *judge, uint64_t key)
{
    uint64_t hash = key * 0x9e3779b97f4a7c15ull;

    return &judge->memos[(hash >> 48) % JUDGE_MEMO_SETS * JUDGE_MEMO_WAYS];
}

static uint64_t memo_key(uint64_t va, uint16_t pcid)
{
    return 1ull << 63 | (va << 7 >> 19) << 12 | pcid;
}

static bool memo_stands(struct judge *judge, struct judge_memo *memo, uint64_t va)
{
    if (memo->generation == (uint32_t)floors_generation(judge->floors))
        return true;
    bool global = memo->global && (judge->regs.cr4 & CR4_PGE);
    if (memo->moment < judge->memo_floor ||
        memo->moment < floors_leaf(judge->floors, va, memo->size, judge->pcid, global)) {
        memo->key = 0;
        return false;
    }
    memo->generation = (uint32_t)floors_generation(judge->floors);
    return true;
}

bool judge_memo_explains(struct judge *judge, const struct judge_access *access,
                         const struct response *response)
{
    uint64_t key = memo_key(access->va, judge->pcid);
    struct judge_memo *memo = memo_set(judge, key);

    for (int way = 0; way < JUDGE_MEMO_WAYS; way++, memo++) {
        if (memo->key == key && memo->frame == response->pa >> 12 && memo->size == response->size &&
            memo->pat == response->pat && ((access->va ^ response->pa) & 0xfff) == 0 &&
            ((access->attr & ATTR_KIND) != ACCESS_WRITE || memo->dirty) &&
            rules_allowed(&judge->regs, memo->rights, access->attr) && memo_stands(judge, memo, access->va))
            return true;
    }
    return false;
}

void judge_memo_add(struct judge *judge, const struct judge_access *access, const struct response *response,
                    const struct rules_outcome *outcome, uint64_t moment)
{
    uint64_t key = memo_key(access->va, judge->pcid);
    struct judge_memo *memo = memo_set(judge, key);

    /* A page fault answered meanwhile binds later accesses, which this walk must not explain. */
    if (moment < judge->memo_floor ||
        moment < floors_after_fault(judge->floors, access->va, judge->pcid, UINT64_MAX))
        return;
    if (memo->key)
        memo[1] = memo[0];
    *memo = (struct judge_memo){
        .key = key,
        .frame = response->pa >> 12,
        .moment = moment,
        .generation = (uint32_t)floors_generation(judge->floors),
        .size = outcome->size,
        .pat = outcome->pat,
        .global = outcome->global,
        .dirty = outcome->dirty,
        .rights = outcome->rights,
    };
}

void judge_memo_drop(struct judge *judge, uint64_t va)
{
    uint64_t key = memo_key(va, judge->pcid);
    struct judge_memo *memo = memo_set(judge, key);

    for (int way = 0; way < JUDGE_MEMO_WAYS; way++) {
        if (memo[way].key == key)
            memo[way].key = 0;
    }
}
