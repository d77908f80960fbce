/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations in YAML. */
#include "config.h"
#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    if (!config_open(&config, fuzz_input_path(data, size), NULL, 0))
        config_close(&config);
    return 0;
}
