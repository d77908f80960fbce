/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts: every one is parsed; one without loops is also played on the C model
 * of the default configuration, judged, for a bounded time.
 */
#include <stdlib.h>

#include "bench.h"
#include "fuzz_input.h"
#include "script.h"

enum { MAX_PLAYED = 200, MAX_CYCLES = 5000, EXIT_INTERNAL = 3 };

/* What a loop or the filling of a range costs is the script's choice, not the reader's. */
static bool is_short(const struct script *script)
{
    if (script->statement_count > MAX_PLAYED)
        return false;
    for (size_t i = 0; i < script->statement_count; i++)
        if (script->statements[i].kind == STATEMENT_REPEAT)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mmu_params params;
    struct bench_params bench;
    const char *path = fuzz_input_path(data, size);

    mmu_params_default(&params);
    bench_params_default(&bench);
    struct script *script = script_parse(path, &params);
    bool play = script && is_short(script);
    if (script)
        script_free(script);
    if (!play)
        return 0;
    struct bench_options options = bench_defaults(&params, &bench, ENGINE_MODEL);
    options.script = path;
    options.judge = true;
    options.quiet = true;
    options.cycles = MAX_CYCLES;
    if (bench_run(&options) == EXIT_INTERNAL)
        abort();
    return 0;
}
