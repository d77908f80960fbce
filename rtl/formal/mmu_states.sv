// SPDX-License-Identifier: Apache-2.0
//
// What is always so of the registers of an MMU with one data port, for the
// checkers of the whole MMU: mmu_formal proves it (mmu/sound), others build on
// it. And what memory keeps to: an answer is for a request that it took, once.
// Ports have the names of the signals that they are.
module mmu_states #(
    parameter int Entries = 4,
    parameter int Latency = 2,
    parameter int Walkers = 2
) (
    input logic clk_i,
    input logic rst_n,
    input logic [2:0] state_q,
    input logic [2:0] resume_q,
    input logic dropping_q,
    input logic blocking_q,
    input logic [11:0] pcid,
    input logic fault_waiting,
    input logic [1:0] lookup_valid,
    input logic [1:0] answer_valid,
    input logic [5:0] used,
    input logic fetch_busy,
    input logic [Entries-1:0] pend_q,
    input logic [Entries-1:0] merged_q,
    input logic [Entries-1:0] lookup_q,
    input logic [Entries-1:0] walk_pend_q,
    input logic [Entries-1:0] walk_q,
    input logic [Entries-1:0] answer_q,
    input logic [Latency-1:0] pipe_valid_q,
    input logic [Latency*5-1:0] pipe_id_q,
    input logic [2*Entries-1:0] port_q,
    input logic [Walkers-1:0] request_q,
    input logic [Walkers-1:0] wait_q,
    input logic [Walkers-1:0] drain_q,
    input logic [Walkers*5-1:0] entry_id_q,
    input logic [Walkers*3-1:0] level_q,
    input logic result_valid,
    input logic [4:0] result_id,
    input logic [1:0] result_fault,
    input logic [59:0] result_tag,
    input logic mem_req_valid,
    input logic [2:0] mem_req_tag,
    input logic mem_req_ready_i,
    input logic mem_resp_valid_i,
    input logic mem_resp_ready,
    input logic [2:0] mem_resp_tag_i,
    output logic [Walkers-1:0] in_memory,  // walkers whose request memory has
    output logic [Walkers-1:0] active,     // walkers that walk for an entry
    output logic [Entries-1:0] valid,
    output logic sound
);
  localparam int Ports = 2;
  localparam int WalkerW = Walkers > 1 ? $clog2(Walkers) : 1;
  localparam int EntryW = $clog2(Entries);

  logic [Walkers-1:0] taken = '0;
  assign in_memory = taken;
  for (genvar w = 0; w < Walkers; w++) begin : gen_in_memory
    always_ff @(posedge clk_i) begin
      if (rst_n && mem_req_valid && mem_req_ready_i && mem_req_tag == 3'(w)) taken[w] <= 1'b1;
      else if (rst_n && mem_resp_valid_i && mem_resp_ready && mem_resp_tag_i == 3'(w)) taken[w] <= 1'b0;
    end
  end
  always_comb begin
    if (!rst_n) assume (!mem_resp_valid_i);
    if (mem_resp_valid_i) assume (mem_resp_tag_i < 3'(Walkers) && in_memory[mem_resp_tag_i[WalkerW-1:0]]);
  end

  logic [Entries-1:0] several;
  logic piped, ported;
  miss_queue_states #(
      .Entries(Entries),
      .Ports(Ports),
      .Latency(Latency)
  ) states (
      .pend_i(pend_q),
      .merged_i(merged_q),
      .lookup_i(lookup_q),
      .walk_pend_i(walk_pend_q),
      .walk_i(walk_q),
      .answer_i(answer_q),
      .pipe_valid_i(pipe_valid_q),
      .pipe_id_i(pipe_id_q),
      .port_i(port_q),
      .valid_o(valid),
      .several_o(several),
      .piped_o(piped),
      .ported_o(ported)
  );

  // The entries that walkers walk for, or the result register is for: those in WALK, each once.
  logic [Entries-1:0] walked;
  logic walks, requests;
  assign active = request_q | wait_q;
  always_comb begin
    walked = '0;
    walks = 1'b1;
    for (int w = 0; w < Walkers; w++)
      if (active[w]) begin
        if (entry_id_q[w*5+:5] >= 5'(Entries) || walked[entry_id_q[w*5+:EntryW]]) walks = 1'b0;
        walked[entry_id_q[w*5+:EntryW]] = 1'b1;
      end
    if (result_valid) begin
      if (result_id >= 5'(Entries) || walked[result_id[EntryW-1:0]]) walks = 1'b0;
      walked[result_id[EntryW-1:0]] = 1'b1;
    end
    if (walked != walk_q) walks = 1'b0;
  end
  always_comb begin
    requests = (request_q & wait_q) == '0 && (request_q & drain_q) == '0 && (wait_q & drain_q) == '0;
    if (mem_req_valid && (mem_req_tag >= 3'(Walkers) || in_memory[mem_req_tag[WalkerW-1:0]])) requests = 1'b0;
    for (int w = 0; w < Walkers; w++)
      if ((wait_q[w] || drain_q[w]) != (in_memory[w] || (mem_req_valid && mem_req_tag == 3'(w)))) requests = 1'b0;
  end

  logic room, ordered;
  logic [5:0] looking_up;
  assign looking_up = 6'(lookup_valid[0]) + 6'(lookup_valid[1]);
  assign room = 6'(Entries) - used >= looking_up;
  // One fetch in the miss queue at a time, an answer at a time on each port.
  assign ordered = fetch_busy == (port_q[Entries-1:0] != '0) &&
                   (port_q[Entries-1:0] & (port_q[Entries-1:0] - Entries'(1))) == '0 &&
                   !(lookup_valid[0] && fetch_busy) && (lookup_valid & answer_valid) == '0;
  // Control: a drop is of a fault that waits; nothing is under way while a register write invalidates.
  localparam logic [2:0] Idle = 3'd0;
  localparam logic [2:0] Drain = 3'd1;
  localparam logic [2:0] Broadcast = 3'd2;
  localparam logic [2:0] Sweep = 3'd3;
  localparam logic [2:0] Settle = 3'd4;
  localparam logic [2:0] Done = 3'd5;
  logic controlled, levelled;
  assign controlled = state_q <= Done &&
                      (!dropping_q || (state_q == Broadcast && fault_waiting &&
                                       (blocking_q ? resume_q == Drain : resume_q == Idle || resume_q == Settle))) &&
                      (!blocking_q || dropping_q || state_q == Idle || state_q == Drain ||
                       (valid == '0 && lookup_valid == '0)) &&
                      (state_q != Drain || blocking_q) && (state_q != Idle || !blocking_q);
  always_comb begin
    levelled = !result_valid || result_fault != x86_pkg::FaultNone ||
               (result_tag[59:58] != 2'd3 && result_tag[56:45] == pcid);
    for (int w = 0; w < Walkers; w++)
      if (active[w] && (level_q[w*3+:3] < 3'd1 || level_q[w*3+:3] > 3'd5)) levelled = 1'b0;
  end
  assign sound = levelled && several == '0 && piped && ported && walks && requests && room && ordered && controlled;
endmodule
