/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash join as databases do it: a chained hash table of the rows of one table,
 * looked up for each row of another. The table of 2^19 rows and as many buckets
 * is given huge pages if there are any (MADV_HUGEPAGE).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { ROWS = 1 << 19, BUCKETS = ROWS, PROBES = 4 * ROWS };

struct row {
    uint64_t key, value;
    uint32_t next; /* index plus one; 0: none */
    uint32_t pad;
};

struct table {
    struct row rows[ROWS];
    uint32_t buckets[BUCKETS];
};

static uint64_t hash(uint64_t key)
{
    key *= 0x9e3779b97f4a7c15u;
    return key >> 32;
}

static void build(struct table *table)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        struct row *row = &table->rows[i];
        row->key = (uint64_t)i * 3;
        row->value = i;
        uint32_t *bucket = &table->buckets[hash(row->key) % BUCKETS];
        row->next = *bucket;
        *bucket = i + 1;
    }
}

static uint64_t probe(const struct table *table, uint64_t key)
{
    uint64_t sum = 0;
    for (uint32_t at = table->buckets[hash(key) % BUCKETS]; at; at = table->rows[at - 1].next)
        if (table->rows[at - 1].key == key)
            sum += table->rows[at - 1].value;
    return sum;
}

int main(void)
{
    struct table *table =
        mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED)
        return 1;
    madvise(table, sizeof(*table), MADV_HUGEPAGE);
    build(table);
    uint64_t sum = 0, random = 1;
    for (uint32_t i = 0; i < PROBES; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        sum += probe(table, (random >> 33) % (ROWS * 6));
    }
    printf("%llu\n", (unsigned long long)sum);
    return 0;
}
