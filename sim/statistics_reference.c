/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of all statistics, docs/statistics.md, from the tables that define them. */
#include "statistics_reference.h"

#include <stdbool.h>
#include <string.h>

struct statistic {
    const char *name; /* "section.name" */
    const char *per;  /* what it has a value for each of; "": it is one value */
    const char *description;
};

#define SIZES   "page size"
#define LEVELS  "level"
#define BUCKETS "histogram"

static const struct statistic statistics[] = {
#define BENCH_STAT(name, value, description) {name, "", description},
#define BENCH_REAL(name, value, description) {name, "", description},
#include "bench_stats.def"
#define STAT(section, name, description)           {#section "." #name, "", description},
#define STAT_SIZES(section, name, description)     {#section "." #name, SIZES, description},
#define STAT_LEVELS(section, name, description)    {#section "." #name, LEVELS, description},
#define STAT_HISTOGRAM(section, name, description) {#section "." #name, BUCKETS, description},
#include "stats.def"
};

static bool starts_section(size_t index)
{
    const char *name = statistics[index].name;
    size_t length = strcspn(name, ".") + 1;
    return index == 0 || strncmp(name, statistics[index - 1].name, length) != 0;
}

void statistics_reference_print(FILE *out)
{
    fprintf(
        out,
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        "<!-- Made by `make docs` from tb/bench_stats.def and cmodel/stats.def. -->\n\n"
        "# Statistics reference\n\n"
        "`twinwalk run --stats FILE` writes one `name value # description` a line, `--json FILE` the same\n"
        "as nested objects: `l1d.hits.4k` is member `4k` of `hits` of `l1d`. Sections `bench` and `memory`\n"
        "are counted by the bench, whatever the engine. All others are counted by the C model and are left\n"
        "out with `--engine rtl`. A statistic with several values has a part for each behind its name:\n\n"
        "- page sizes: `.4k`, `.2m`, `.1g`;\n"
        "- levels of the walk caches: `.pde`, `.pdpte`, `.pml4e`, `.pml5e`;\n"
        "- histograms: the range of values that a bucket counts, `.0`, `.1`, `.2-3` and so on by powers of "
        "two\n"
        "  up to `.16384+`.\n\n"
        "`bench.walk_answers` and `walker.walks` differ: one walk may answer several accesses, a walk that\n"
        "is given up answers none, and one that ends in a fault is no translation.\n");
    for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++) {
        const struct statistic *s = &statistics[i];
        if (starts_section(i))
            fprintf(out, "\n## %.*s\n\n| statistic | one for each | meaning |\n|---|---|---|\n",
                    (int)strcspn(s->name, "."), s->name);
        fprintf(out, "| `%s` | %s | %s |\n", s->name, s->per, s->description);
    }
}
