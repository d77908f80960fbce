/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_results.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench_names.h"
#include "output_file.h"

struct bench_results {
    struct output_file file;
};

struct bench_results *bench_results_open(const char *path)
{
    struct bench_results *results = calloc(1, sizeof(*results));
    if (!results) {
        fprintf(stderr, "%s: out of memory\n", path);
        return NULL;
    }
    if (output_file_open(&results->file, path)) {
        free(results);
        return NULL;
    }
    return results;
}

void bench_results_write(struct bench_results *results, const struct access_result *result)
{
    FILE *out = results->file.stream;
    const struct response *response = &result->response;
    fprintf(out,
            "{\"index\":%" PRIu64 ",\"port\":%u,\"va\":\"0x%016" PRIx64
            "\",\"kind\":\"%s\",\"mode\":\"%s\",\"ac\":%s,",
            result->index, result->port, result->va, bench_kind_name(result->attr),
            bench_mode_name(result->attr), result->attr & ATTR_AC ? "true" : "false");
    if (response->fault == FAULT_PAGE)
        fprintf(out, "\"fault\":\"page\",\"code\":%u", response->error_code);
    else if (response->fault)
        fprintf(out, "\"fault\":\"%s\"", bench_fault_name(response->fault));
    else
        fprintf(out, "\"pa\":\"0x%" PRIx64 "\",\"size\":\"%s\",\"pat\":%u", response->pa,
                bench_size_name(response->size), response->pat);
    fprintf(out, ",\"issue\":%" PRIu64 ",\"answer\":%" PRIu64 ",\"source\":\"%s\"}\n", result->issue_cycle,
            result->answer_cycle, bench_source_name(response->source));
}

int bench_results_commit(struct bench_results *results)
{
    return output_file_commit(&results->file);
}

void bench_results_close(struct bench_results *results)
{
    if (!results)
        return;
    output_file_discard(&results->file);
    free(results);
}
