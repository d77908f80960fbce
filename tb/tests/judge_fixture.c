/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up MMU for the tests of the judge; see judge_fixture.h. */
#include "judge_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge_state.h"

void fixture_create(struct judge_fixture *fixture, unsigned maxphyaddr)
{
    struct mmu_params params;

    mmu_params_default(&params);
    params.mmu.maxphyaddr = maxphyaddr;
    params.mmu.gib_pages = 1;
    *fixture = (struct judge_fixture){.phys = phys_mem_create()};
    fixture->judge = judge_create(&params, fixture->phys);
    if (!fixture->judge) {
        fprintf(stderr, "memory is short\n");
        exit(1);
    }
}

void fixture_destroy(struct judge_fixture *fixture)
{
    judge_destroy(fixture->judge);
    phys_mem_destroy(fixture->phys);
}

struct judge_fixture fixture;

int fixture_setup(void **state)
{
    (void)state;
    fixture_create(&fixture, 40);
    fixture_map(&fixture);
    return 0;
}

int fixture_teardown(void **state)
{
    (void)state;
    fixture_destroy(&fixture);
    return 0;
}

void fixture_map(struct judge_fixture *fixture)
{
    fixture_write(fixture, ENTRY(ROOT_A), PDPT_A | TABLE_BITS);
    fixture_write(fixture, ENTRY(PDPT_A), PD_A | TABLE_BITS);
    fixture_write(fixture, ENTRY(PD_A), PT_A | TABLE_BITS);
    fixture_write(fixture, ENTRY(PT_A), FRAME | LEAF_BITS);
    fixture_write(fixture, ENTRY2(PT_A), FRAME3 | LEAF_BITS);
    fixture_write(fixture, ENTRY(ROOT_B), PDPT_B | TABLE_BITS);
    fixture_write(fixture, ENTRY(PDPT_B), PD_B | TABLE_BITS);
    fixture_write(fixture, ENTRY(PD_B), PT_B | TABLE_BITS);
    fixture_write(fixture, ENTRY(PT_B), FRAME2 | LEAF_BITS);
    fixture_op(fixture, OP_WRITE_CR3, ROOT_A);
}

void fixture_wait(struct judge_fixture *fixture, uint64_t cycles)
{
    fixture->cycle += cycles;
    judge_cycle(fixture->judge, fixture->cycle);
}

void fixture_op_accept(struct judge_fixture *fixture, struct op_req op)
{
    fixture_wait(fixture, 1);
    judge_op_accept(fixture->judge, &op);
}

void fixture_op_done(struct judge_fixture *fixture)
{
    fixture_wait(fixture, 1);
    judge_op_done(fixture->judge);
}

void fixture_op(struct judge_fixture *fixture, enum mmu_op op, uint64_t value)
{
    fixture_op_accept(fixture, (struct op_req){.op = (uint8_t)op, .value = value});
    fixture_wait(fixture, 2);
    fixture_op_done(fixture);
}

void fixture_invlpg(struct judge_fixture *fixture, uint64_t va)
{
    fixture_op_accept(fixture, (struct op_req){.op = OP_INVLPG, .va = va});
    fixture_wait(fixture, 2);
    fixture_op_done(fixture);
}

void fixture_invpcid(struct judge_fixture *fixture, uint64_t type, uint16_t pcid, uint64_t va)
{
    fixture_op_accept(fixture, (struct op_req){.op = OP_INVPCID, .value = type, .pcid = pcid, .va = va});
    fixture_wait(fixture, 2);
    fixture_op_done(fixture);
}

void fixture_write(struct judge_fixture *fixture, uint64_t addr, uint64_t value)
{
    fixture_wait(fixture, 1);
    phys_mem_write64(fixture->phys, addr, value);
}

void fixture_accept(struct judge_fixture *fixture, uint8_t tag, uint64_t va, uint8_t attr)
{
    struct access_req req = {.va = va, .attr = attr, .tag = tag};

    fixture_wait(fixture, 1);
    fixture->access[1][tag] = (struct access_result){
        .index = fixture->accesses++, .va = va, .issue_cycle = fixture->cycle, .attr = attr, .port = 1};
    judge_accept(fixture->judge, fixture->access[1][tag].index, 1, &req);
}

bool fixture_answer(struct judge_fixture *fixture, uint8_t tag, struct response response)
{
    struct access_result result = fixture->access[1][tag];

    fixture_wait(fixture, 1);
    result.answer_cycle = fixture->cycle;
    result.response = response;
    result.response.tag = tag;
    return judge_answer(fixture->judge, &result);
}

bool fixture_translates(struct judge_fixture *fixture, uint8_t tag, uint64_t pa, enum page_size size)
{
    return fixture_answer(fixture, tag, (struct response){.pa = pa, .size = (uint8_t)size});
}

bool fixture_faults(struct judge_fixture *fixture, uint8_t tag, uint8_t error_code)
{
    return fixture_answer(fixture, tag, (struct response){.fault = FAULT_PAGE, .error_code = error_code});
}

bool fixture_access_translates(struct judge_fixture *fixture, uint64_t va, uint8_t attr, uint64_t pa,
                               enum page_size size)
{
    fixture_accept(fixture, 0, va, attr);
    return fixture_translates(fixture, 0, pa, size);
}

bool fixture_access_faults(struct judge_fixture *fixture, uint64_t va, uint8_t attr, uint8_t error_code)
{
    fixture_accept(fixture, 0, va, attr);
    return fixture_faults(fixture, 0, error_code);
}

bool fixture_update(struct judge_fixture *fixture, uint64_t addr, uint64_t bits)
{
    struct mem_req req = {.addr = addr, .expected = phys_mem_read64(fixture->phys, addr), .exchange = 1};
    struct mem_resp resp = {.data = req.expected, .exchanged = 1};

    req.desired = req.expected | bits;
    fixture_wait(fixture, 1);
    phys_mem_write64(fixture->phys, addr, req.desired);
    return judge_served(fixture->judge, &req, &resp);
}

void fixture_bus_error(struct judge_fixture *fixture, uint64_t addr)
{
    struct mem_req req = {.addr = addr};
    struct mem_resp resp = {.error = 1};

    fixture_wait(fixture, 1);
    judge_served(fixture->judge, &req, &resp);
}

const char *fixture_rule(struct judge_fixture *fixture)
{
    static char rule[64];
    const char *verdict = judge_verdict(fixture->judge);

    rule[0] = 0;
    if (verdict)
        sscanf(verdict, "rule %63[^:]", rule);
    fixture->judge->broken = false;
    return rule;
}
