// SPDX-License-Identifier: Apache-2.0
//
// What holds of the whole MMU: docs/formal.md has the list. The arrays are
// those of contract/tlb_array.sv. One property at a time is chosen by a macro;
// .ci/formal connects the signals marked "=" with those inside, and the arrays.
//
// Addresses, PCIDs and tags take few values, by bits that never change: they are
// compared with each other and with nothing else.
module mmu_formal #(
    parameter int Entries = 4,
    parameter int Latency = 2,
    parameter int Walkers = 2,
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
    input logic mem_resp_exchanged_i,
    input logic watch_i
);
  localparam int Ports = 2;
  localparam int WalkerW = Walkers > 1 ? $clog2(Walkers) : 1;
  localparam int EntryW = $clog2(Entries);

  logic rst_n = 1'b0;
  always_ff @(posedge clk_i) rst_n <= 1'b1;

  function automatic logic [63:0] address(input logic [2:0] page, input logic canonical);
    address = {!canonical, 32'd0, page[2], 8'd0, page[1], 8'd0, page[0], 12'd0};
  endfunction

  logic [1:0] req_ready, resp_valid;
  logic [11:0] resp_tag, resp_code;
  logic [127:0] req_va, resp_pa;
  logic [3:0] resp_fault, resp_size, resp_source;
  logic [5:0] resp_pat;
  logic [63:0] op_value, op_va;
  logic op_ready, op_done;
  logic mem_req_valid, mem_req_exchange, mem_resp_ready;
  logic [2:0] mem_req_tag;
  logic [51:0] mem_req_addr;
  logic [63:0] mem_req_expected, mem_req_desired;
  assign req_va = {address(req_page_i[5:3], req_canonical_i[1]), address(req_page_i[2:0], req_canonical_i[0])};
  assign op_va = address(op_page_i, 1'b1);
  assign op_value = op_i == x86_pkg::OpWriteCr3 ? {op_value_i[63:12], 11'd0, op_value_i[0]} : op_value_i;

  mmu #(
      .DataPorts(1),
      .MissQueueEntries(Entries),
      .L1iUnified(1),
      .L1iSets4k(1),
      .L1iWays4k(2),
      .L1dSets4k(2),
      .L1dWays4k(2),
      .L1dSets2m(2),
      .L1dWays2m(1),
      .L1dSets1g(1),
      .L1dWays1g(1),
      .L2Split(1),
      .L2Latency(Latency),
      .L2Sets(2),
      .L2Ways(2),
      .L2Shared2m(0),
      .L2Sets2m(4),
      .L2Ways2m(1),
      .L2Ways1g(1),
      .L2iSets(2),
      .L2iWays(1),
      .L2iShared2m(1),
      .L2iWays1g(1),
      .WcWaysPml5e(1),
      .WcWaysPml4e(1),
      .WcWaysPdpte(1),
      .WcSetsPde(2),
      .WcWaysPde(1),
      .Walkers(Walkers)
  ) dut (
      .clk_i,
      .rst_ni(rst_n),
      .req_valid_i,
      .req_ready_o(req_ready),
      .req_va_i(req_va),
      .req_attr_i,
      .req_tag_i({5'd0, req_tag_i[1], 5'd0, req_tag_i[0]}),
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
      .op_value_i(op_value),
      .op_va_i(op_va),
      .op_pcid_i({11'd0, op_pcid_i}),
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

  // Inside: control
  logic [2:0] state_q;     // = dut.u_control.state_q
  logic [2:0] resume_q;    // = dut.u_control.resume_q
  logic dropping_q;        // = dut.u_control.dropping_q
  logic blocking_q;        // = dut.u_control.blocking_q
  logic [9:0] sweep_set_q; // = dut.u_control.sweep_set_q
  logic [9:0] mode_q;      // = dut.u_control.mode_q
  logic [63:0] cr3_q;      // = dut.u_control.cr3_q
  logic broadcast;         // = dut.broadcast
  logic dropping;          // = dut.dropping
  logic overtakes;         // = dut.overtakes
  logic sweep;             // = dut.sweep
  logic [2:0] inv_flags;   // = dut.inv_flags
  // lookups
  logic [1:0] lookup_valid; // = dut.lookup_valid
  logic [1:0] miss;         // = dut.miss
  logic [1:0] answer;       // = dut.answer
  logic [1:0] answer_valid; // = dut.answer_valid
  logic [11:0] lookup_tag;  // = dut.lookup_tag
  // miss queue
  logic [5:0] used;               // = dut.used
  logic [1:0] answering;          // = dut.answering
  logic fetch_busy;               // = dut.fetch_busy
  logic [31:0] restart;           // = dut.restart
  logic walk_start;               // = dut.walk_start
  logic walk;                     // = dut.walk
  logic [4:0] walk_id;            // = dut.walk_id
  logic [Entries-1:0] pend_q;     // = dut.u_miss_queue.pend_q
  logic [Entries-1:0] merged_q;   // = dut.u_miss_queue.merged_q
  logic [Entries-1:0] lookup_q;   // = dut.u_miss_queue.lookup_q
  logic [Entries-1:0] walk_pend_q; // = dut.u_miss_queue.walk_pend_q
  logic [Entries-1:0] walk_q;     // = dut.u_miss_queue.walk_q
  logic [Entries-1:0] answer_q;   // = dut.u_miss_queue.answer_q
  logic [Latency-1:0] pipe_valid_q; // = dut.u_miss_queue.pipe_valid_q
  logic [Latency*5-1:0] pipe_id_q; // = dut.u_miss_queue.pipe_id_q
  logic [Ports*Entries-1:0] port_q; // = dut.u_miss_queue.port_q[2 x Entries]
  logic [Entries*6-1:0] tag_q;    // = dut.u_miss_queue.tag_q[Entries x 6]
  // page walkers
  logic [Walkers-1:0] request_q;  // = dut.u_page_walker.request_q
  logic [Walkers-1:0] wait_q;     // = dut.u_page_walker.wait_q
  logic [Walkers-1:0] drain_q;    // = dut.u_page_walker.drain_q
  logic [Walkers-1:0] exchange_q; // = dut.u_page_walker.exchange_q
  logic [Walkers*5-1:0] entry_id_q; // = dut.u_page_walker.entry_id_q[Walkers x 5]
  logic idle;                     // = dut.walker_idle
  logic draining_exchange;        // = dut.draining_exchange
  logic result_valid;             // = dut.result_valid
  logic result_taken;             // = dut.u_page_walker.result_taken_i
  logic finish;                   // = dut.finish
  logic fault_waiting;            // = dut.fault_waiting
  logic [4:0] result_id;          // = dut.result_id
  // arrays
  logic [Arrays-1:0] may_hold;    // of array_watch, an array each
  logic [Arrays-1:0] stale_fill;
  logic [Arrays-1:0] misused;
  logic [59:0] key, walk_key;     // that is watched

  // --- What memory keeps to: an answer is for a request that it took, once ---

  logic [Walkers-1:0] in_memory = '0;
  for (genvar w = 0; w < Walkers; w++) begin : gen_in_memory
    always_ff @(posedge clk_i) begin
      if (rst_n && mem_req_valid && mem_req_ready_i && mem_req_tag == 3'(w)) in_memory[w] <= 1'b1;
      else if (rst_n && mem_resp_valid_i && mem_resp_ready && mem_resp_tag_i == 3'(w)) in_memory[w] <= 1'b0;
    end
  end
  always_comb begin
    if (!rst_n) assume (!mem_resp_valid_i && req_valid_i == '0 && !op_valid_i);
    if (mem_resp_valid_i) assume (mem_resp_tag_i < 3'(Walkers) && in_memory[mem_resp_tag_i[WalkerW-1:0]]);
    assume (req_attr_i[1:0] == x86_pkg::AccessFetch && req_attr_i[6:5] < x86_pkg::AccessFetch);
  end

  // --- What is always so, proved as MMU/SOUND ---

  logic [Entries-1:0] valid, several;
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
  logic [Walkers-1:0] active;
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
  logic [5:0] looking_up, missing;
  assign looking_up = 6'(lookup_valid[0]) + 6'(lookup_valid[1]);
  assign missing = 6'(miss[0]) + 6'(miss[1]);
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
  logic controlled;
  assign controlled = state_q <= Done &&
                      (!dropping_q || (state_q == Broadcast && fault_waiting &&
                                       (blocking_q ? resume_q == Drain : resume_q == Idle || resume_q == Settle))) &&
                      (!blocking_q || dropping_q || state_q == Idle || state_q == Drain ||
                       (valid == '0 && lookup_valid == '0)) &&
                      (state_q != Drain || blocking_q) && (state_q != Idle || !blocking_q);
  logic sound;
  assign sound = several == '0 && piped && ported && walks && requests && room && ordered && controlled;

`ifdef SOUND
  always_comb begin
    if (rst_n) begin
      assert (several == '0 && piped && ported);
      assert (walks);
      assert (requests);
      assert (room);
      assert (ordered);
      assert (controlled);
    end
    cover (rst_n && used == 6'(Entries) && drain_q != '0 && merged_q != '0 && result_valid);
  end
`endif
endmodule
