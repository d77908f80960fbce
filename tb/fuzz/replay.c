/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay FILE...: runs files through the harness it is linked with, in place of
 * libFuzzer's main, once each. A crash or a hang names its file: it is the last
 * one said to begin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz_input.h"

enum { MAX_INPUT = 1 << 20, MAX_SECONDS = 10 };

int main(int argc, char **argv)
{
    static uint8_t bytes[MAX_INPUT];

    /* The readers complain of almost every input. */
    if (!freopen("/dev/null", "w", stderr))
        return 2;
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            printf("%s: cannot be read\n", argv[i]);
            return 2;
        }
        size_t size = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
        /* a copy of just this size: what reads beyond it shows under valgrind and sanitizers */
        uint8_t *copy = malloc(size ? size : 1);
        if (!copy)
            return 2;
        for (size_t at = 0; at < size; at++)
            copy[at] = bytes[at];
        printf("%s\n", argv[i]);
        fflush(stdout);
        alarm(MAX_SECONDS);
        LLVMFuzzerTestOneInput(copy, size);
        alarm(0);
        free(copy);
    }
    return 0;
}
