/* SPDX-License-Identifier: Apache-2.0 */
#include "prologue.h"

#include <string.h>

unsigned prologue_of_image(const struct image *image, struct op_req *ops)
{
    if (!image || !image->has_registers)
        return 0;
    /* CR3 after CR4: bits 11:0 are a PCID only with CR4.PCIDE */
    const struct op_req order[PROLOGUE_MAX_OPS] = {
        {.op = OP_WRITE_CR0, .value = image->cr0},   {.op = OP_WRITE_EFER, .value = image->efer},
        {.op = OP_WRITE_CR4, .value = image->cr4},   {.op = OP_WRITE_CR3, .value = image->cr3},
        {.op = OP_WRITE_PKRU, .value = image->pkru}, {.op = OP_WRITE_PKRS, .value = image->pkrs},
    };
    memcpy(ops, order, sizeof(order));
    return PROLOGUE_MAX_OPS;
}
