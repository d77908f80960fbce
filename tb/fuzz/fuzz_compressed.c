/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed files: .zst, .xz and .gz, read in pieces of a size that the first byte chooses. */
#include <stdio.h>
#include <stdlib.h>

#include "compressed_file.h"
#include "fuzz_input.h"

enum { PIECE = 1 << 14, MAX_BYTES = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t piece[PIECE];
    if (!size)
        return 0;
    size_t wanted = data[0] ? (size_t)data[0] * 64 : 1;
    struct compressed_file *file = compressed_file_open(fuzz_input_path(data + 1, size - 1), stderr);
    if (!file)
        return 0;
    size_t limit = wanted == 1 ? PIECE : MAX_BYTES;
    ssize_t got = (ssize_t)wanted;
    for (size_t bytes = 0; got == (ssize_t)wanted && bytes < limit; bytes += wanted)
        got = compressed_file_read(file, piece, wanted);
    if (got > (ssize_t)wanted || (got < 0) != (compressed_file_error(file) != NULL))
        abort();
    compressed_file_close(file);
    return 0;
}
