/* SPDX-License-Identifier: Apache-2.0 */
/* Registers beside an image: "name value" lines, and what QEMU's monitor prints. */
#include "fuzz_input.h"
#include "image_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image image = {0};
    image_read_registers(&image, fuzz_input_path(data, size));
    return 0;
}
