// SPDX-License-Identifier: Apache-2.0
//
// Two MMUs that began with other contents of their registers and get the same
// inputs: after reset nothing that they give can be told apart, so nothing of
// what was before reset is left. The arrays are those of contract/tlb_array.sv;
// tlb_array/no_x proves of them that they answer alike if they are asked alike,
// which is proved here.
//
// Of each pair of signals the first MMU's is the lower half. Sizes and inputs are
// those of mmu_formal.
module mmu_pair_formal #(
    parameter int Entries = 4,
    parameter int Latency = 2,
    parameter int Walkers = 2,
    parameter int Ports   = 2,
    parameter int EntryW  = 2,
    parameter int WalkerW = 1,
    parameter int Arrays  = 13
) (
    input logic clk_i,
    input logic [1:0] req_valid_i,
    input logic [5:0] req_page_i,
    input logic [1:0] req_canonical_i,
    input logic [9:0] req_attr_i,
    input logic [1:0] req_tag_i,
    input logic op_valid_i,
    input logic [2:0] op_i,
    input logic [63:0] op_value_i,
    input logic [2:0] op_page_i,
    input logic op_pcid_i,
    input logic mem_req_ready_i,
    input logic mem_resp_valid_i,
    input logic [2:0] mem_resp_tag_i,
    input logic [63:0] mem_resp_data_i,
    input logic mem_resp_error_i,
    input logic mem_resp_exchanged_i
);
  logic rst_n = 1'b0;
  always_ff @(posedge clk_i) rst_n <= 1'b1;

  function automatic logic [63:0] address(input logic [2:0] page, input logic canonical);
    address = {!canonical, 32'd0, page[2], 8'd0, page[1], 8'd0, page[0], 12'd0};
  endfunction

  logic [127:0] req_va;
  assign req_va = {address(req_page_i[5:3], req_canonical_i[1]), address(req_page_i[2:0], req_canonical_i[0])};

  // What they give, whole, and what of it means something.
  localparam int RespW = 6 + 64 + 2 + 6 + 2 + 3 + 2;
  localparam int RequestW = 1 + 3 + 52 + 64 + 64;
  logic [2*Ports-1:0] req_ready, resp_valid;
  logic [2*Ports*RespW-1:0] resp;
  logic [1:0] op_ready, op_done, mem_req_valid, mem_resp_ready;
  logic [2*RequestW-1:0] mem_req;
  for (genvar i = 0; i < 2; i++) begin : twin
    logic [Ports*6-1:0] resp_tag, resp_code;
    logic [Ports*64-1:0] resp_pa;
    logic [Ports*2-1:0] resp_fault, resp_size, resp_source;
    logic [Ports*3-1:0] resp_pat;
    for (genvar p = 0; p < Ports; p++) begin : gen_resp
      assign resp[(i*Ports+p)*RespW+:RespW] = !resp_valid[i*Ports+p] ? '0 :
          {resp_tag[p*6+:6], resp_pa[p*64+:64], resp_fault[p*2+:2], resp_code[p*6+:6], resp_size[p*2+:2],
           resp_pat[p*3+:3], resp_source[p*2+:2]};
    end
    logic [RequestW-1:0] request;
    assign mem_req[i*RequestW+:RequestW] = mem_req_valid[i] ? request : '0;
    mmu #(
`include "small_mmu.svh"
    ) dut (
        .clk_i,
        .rst_ni(rst_n),
        .req_valid_i,
        .req_ready_o(req_ready[i*Ports+:Ports]),
        .req_va_i(req_va),
        .req_attr_i,
        .req_tag_i({5'd0, req_tag_i[1], 5'd0, req_tag_i[0]}),
        .resp_valid_o(resp_valid[i*Ports+:Ports]),
        .resp_tag_o(resp_tag),
        .resp_pa_o(resp_pa),
        .resp_fault_o(resp_fault),
        .resp_code_o(resp_code),
        .resp_size_o(resp_size),
        .resp_pat_o(resp_pat),
        .resp_source_o(resp_source),
        .op_valid_i,
        .op_ready_o(op_ready[i]),
        .op_i,
        .op_value_i,
        .op_va_i(address(op_page_i, 1'b1)),
        .op_pcid_i({11'd0, op_pcid_i}),
        .op_done_o(op_done[i]),
        .mem_req_valid_o(mem_req_valid[i]),
        .mem_req_ready_i,
        .mem_req_exchange_o(request[RequestW-1]),
        .mem_req_tag_o(request[RequestW-2-:3]),
        .mem_req_addr_o(request[RequestW-5-:52]),
        .mem_req_expected_o(request[127:64]),
        .mem_req_desired_o(request[63:0]),
        .mem_resp_valid_i,
        .mem_resp_ready_o(mem_resp_ready[i]),
        .mem_resp_tag_i,
        .mem_resp_data_i,
        .mem_resp_error_i,
        .mem_resp_exchanged_i
    );
  end

  // --- Registers that reset sets ---

  // control
  logic [5:0] state_q;            // = twin[*].dut.u_control.state_q[3]
  logic [5:0] resume_q;           // = twin[*].dut.u_control.resume_q[3]
  logic [1:0] dropping_q;         // = twin[*].dut.u_control.dropping_q[1]
  logic [1:0] blocking_q;         // = twin[*].dut.u_control.blocking_q[1]
  logic [1:0] progress_owed_q;    // = twin[*].dut.u_control.progress_owed_q[1]
  logic [5:0] op_q;               // = twin[*].dut.u_control.op_q[3]
  logic [7:0] flags_q;            // = twin[*].dut.u_control.flags_q[4]
  logic [23:0] pcid_q;            // = twin[*].dut.u_control.pcid_q[12]
  logic [127:0] value_q;          // = twin[*].dut.u_control.value_q[64]
  logic [127:0] inv_va_q;         // = twin[*].dut.u_control.va_q[64]
  logic [19:0] sweep_set_q;       // = twin[*].dut.u_control.sweep_set_q[10]
  logic [127:0] cr3_q;            // = twin[*].dut.u_control.cr3_q[64]
  logic [19:0] mode_q;            // = twin[*].dut.u_control.mode_q[10]
  logic [63:0] pkru_q;            // = twin[*].dut.u_control.pkru_q[32]
  logic [63:0] pkrs_q;            // = twin[*].dut.u_control.pkrs_q[32]
  // lookup stage, miss queue
  logic [2*Ports-1:0] lookup_valid_q;   // = twin[*].dut.u_lookup_stage.lookup_valid_q[Ports]
  logic [2*Entries-1:0] pend_q;         // = twin[*].dut.u_miss_queue.pend_q[Entries]
  logic [2*Entries-1:0] merged_q;       // = twin[*].dut.u_miss_queue.merged_q[Entries]
  logic [2*Entries-1:0] lookup_q;       // = twin[*].dut.u_miss_queue.lookup_q[Entries]
  logic [2*Entries-1:0] walk_pend_q;    // = twin[*].dut.u_miss_queue.walk_pend_q[Entries]
  logic [2*Entries-1:0] walk_q;         // = twin[*].dut.u_miss_queue.walk_q[Entries]
  logic [2*Entries-1:0] answer_q;       // = twin[*].dut.u_miss_queue.answer_q[Entries]
  logic [2*Entries-1:0] skip_l2_q;      // = twin[*].dut.u_miss_queue.skip_l2_q[Entries]
  logic [2*Entries-1:0] from_root_q;    // = twin[*].dut.u_miss_queue.from_root_q[Entries]
  logic [2*Ports*Entries-1:0] port_q;   // = twin[*].dut.u_miss_queue.port_q[Ports x Entries]
  logic [1:0] fetch_busy_q;             // = twin[*].dut.u_miss_queue.fetch_busy_q[1]
  logic [2*Latency-1:0] pipe_valid_q;   // = twin[*].dut.u_miss_queue.pipe_valid_q[Latency]
  logic [2*Latency*5-1:0] pipe_id_q;    // = twin[*].dut.u_miss_queue.pipe_id_q[Latency*5]
  logic [2*EntryW-1:0] next_issue_q;    // = twin[*].dut.u_miss_queue.next_issue_q[EntryW]
  logic [2*EntryW-1:0] next_walk_q;     // = twin[*].dut.u_miss_queue.next_walk_q[EntryW]
  logic [2*Ports-1:0] answer_valid_q;   // = twin[*].dut.u_miss_queue.answer_valid_q[Ports]
  // page walkers
  logic [2*Walkers-1:0] request_q;      // = twin[*].dut.u_page_walker.request_q[Walkers]
  logic [2*Walkers-1:0] wait_q;         // = twin[*].dut.u_page_walker.wait_q[Walkers]
  logic [2*Walkers-1:0] drain_q;        // = twin[*].dut.u_page_walker.drain_q[Walkers]
  logic [2*Walkers-1:0] exchange_q;     // = twin[*].dut.u_page_walker.exchange_q[Walkers]
  logic [2*Walkers-1:0] from_cache_q;   // = twin[*].dut.u_page_walker.from_cache_q[Walkers]
  logic [2*WalkerW-1:0] next_q;         // = twin[*].dut.u_page_walker.next_q[WalkerW]
  logic [1:0] memory_valid_q;           // = twin[*].dut.u_page_walker.memory_valid_q[1]
  logic [1:0] result_valid_q;           // = twin[*].dut.u_page_walker.result_valid_q[1]

  // --- Registers that mean something only at times ---

  // of a port that looks up, or answers
  logic [2*Ports*64-1:0] lookup_va_q;   // = twin[*].dut.u_lookup_stage.lookup_va_q[Ports*64]
  logic [2*Ports*5-1:0] lookup_attr_q;  // = twin[*].dut.u_lookup_stage.lookup_attr_q[Ports*5]
  logic [2*Ports*6-1:0] lookup_tag_q;   // = twin[*].dut.u_lookup_stage.lookup_tag_q[Ports*6]
  logic [2*Ports*6-1:0] answer_tag_q;   // = twin[*].dut.u_miss_queue.answer_tag_q[Ports*6]
  logic [2*Ports*64-1:0] answer_pa_q;   // = twin[*].dut.u_miss_queue.answer_pa_q[Ports*64]
  logic [2*Ports*15-1:0] answer_word_q; // = twin[*].dut.u_miss_queue.answer_word_q[Ports*15]
  // of an entry that is in use, is merged, has its result
  logic [2*Entries*64-1:0] va_q;        // = twin[*].dut.u_miss_queue.va_q[Entries x 64]
  logic [2*Entries*5-1:0] attr_q;       // = twin[*].dut.u_miss_queue.attr_q[Entries x 5]
  logic [2*Entries*6-1:0] tag_q;        // = twin[*].dut.u_miss_queue.tag_q[Entries x 6]
  logic [2*Entries*5-1:0] leader_q;     // = twin[*].dut.u_miss_queue.leader_q[Entries x 5]
  logic [2*Entries*63-1:0] result_q;    // = twin[*].dut.u_miss_queue.result_q[Entries x 63]
  // of a walker that walks, or is about to exchange
  logic [2*Walkers*3-1:0] level_q;      // = twin[*].dut.u_page_walker.level_q[Walkers x 3]
  logic [2*Walkers*5-1:0] entry_id_q;   // = twin[*].dut.u_page_walker.entry_id_q[Walkers x 5]
  logic [2*Walkers*51-1:0] table_q;     // = twin[*].dut.u_page_walker.table_q[Walkers x 51]
  logic [2*Walkers*64-1:0] walk_va_q;   // = twin[*].dut.u_page_walker.va_q[Walkers x 64]
  logic [2*Walkers*5-1:0] walk_attr_q;  // = twin[*].dut.u_page_walker.attr_q[Walkers x 5]
  logic [2*Walkers*64-1:0] expected_q;  // = twin[*].dut.u_page_walker.expected_q[Walkers x 64]
  logic [2*Walkers*64-1:0] desired_q;   // = twin[*].dut.u_page_walker.desired_q[Walkers x 64]
  // of a result
  logic [9:0] result_id_q;              // = twin[*].dut.u_page_walker.result_id_q[5]
  logic [3:0] result_fault_q;           // = twin[*].dut.u_page_walker.result_fault_q[2]
  logic [11:0] result_code_q;           // = twin[*].dut.u_page_walker.result_code_q[6]
  logic [119:0] result_tag_q;           // = twin[*].dut.u_page_walker.result_tag_q[60]
  logic [101:0] result_data_q;          // = twin[*].dut.u_page_walker.result_data_q[51]

  // What the arrays are asked, see contract/tlb_array.sv: .ci/formal ties it, and gives both the same answers.
  localparam int AskedW = 242;
  logic [2*Arrays*AskedW-1:0] asked;

  // What is always so, of the first: mmu/sound.
  logic [11:0] pcid;                    // = twin[0].dut.pcid
  logic [5:0] used;                     // = twin[0].dut.used
  logic fault_waiting;                  // = twin[0].dut.fault_waiting
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
      .state_q(state_q[2:0]),
      .resume_q(resume_q[2:0]),
      .dropping_q(dropping_q[0]),
      .blocking_q(blocking_q[0]),
      .pcid,
      .fault_waiting,
      .lookup_valid(lookup_valid_q[Ports-1:0]),
      .answer_valid(answer_valid_q[Ports-1:0]),
      .used,
      .fetch_busy(fetch_busy_q[0]),
      .pend_q(pend_q[Entries-1:0]),
      .merged_q(merged_q[Entries-1:0]),
      .lookup_q(lookup_q[Entries-1:0]),
      .walk_pend_q(walk_pend_q[Entries-1:0]),
      .walk_q(walk_q[Entries-1:0]),
      .answer_q(answer_q[Entries-1:0]),
      .pipe_valid_q(pipe_valid_q[Latency-1:0]),
      .pipe_id_q(pipe_id_q[Latency*5-1:0]),
      .port_q(port_q[Ports*Entries-1:0]),
      .request_q(request_q[Walkers-1:0]),
      .wait_q(wait_q[Walkers-1:0]),
      .drain_q(drain_q[Walkers-1:0]),
      .entry_id_q(entry_id_q[Walkers*5-1:0]),
      .level_q(level_q[Walkers*3-1:0]),
      .result_valid(result_valid_q[0]),
      .result_id(result_id_q[4:0]),
      .result_fault(result_fault_q[1:0]),
      .result_tag(result_tag_q[59:0]),
      .mem_req_valid(mem_req_valid[0]),
      .mem_req_tag(mem_req[RequestW-2-:3]),
      .mem_req_ready_i,
      .mem_resp_valid_i,
      .mem_resp_ready(mem_resp_ready[0]),
      .mem_resp_tag_i,
      .in_memory,
      .active,
      .valid,
      .sound
  );

`ifdef NO_X
  // The words of both, and whether they must be the same.
  function automatic logic alike(input logic [63:0] one, input logic [63:0] other, input logic matters);
    alike = !matters || one == other;
  endfunction

  logic control, queue, walkers;
  assign control = state_q[2:0] == state_q[5:3] && resume_q[2:0] == resume_q[5:3] && dropping_q[0] == dropping_q[1] &&
                   blocking_q[0] == blocking_q[1] && progress_owed_q[0] == progress_owed_q[1] &&
                   op_q[2:0] == op_q[5:3] && flags_q[3:0] == flags_q[7:4] && pcid_q[11:0] == pcid_q[23:12] &&
                   value_q[63:0] == value_q[127:64] && inv_va_q[63:0] == inv_va_q[127:64] &&
                   sweep_set_q[9:0] == sweep_set_q[19:10] && cr3_q[63:0] == cr3_q[127:64] &&
                   mode_q[9:0] == mode_q[19:10] && pkru_q[31:0] == pkru_q[63:32] && pkrs_q[31:0] == pkrs_q[63:32];
  assign queue = lookup_valid_q[0+:Ports] == lookup_valid_q[Ports+:Ports] && pend_q[0+:Entries] == pend_q[Entries+:Entries] &&
                 merged_q[0+:Entries] == merged_q[Entries+:Entries] && lookup_q[0+:Entries] == lookup_q[Entries+:Entries] &&
                 walk_pend_q[0+:Entries] == walk_pend_q[Entries+:Entries] && walk_q[0+:Entries] == walk_q[Entries+:Entries] &&
                 answer_q[0+:Entries] == answer_q[Entries+:Entries] && skip_l2_q[0+:Entries] == skip_l2_q[Entries+:Entries] &&
                 from_root_q[0+:Entries] == from_root_q[Entries+:Entries] &&
                 port_q[0+:Ports*Entries] == port_q[Ports*Entries+:Ports*Entries] && fetch_busy_q[0] == fetch_busy_q[1] &&
                 pipe_valid_q[0+:Latency] == pipe_valid_q[Latency+:Latency] &&
                 pipe_id_q[0+:Latency*5] == pipe_id_q[Latency*5+:Latency*5] &&
                 next_issue_q[0+:EntryW] == next_issue_q[EntryW+:EntryW] &&
                 next_walk_q[0+:EntryW] == next_walk_q[EntryW+:EntryW] &&
                 answer_valid_q[0+:Ports] == answer_valid_q[Ports+:Ports];
  assign walkers = request_q[0+:Walkers] == request_q[Walkers+:Walkers] && wait_q[0+:Walkers] == wait_q[Walkers+:Walkers] &&
                   drain_q[0+:Walkers] == drain_q[Walkers+:Walkers] && exchange_q[0+:Walkers] == exchange_q[Walkers+:Walkers] &&
                   from_cache_q[0+:Walkers] == from_cache_q[Walkers+:Walkers] && next_q[0+:WalkerW] == next_q[WalkerW+:WalkerW] &&
                   memory_valid_q[0] == memory_valid_q[1] && result_valid_q[0] == result_valid_q[1];
  always_comb begin
    if (!rst_n) assume (req_valid_i == '0 && !op_valid_i);
    assume (req_attr_i[1:0] == x86_pkg::AccessFetch && req_attr_i[6:5] < x86_pkg::AccessFetch);
    if (rst_n) begin
      assume (sound);
      // What is seen from outside, and what the arrays see.
      assert (req_ready[0+:Ports] == req_ready[Ports+:Ports] && resp_valid[0+:Ports] == resp_valid[Ports+:Ports]);
      assert (resp[0+:Ports*RespW] == resp[Ports*RespW+:Ports*RespW]);
      assert (op_ready[0] == op_ready[1] && op_done[0] == op_done[1]);
      assert (mem_req_valid[0] == mem_req_valid[1] && mem_resp_ready[0] == mem_resp_ready[1]);
      assert (mem_req[0+:RequestW] == mem_req[RequestW+:RequestW]);
      assert (asked[0+:Arrays*AskedW] == asked[Arrays*AskedW+:Arrays*AskedW]);
      // Inside.
      assert (control && queue && walkers);
      for (int p = 0; p < Ports; p++) begin
        assert (alike(lookup_va_q[p*64+:64], lookup_va_q[(Ports+p)*64+:64], lookup_valid_q[p]));
        assert (alike(64'(lookup_attr_q[p*5+:5]), 64'(lookup_attr_q[(Ports+p)*5+:5]), lookup_valid_q[p]));
        assert (alike(64'(lookup_tag_q[p*6+:6]), 64'(lookup_tag_q[(Ports+p)*6+:6]), lookup_valid_q[p]));
        assert (alike(64'(answer_tag_q[p*6+:6]), 64'(answer_tag_q[(Ports+p)*6+:6]), answer_valid_q[p]));
        assert (alike(answer_pa_q[p*64+:64], answer_pa_q[(Ports+p)*64+:64], answer_valid_q[p]));
        assert (alike(64'(answer_word_q[p*15+:15]), 64'(answer_word_q[(Ports+p)*15+:15]), answer_valid_q[p]));
      end
      for (int e = 0; e < Entries; e++) begin
        assert (alike(va_q[e*64+:64], va_q[(Entries+e)*64+:64], valid[e]));
        assert (alike(64'(attr_q[e*5+:5]), 64'(attr_q[(Entries+e)*5+:5]), valid[e]));
        assert (alike(64'(tag_q[e*6+:6]), 64'(tag_q[(Entries+e)*6+:6]), valid[e]));
        assert (alike(64'(leader_q[e*5+:5]), 64'(leader_q[(Entries+e)*5+:5]), merged_q[e]));
        assert (alike(64'(result_q[e*63+:63]), 64'(result_q[(Entries+e)*63+:63]), answer_q[e]));
      end
      for (int w = 0; w < Walkers; w++) begin
        assert (alike(64'(level_q[w*3+:3]), 64'(level_q[(Walkers+w)*3+:3]), active[w]));
        assert (alike(64'(entry_id_q[w*5+:5]), 64'(entry_id_q[(Walkers+w)*5+:5]), active[w]));
        assert (alike(64'(table_q[w*51+:51]), 64'(table_q[(Walkers+w)*51+:51]), active[w]));
        assert (alike(walk_va_q[w*64+:64], walk_va_q[(Walkers+w)*64+:64], active[w]));
        assert (alike(64'(walk_attr_q[w*5+:5]), 64'(walk_attr_q[(Walkers+w)*5+:5]), active[w]));
        assert (alike(expected_q[w*64+:64], expected_q[(Walkers+w)*64+:64], active[w] && exchange_q[w]));
        assert (alike(desired_q[w*64+:64], desired_q[(Walkers+w)*64+:64], active[w] && exchange_q[w]));
      end
      if (result_valid_q[0]) begin
        assert (result_id_q[4:0] == result_id_q[9:5] && result_fault_q[1:0] == result_fault_q[3:2]);
        assert (result_code_q[5:0] == result_code_q[11:6] && result_tag_q[59:0] == result_tag_q[119:60]);
        assert (result_data_q[50:0] == result_data_q[101:51]);
      end
    end
    cover (rst_n && used == 6'(Entries) && drain_q[0+:Walkers] != '0 && result_valid_q[0] && merged_q[0+:Entries] != '0);
  end
`endif
endmodule
