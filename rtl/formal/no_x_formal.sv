// SPDX-License-Identifier: Apache-2.0
//
// No X after reset, of the whole MMU: two copies that began with different
// contents of every register cannot be told apart. The arrays are those of
// contract/tlb_array.sv; of two that are used alike tlb_array/no_x says that
// they answer alike, so those of the two copies answer the same here
// (.ci/formal), and that they are used alike is proved. Signals marked "=" are
// those inside.
module no_x_formal #(
    parameter int Entries = 4,
    parameter int Latency = 2,
    parameter int Walkers = 2
) (
    input logic clk_i,
    input logic [1:0] req_valid_i,
    input logic [127:0] req_va_i,
    input logic [9:0] req_attr_i,
    input logic [11:0] req_tag_i,
    input logic op_valid_i,
    input logic [2:0] op_i,
    input logic [63:0] op_value_i,
    input logic [63:0] op_va_i,
    input logic [11:0] op_pcid_i,
    input logic mem_req_ready_i,
    input logic mem_resp_valid_i,
    input logic [2:0] mem_resp_tag_i,
    input logic [63:0] mem_resp_data_i,
    input logic mem_resp_error_i,
    input logic mem_resp_exchanged_i
);
  localparam int EntryW = $clog2(Entries);
  localparam int WalkerW = Walkers > 1 ? $clog2(Walkers) : 1;

  logic rst_n = 1'b0;
  always_ff @(posedge clk_i) rst_n <= 1'b1;

  for (genvar i = 0; i < 2; i++) begin : copy
    logic [1:0] req_ready, resp_valid;
    logic [11:0] resp_tag, resp_code;
    logic [127:0] resp_pa;
    logic [3:0] resp_fault, resp_size, resp_source;
    logic [5:0] resp_pat;
    logic op_ready, op_done;
    logic mem_req_valid, mem_req_exchange, mem_resp_ready;
    logic [2:0] mem_req_tag;
    logic [51:0] mem_req_addr;
    logic [63:0] mem_req_expected, mem_req_desired;
    mmu #(
        .DataPorts(1),
        .MissQueueEntries(Entries),
        .L1iUnified(1),
        .L1iSets4k(1),
        .L1iWays4k(1),
        .L1dUnified(1),
        .L1dSets4k(1),
        .L1dWays4k(1),
        .L2Latency(Latency),
        .L2Sets(2),
        .L2Ways(1),
        .L2Shared2m(1),
        .L2Ways1g(1),
        .WcWaysPml5e(1),
        .WcWaysPml4e(1),
        .WcWaysPdpte(1),
        .WcSetsPde(1),
        .WcWaysPde(1),
        .Walkers(Walkers)
    ) dut (
        .clk_i,
        .rst_ni(rst_n),
        .req_valid_i,
        .req_ready_o(req_ready),
        .req_va_i,
        .req_attr_i,
        .req_tag_i,
        .resp_valid_o(resp_valid),
        .resp_tag_o(resp_tag),
        .resp_pa_o(resp_pa),
        .resp_fault_o(resp_fault),
        .resp_code_o(resp_code),
        .resp_size_o(resp_size),
        .resp_pat_o(resp_pat),
        .resp_source_o(resp_source),
        .op_valid_i,
        .op_ready_o(op_ready),
        .op_i,
        .op_value_i,
        .op_va_i,
        .op_pcid_i,
        .op_done_o(op_done),
        .mem_req_valid_o(mem_req_valid),
        .mem_req_ready_i,
        .mem_req_exchange_o(mem_req_exchange),
        .mem_req_tag_o(mem_req_tag),
        .mem_req_addr_o(mem_req_addr),
        .mem_req_expected_o(mem_req_expected),
        .mem_req_desired_o(mem_req_desired),
        .mem_resp_valid_i,
        .mem_resp_ready_o(mem_resp_ready),
        .mem_resp_tag_i,
        .mem_resp_data_i,
        .mem_resp_error_i,
        .mem_resp_exchanged_i
    );
    // Cleared by reset: the same always.
    logic [2:0] state_q;  // = copy[*].dut.u_control.state_q
    logic [2:0] resume_q;  // = copy[*].dut.u_control.resume_q
    logic dropping_q;  // = copy[*].dut.u_control.dropping_q
    logic blocking_q;  // = copy[*].dut.u_control.blocking_q
    logic progress_owed_q;  // = copy[*].dut.u_control.progress_owed_q
    logic [2:0] op_q;  // = copy[*].dut.u_control.op_q
    logic [3:0] flags_q;  // = copy[*].dut.u_control.flags_q
    logic [11:0] pcid_q;  // = copy[*].dut.u_control.pcid_q
    logic [63:0] value_q;  // = copy[*].dut.u_control.value_q
    logic [63:0] op_va_q;  // = copy[*].dut.u_control.va_q
    logic [9:0] sweep_set_q;  // = copy[*].dut.u_control.sweep_set_q
    logic [63:0] cr3_q;  // = copy[*].dut.u_control.cr3_q
    logic [9:0] mode_q;  // = copy[*].dut.u_control.mode_q
    logic [31:0] pkru_q;  // = copy[*].dut.u_control.pkru_q
    logic [31:0] pkrs_q;  // = copy[*].dut.u_control.pkrs_q
    logic [1:0] lookup_valid_q;  // = copy[*].dut.u_lookup_stage.lookup_valid_q
    logic [1:0] answer_valid_q;  // = copy[*].dut.u_miss_queue.answer_valid_q
    logic [Entries-1:0] pend_q;  // = copy[*].dut.u_miss_queue.pend_q
    logic [Entries-1:0] merged_q;  // = copy[*].dut.u_miss_queue.merged_q
    logic [Entries-1:0] lookup_q;  // = copy[*].dut.u_miss_queue.lookup_q
    logic [Entries-1:0] walk_pend_q;  // = copy[*].dut.u_miss_queue.walk_pend_q
    logic [Entries-1:0] walk_q;  // = copy[*].dut.u_miss_queue.walk_q
    logic [Entries-1:0] answer_q;  // = copy[*].dut.u_miss_queue.answer_q
    logic [Entries-1:0] skip_l2_q;  // = copy[*].dut.u_miss_queue.skip_l2_q
    logic [Entries-1:0] from_root_q;  // = copy[*].dut.u_miss_queue.from_root_q
    logic [2*Entries-1:0] port_q;  // = copy[*].dut.u_miss_queue.port_q[2 x Entries]
    logic fetch_busy_q;  // = copy[*].dut.u_miss_queue.fetch_busy_q
    logic [Latency-1:0] pipe_valid_q;  // = copy[*].dut.u_miss_queue.pipe_valid_q
    logic [Latency*5-1:0] pipe_id_q;  // = copy[*].dut.u_miss_queue.pipe_id_q
    logic [EntryW-1:0] next_issue_q;  // = copy[*].dut.u_miss_queue.next_issue_q
    logic [EntryW-1:0] next_walk_q;  // = copy[*].dut.u_miss_queue.next_walk_q
    logic [Walkers-1:0] request_q;  // = copy[*].dut.u_page_walker.request_q
    logic [Walkers-1:0] wait_q;  // = copy[*].dut.u_page_walker.wait_q
    logic [Walkers-1:0] drain_q;  // = copy[*].dut.u_page_walker.drain_q
    logic [Walkers-1:0] exchange_q;  // = copy[*].dut.u_page_walker.exchange_q
    logic [Walkers-1:0] from_cache_q;  // = copy[*].dut.u_page_walker.from_cache_q
    logic [WalkerW-1:0] next_q;  // = copy[*].dut.u_page_walker.next_q
    logic result_valid;  // = copy[*].dut.u_page_walker.result_valid_q
    // Words that mean something at times.
    logic [127:0] lookup_va_q;  // = copy[*].dut.u_lookup_stage.lookup_va_q
    logic [9:0] lookup_attr_q;  // = copy[*].dut.u_lookup_stage.lookup_attr_q
    logic [11:0] lookup_tag_q;  // = copy[*].dut.u_lookup_stage.lookup_tag_q
    logic [11:0] answer_tag_q;  // = copy[*].dut.u_miss_queue.answer_tag_q
    logic [127:0] answer_pa_q;  // = copy[*].dut.u_miss_queue.answer_pa_q
    logic [29:0] answer_word_q;  // = copy[*].dut.u_miss_queue.answer_word_q
    logic [Entries*64-1:0] va_q;  // = copy[*].dut.u_miss_queue.va_q[Entries x 64]
    logic [Entries*5-1:0] attr_q;  // = copy[*].dut.u_miss_queue.attr_q[Entries x 5]
    logic [Entries*6-1:0] tag_q;  // = copy[*].dut.u_miss_queue.tag_q[Entries x 6]
    logic [Entries*5-1:0] leader_q;  // = copy[*].dut.u_miss_queue.leader_q[Entries x 5]
    logic [Entries*63-1:0] result_q;  // = copy[*].dut.u_miss_queue.result_q[Entries x 63]
    logic [Walkers*3-1:0] level_q;  // = copy[*].dut.u_page_walker.level_q[Walkers x 3]
    logic [Walkers*5-1:0] entry_id_q;  // = copy[*].dut.u_page_walker.entry_id_q[Walkers x 5]
    logic [Walkers*51-1:0] table_q;  // = copy[*].dut.u_page_walker.table_q[Walkers x 51]
    logic [Walkers*64-1:0] walk_va_q;  // = copy[*].dut.u_page_walker.va_q[Walkers x 64]
    logic [Walkers*5-1:0] walk_attr_q;  // = copy[*].dut.u_page_walker.attr_q[Walkers x 5]
    logic [Walkers*64-1:0] expected_q;  // = copy[*].dut.u_page_walker.expected_q[Walkers x 64]
    logic [Walkers*64-1:0] desired_q;  // = copy[*].dut.u_page_walker.desired_q[Walkers x 64]
    logic [4:0] result_id;  // = copy[*].dut.u_page_walker.result_id_q
    logic [1:0] result_fault;  // = copy[*].dut.u_page_walker.result_fault_q
    logic [5:0] result_code;  // = copy[*].dut.u_page_walker.result_code_q
    logic [59:0] result_tag;  // = copy[*].dut.u_page_walker.result_tag_q
    logic [50:0] result_data;  // = copy[*].dut.u_page_walker.result_data_q

    logic [11:0] pcid;  // = copy[*].dut.pcid
    logic fault_waiting;  // = copy[*].dut.fault_waiting
    logic [5:0] used;  // = copy[*].dut.used
    logic [8*242-1:0] told;  // to the arrays

    logic [Walkers-1:0] in_memory, active;
    logic [Entries-1:0] valid;
    logic sound;
    mmu_states #(
        .Entries(Entries),
        .Latency(Latency),
        .Walkers(Walkers)
    ) states (
        .clk_i,
        .rst_n,
        .state_q,
        .resume_q,
        .dropping_q,
        .blocking_q,
        .pcid,
        .fault_waiting,
        .lookup_valid(lookup_valid_q),
        .answer_valid(answer_valid_q),
        .used,
        .fetch_busy(fetch_busy_q),
        .pend_q,
        .merged_q,
        .lookup_q,
        .walk_pend_q,
        .walk_q,
        .answer_q,
        .pipe_valid_q,
        .pipe_id_q,
        .port_q,
        .request_q,
        .wait_q,
        .drain_q,
        .entry_id_q,
        .level_q,
        .result_valid,
        .result_id,
        .result_fault,
        .result_tag,
        .mem_req_valid,
        .mem_req_tag,
        .mem_req_ready_i,
        .mem_resp_valid_i,
        .mem_resp_ready,
        .mem_resp_tag_i,
        .in_memory,
        .active,
        .valid,
        .sound
    );
  end

  logic [59:0] no_key;  // that the arrays watch
  assign no_key = '0;

  // Registers that reset clears, and words where they mean something.
  logic cleared, meant;
  assign cleared =
      copy[0].state_q == copy[1].state_q && copy[0].resume_q == copy[1].resume_q &&
      copy[0].dropping_q == copy[1].dropping_q && copy[0].blocking_q == copy[1].blocking_q &&
      copy[0].progress_owed_q == copy[1].progress_owed_q && copy[0].op_q == copy[1].op_q &&
      copy[0].flags_q == copy[1].flags_q && copy[0].pcid_q == copy[1].pcid_q &&
      copy[0].value_q == copy[1].value_q && copy[0].op_va_q == copy[1].op_va_q &&
      copy[0].sweep_set_q == copy[1].sweep_set_q && copy[0].cr3_q == copy[1].cr3_q &&
      copy[0].mode_q == copy[1].mode_q && copy[0].pkru_q == copy[1].pkru_q &&
      copy[0].pkrs_q == copy[1].pkrs_q && copy[0].lookup_valid_q == copy[1].lookup_valid_q &&
      copy[0].answer_valid_q == copy[1].answer_valid_q && copy[0].pend_q == copy[1].pend_q &&
      copy[0].merged_q == copy[1].merged_q && copy[0].lookup_q == copy[1].lookup_q &&
      copy[0].walk_pend_q == copy[1].walk_pend_q && copy[0].walk_q == copy[1].walk_q &&
      copy[0].answer_q == copy[1].answer_q && copy[0].skip_l2_q == copy[1].skip_l2_q &&
      copy[0].from_root_q == copy[1].from_root_q && copy[0].port_q == copy[1].port_q &&
      copy[0].fetch_busy_q == copy[1].fetch_busy_q && copy[0].pipe_valid_q == copy[1].pipe_valid_q &&
      copy[0].pipe_id_q == copy[1].pipe_id_q && copy[0].next_issue_q == copy[1].next_issue_q &&
      copy[0].next_walk_q == copy[1].next_walk_q && copy[0].request_q == copy[1].request_q &&
      copy[0].wait_q == copy[1].wait_q && copy[0].drain_q == copy[1].drain_q &&
      copy[0].exchange_q == copy[1].exchange_q && copy[0].from_cache_q == copy[1].from_cache_q &&
      copy[0].next_q == copy[1].next_q && copy[0].result_valid == copy[1].result_valid &&
      copy[0].mem_req_valid == copy[1].mem_req_valid;
  always_comb begin
    meant = 1'b1;
    for (int p = 0; p < 2; p++) begin
      if (copy[0].lookup_valid_q[p])
        if (copy[0].lookup_va_q[p*64+:64] != copy[1].lookup_va_q[p*64+:64] ||
            copy[0].lookup_attr_q[p*5+:5] != copy[1].lookup_attr_q[p*5+:5] ||
            copy[0].lookup_tag_q[p*6+:6] != copy[1].lookup_tag_q[p*6+:6])
          meant = 1'b0;
      if (copy[0].answer_valid_q[p])
        if (copy[0].answer_tag_q[p*6+:6] != copy[1].answer_tag_q[p*6+:6] ||
            copy[0].answer_pa_q[p*64+:64] != copy[1].answer_pa_q[p*64+:64] ||
            copy[0].answer_word_q[p*15+:15] != copy[1].answer_word_q[p*15+:15])
          meant = 1'b0;
    end
    for (int e = 0; e < Entries; e++) begin
      if (copy[0].valid[e])
        if (copy[0].va_q[e*64+:64] != copy[1].va_q[e*64+:64] || copy[0].attr_q[e*5+:5] != copy[1].attr_q[e*5+:5] ||
            copy[0].tag_q[e*6+:6] != copy[1].tag_q[e*6+:6])
          meant = 1'b0;
      if (copy[0].merged_q[e] && copy[0].leader_q[e*5+:5] != copy[1].leader_q[e*5+:5]) meant = 1'b0;
      if (copy[0].answer_q[e] && copy[0].result_q[e*63+:63] != copy[1].result_q[e*63+:63]) meant = 1'b0;
    end
    for (int w = 0; w < Walkers; w++) begin
      if (copy[0].active[w])
        if (copy[0].level_q[w*3+:3] != copy[1].level_q[w*3+:3] ||
            copy[0].entry_id_q[w*5+:5] != copy[1].entry_id_q[w*5+:5] ||
            copy[0].table_q[w*51+:51] != copy[1].table_q[w*51+:51] ||
            copy[0].walk_va_q[w*64+:64] != copy[1].walk_va_q[w*64+:64] ||
            copy[0].walk_attr_q[w*5+:5] != copy[1].walk_attr_q[w*5+:5])
          meant = 1'b0;
      if (copy[0].active[w] && copy[0].exchange_q[w])
        if (copy[0].expected_q[w*64+:64] != copy[1].expected_q[w*64+:64] ||
            copy[0].desired_q[w*64+:64] != copy[1].desired_q[w*64+:64])
          meant = 1'b0;
    end
    if (copy[0].result_valid)
      if (copy[0].result_id != copy[1].result_id || copy[0].result_fault != copy[1].result_fault ||
          copy[0].result_code != copy[1].result_code || copy[0].result_tag != copy[1].result_tag ||
          copy[0].result_data != copy[1].result_data)
        meant = 1'b0;
  end

  // What can be seen from outside, and what the arrays are told.
  logic seen;
  always_comb begin
    seen = copy[0].req_ready == copy[1].req_ready && copy[0].resp_valid == copy[1].resp_valid &&
           copy[0].op_ready == copy[1].op_ready && copy[0].op_done == copy[1].op_done &&
           copy[0].mem_req_valid == copy[1].mem_req_valid && copy[0].mem_resp_ready == copy[1].mem_resp_ready;
    for (int p = 0; p < 2; p++)
      if (copy[0].resp_valid[p])
        if (copy[0].resp_tag[p*6+:6] != copy[1].resp_tag[p*6+:6] ||
            copy[0].resp_pa[p*64+:64] != copy[1].resp_pa[p*64+:64] ||
            copy[0].resp_fault[p*2+:2] != copy[1].resp_fault[p*2+:2] ||
            copy[0].resp_code[p*6+:6] != copy[1].resp_code[p*6+:6] ||
            copy[0].resp_size[p*2+:2] != copy[1].resp_size[p*2+:2] ||
            copy[0].resp_source[p*2+:2] != copy[1].resp_source[p*2+:2] ||
            copy[0].resp_pat[p*3+:3] != copy[1].resp_pat[p*3+:3])
          seen = 1'b0;
    if (copy[0].mem_req_valid)
      if (copy[0].mem_req_tag != copy[1].mem_req_tag || copy[0].mem_req_addr != copy[1].mem_req_addr ||
          copy[0].mem_req_exchange != copy[1].mem_req_exchange ||
          copy[0].mem_req_expected != copy[1].mem_req_expected || copy[0].mem_req_desired != copy[1].mem_req_desired)
        seen = 1'b0;
  end

`ifdef SAME
  always_comb begin
    if (rst_n) begin
      assume (copy[0].sound && copy[1].sound);
      assert (cleared);
      assert (meant);
      assert (copy[0].told == copy[1].told);
      assert (seen);
    end
    cover (rst_n && copy[0].resp_valid == 2'b11 && copy[0].answer_valid_q == 2'b11 && copy[0].drain_q != '0);
  end
`endif
endmodule
