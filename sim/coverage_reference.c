/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_reference.h"

#include "coverage_table.h"

static void print_values(const struct coverage_dimension *dimension, FILE *out)
{
    fprintf(out, "| `%s` | %s | ", dimension->name, dimension->meaning);
    for (unsigned i = 0; i < dimension->count; i++)
        fprintf(out, "%s`%s`", i > 0 ? " " : "", dimension->values[i]);
    fputs(" |\n", out);
}

/* No group before this one has the dimension. */
static bool is_new(unsigned group, unsigned dimension)
{
    const struct coverage_dimension *wanted = coverage_group(group)->dimensions[dimension];

    for (unsigned g = 0; g <= group; g++)
        for (unsigned i = 0; i < coverage_group(g)->dimension_count && (g < group || i < dimension); i++)
            if (coverage_group(g)->dimensions[i] == wanted)
                return false;
    return true;
}

static unsigned unreachable_points(const struct coverage_group_info *group)
{
    unsigned count = 0;

    for (unsigned i = group->first; i < group->first + group->count; i++)
        count += coverage_unreachable(i) != NULL;
    return count;
}

static void print_rules(bool (*rule_of)(unsigned, struct coverage_rule *), FILE *out)
{
    struct coverage_rule rule;

    for (unsigned i = 0; rule_of(i, &rule); i++)
        fprintf(out, "| %s | %s%s%s | %s |\n", coverage_group(rule.group)->name, rule.pattern[0] ? "`" : "",
                rule.pattern[0] ? rule.pattern : "all", rule.pattern[0] ? "`" : "", rule.text);
}

void coverage_reference_print(FILE *out)
{
    unsigned unreachable = 0;

    for (unsigned g = 0; g < COVERAGE_GROUPS; g++)
        unreachable += unreachable_points(coverage_group(g));
    fprintf(
        out,
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        "<!-- Made by `make docs` from tb/coverage.def and what it includes. -->\n\n"
        "# Points of functional coverage\n\n"
        "%d points in %d groups, of which %u are unreachable. What they are for, how they are sampled and\n"
        "reported: [coverage.md](coverage.md).\n\n"
        "## Groups\n\nA group has a point for each combination of values of its dimensions.\n\n"
        "| group | dimensions | points | unreachable | what is counted |\n|---|---|---|---|---|\n",
        COVERAGE_POINTS, COVERAGE_GROUPS, unreachable);
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++) {
        const struct coverage_group_info *group = coverage_group(g);

        fprintf(out, "| %s |", group->name);
        for (unsigned i = 0; i < group->dimension_count; i++)
            fprintf(out, "%s %s", i > 0 ? "," : "", group->dimensions[i]->name);
        fprintf(out, " | %u | %u | %s |\n", group->count, unreachable_points(group), group->text);
    }
    fputs("\n## Dimensions\n\n| dimension | meaning | values |\n|---|---|---|\n", out);
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++)
        for (unsigned i = 0; i < coverage_group(g)->dimension_count; i++)
            if (is_new(g, i))
                print_values(coverage_group(g)->dimensions[i], out);
    fputs("\n## Unreachable\n\n"
          "A point that one of these rules names and that is hit all the same is an error.\n\n"
          "| group | points | why |\n|---|---|---|\n",
          out);
    print_rules(coverage_unreachable_rule, out);
    fputs("\n## Not in every configuration\n\n"
          "These points exist only in configurations that have what is needed.\n\n"
          "| group | points | needs |\n|---|---|---|\n",
          out);
    print_rules(coverage_needs_rule, out);
}
