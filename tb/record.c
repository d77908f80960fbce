/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "table_builder.h"

enum { RING = 1 << 22 }; /* events kept; a power of two */

struct registers {
    uint64_t value[RECORD_REGISTERS];
    bool written[RECORD_REGISTERS];
};

struct record {
    const struct phys_mem *phys;
    uint64_t count;
    struct registers now;    /* after the last operation */
    struct registers before; /* before the oldest event that is kept */
    struct record_event ring[RING];
};

struct record *record_create(void)
{
    /* Memory that is not touched costs nothing. */
    return calloc(1, sizeof(struct record));
}

void record_destroy(struct record *record)
{
    free(record);
}

static void write_register(struct registers *registers, unsigned op, uint64_t value)
{
    if (op >= RECORD_REGISTERS)
        return;
    registers->value[op] = op == OP_WRITE_CR3 ? value & ~CR3_NO_FLUSH : value;
    registers->written[op] = true;
}

static void add(struct record *record, const struct record_event *event)
{
    struct record_event *place = &record->ring[record->count++ % RING];

    if (record->count > RING && place->kind == RECORD_OP)
        write_register(&record->before, place->op, place->value);
    *place = *event;
}

static void add_found(struct record *record, uint64_t cycle, uint64_t addr, uint64_t value)
{
    add(record,
        &(struct record_event){.cycle = cycle, .kind = RECORD_FOUND, .address = addr, .value = value});
}

/* What a walk of `va` would read now: an answer that came from a TLB will need it when the TLBs start empty.
 */
static void add_walk(struct record *record, uint64_t cycle, uint64_t va)
{
    uint64_t table = record->now.value[OP_WRITE_CR3] & ENTRY_ADDRESS;

    for (unsigned level = record->now.value[OP_WRITE_CR4] & CR4_LA57 ? 5 : 4; level > 0; level--) {
        uint64_t addr = table + (va >> (3 + 9 * level) & 0x1ff) * 8;
        uint64_t entry = phys_mem_read64(record->phys, addr);

        add_found(record, cycle, addr, entry);
        if (!(entry & ENTRY_P) || (level <= 3 && entry & ENTRY_PS))
            return;
        table = entry & ENTRY_ADDRESS;
    }
}

static void add_access(struct record *record, uint64_t cycle, unsigned port, uint64_t va, uint8_t attr)
{
    add_walk(record, cycle, va);
    add(record,
        &(struct record_event){
            .cycle = cycle, .kind = RECORD_ACCESS, .address = va, .port = (uint8_t)port, .attr = attr});
}

static void add_op(struct record *record, uint64_t cycle, const struct op_req *op)
{
    write_register(&record->now, op->op, op->value);
    add(record, &(struct record_event){.cycle = cycle,
                                       .kind = RECORD_OP,
                                       .address = op->va,
                                       .value = op->value,
                                       .pcid = op->pcid,
                                       .op = op->op});
}

static void add_served(struct record *record, const struct event *event)
{
    struct record_event *last = &record->ring[(record->count - 1) % RING];

    if (event->memory.error)
        add(record, &(struct record_event){
                        .cycle = event->cycle, .kind = RECORD_ERROR, .address = event->memory.addr});
    else if (!event->memory.exchanged)
        add_found(record, event->cycle, event->memory.addr, event->memory.value);
    else if (record->count > 0 && last->kind == RECORD_WRITE && last->address == event->memory.addr)
        last->kind = RECORD_UPDATE; /* the change was told just before */
}

static void hear(void *self, const struct event *event)
{
    struct record *record = self;

    switch (event->kind) {
    case EVENT_ACCEPT:
        add_access(record, event->cycle, event->port, event->va, event->attr);
        break;
    case EVENT_OP:
        add_op(record, event->cycle, &event->op);
        break;
    case EVENT_WRITE:
        add(record, &(struct record_event){.cycle = event->cycle,
                                           .kind = RECORD_WRITE,
                                           .address = event->memory.addr,
                                           .value = event->memory.value,
                                           .before = event->memory.expected});
        break;
    case EVENT_MEM_RESP:
        add_served(record, event);
        break;
    default:
        break;
    }
}

struct event_listener record_start(struct record *record, const struct phys_mem *phys)
{
    record->phys = phys;
    record->count = 0;
    record->now = record->before = (struct registers){0};
    return (struct event_listener){.self = record, .event = hear};
}

void record_offered(struct record *record, uint64_t cycle, const struct stimulus_offer *offer)
{
    if (offer->op_valid)
        add_op(record, cycle, &offer->op);
    for (unsigned p = 0; p < MMU_MAX_PORTS; p++)
        if (offer->req_valid >> p & 1)
            add_access(record, cycle, p, offer->req[p].va, offer->req[p].attr);
}

bool record_is_cut(const struct record *record)
{
    return record->count > RING;
}

size_t record_count(const struct record *record)
{
    return record_is_cut(record) ? RING : (size_t)record->count;
}

const struct record_event *record_at(const struct record *record, size_t index)
{
    return &record->ring[(record->count - record_count(record) + index) % RING];
}

void record_registers(const struct record *record, size_t index, uint64_t value[RECORD_REGISTERS],
                      bool written[RECORD_REGISTERS])
{
    struct registers registers = record->before;

    for (size_t i = 0; i < index; i++) {
        const struct record_event *event = record_at(record, i);

        if (event->kind == RECORD_OP)
            write_register(&registers, event->op, event->value);
    }
    memcpy(value, registers.value, sizeof(registers.value));
    memcpy(written, registers.written, sizeof(registers.written));
}
