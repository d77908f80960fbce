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
    input logic watch_i,
    input logic [2:0] key_flags_i,
    input logic key_pcid_i,
    input logic [2:0] key_page_i,
    input logic port_i,
    input logic tag_i
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
  logic [11:0] resp_tag;
  logic [127:0] req_va;
  logic [63:0] op_value, op_va;
  logic op_ready, op_done;
  logic mem_req_valid, mem_resp_ready;
  logic [2:0] mem_req_tag;
  assign req_va = {address(req_page_i[5:3], req_canonical_i[1]), address(req_page_i[2:0], req_canonical_i[0])};
  assign op_va = address(op_page_i, 1'b1);
  assign op_value = op_i == x86_pkg::OpWriteCr3 ? {op_value_i[63:12], 11'd0, op_value_i[0]} : op_value_i;

  mmu #(
`include "small_mmu.svh"
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
      .op_valid_i,
      .op_ready_o(op_ready),
      .op_i,
      .op_value_i(op_value),
      .op_va_i(op_va),
      .op_pcid_i({11'd0, op_pcid_i}),
      .op_done_o(op_done),
      .mem_req_valid_o(mem_req_valid),
      .mem_req_ready_i,
      .mem_req_tag_o(mem_req_tag),
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
  logic [2:0] op_q;        // = dut.u_control.op_q
  logic [63:0] value_q;    // = dut.u_control.value_q
  logic [11:0] pcid;       // = dut.pcid
  logic [3:0] flags_q;     // = dut.u_control.flags_q
  logic [11:0] pcid_q;     // = dut.u_control.pcid_q
  logic [63:0] va_q;       // = dut.u_control.va_q
  // lookups
  logic [1:0] lookup_valid; // = dut.lookup_valid
  logic [1:0] miss;         // = dut.miss
  logic [1:0] answer;       // = dut.answer
  logic [1:0] answer_valid; // = dut.answer_valid
  logic [11:0] lookup_tag;  // = dut.lookup_tag
  logic [11:0] answer_tag;  // = dut.answer_tag
  // miss queue
  logic [5:0] used;               // = dut.used
  logic fetch_busy;               // = dut.fetch_busy
  logic [31:0] restart;           // = dut.restart
  logic walk_start;               // = dut.walk_start
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
  logic [Entries-1:0] served;     // = dut.u_miss_queue.served
  logic progress_owed_q;          // = dut.u_control.progress_owed_q
  // page walkers
  logic [Walkers-1:0] request_q;  // = dut.u_page_walker.request_q
  logic [Walkers-1:0] wait_q;     // = dut.u_page_walker.wait_q
  logic [Walkers-1:0] drain_q;    // = dut.u_page_walker.drain_q
  logic [Walkers-1:0] exchange_q; // = dut.u_page_walker.exchange_q
  logic [Walkers*5-1:0] entry_id_q; // = dut.u_page_walker.entry_id_q[Walkers x 5]
  logic [Walkers-1:0] from_cache_q; // = dut.u_page_walker.from_cache_q
  logic [Walkers*51-1:0] table_q; // = dut.u_page_walker.table_q[Walkers x 51]
  logic [Walkers*5-1:0] attr_q;   // = dut.u_page_walker.attr_q[Walkers x 5]
  logic [Walkers*64-1:0] desired_q; // = dut.u_page_walker.desired_q[Walkers x 64]
  logic [1:0] result_fault;       // = dut.result_fault
  logic [50:0] result_data;       // = dut.result_data
  logic [59:0] result_tag;        // = dut.result_tag
  logic [Walkers*3-1:0] level_q;  // = dut.u_page_walker.level_q[Walkers x 3]
  logic idle;                     // = dut.walker_idle
  logic draining_exchange;        // = dut.draining_exchange
  logic result_valid;             // = dut.result_valid
  logic result_taken;             // = dut.u_page_walker.result_taken_i
  logic fault_waiting;            // = dut.fault_waiting
  logic [4:0] result_id;          // = dut.result_id
  // arrays
  logic [Arrays-1:0] may_hold;    // of array_watch, an array each
  logic [Arrays-1:0] stale_fill;
  logic [Arrays-1:0] behind;
  logic [Arrays-1:0] misused;
  logic [59:0] key, walk_key;     // that is watched

  // --- What the MMU is used like, and what is always so of it ---

  logic [Walkers-1:0] in_memory, active;
  logic [Entries-1:0] valid;
  logic sound;
  logic [5:0] missing;
  localparam logic [2:0] Idle = 3'd0;
  localparam logic [2:0] Drain = 3'd1;
  localparam logic [2:0] Broadcast = 3'd2;
  localparam logic [2:0] Sweep = 3'd3;
  localparam logic [2:0] Settle = 3'd4;
  localparam logic [2:0] Done = 3'd5;
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
      .lookup_valid,
      .answer_valid,
      .used,
      .fetch_busy,
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
  assign missing = 6'(miss[0]) + 6'(miss[1]);
  always_comb begin
    if (!rst_n) assume (req_valid_i == '0 && !op_valid_i);
    assume (req_attr_i[1:0] == x86_pkg::AccessFetch && req_attr_i[6:5] < x86_pkg::AccessFetch);
  end

`ifdef SOUND
  always_comb begin
    if (rst_n) assert (sound);
    cover (rst_n && used == 6'(Entries) && drain_q != '0 && merged_q != '0 && result_valid);
  end
`endif

`ifdef ASSUMED
  // What the checkers of the blocks assume (their reset apart).
  always_comb begin
    if (rst_n) begin
      assume (sound);
      // tlb_array
      assert (misused == '0);
      // miss_queue
      assert (6'(Entries) - used >= missing);
      assert (!(miss[0] && fetch_busy));
      assert (!(overtakes && !broadcast));
      assert (!(broadcast && sweep));
      if (dropping) assert (broadcast && !overtakes && fault_waiting);
      if (result_valid) assert (32'(result_id) < Entries && walk_q[result_id[EntryW-1:0]]);
      // page_walker
      if (walk_start) assert (idle && !broadcast && !draining_exchange && !walk_q[walk_id[EntryW-1:0]]);
      if (restart != '0) assert (broadcast);
      if (result_valid && restart[result_id]) assert (result_taken);
      if (result_taken) assert (result_valid);
    end
    cover (rst_n && result_valid && restart[result_id] && !dropping && missing == 6'd2);
  end
`endif

`ifdef COMPLETED
  // One operation is watched. From its acceptance on, memory has RW in every entry: what has not is stale.
  logic [6:0] key_q;
  logic under_way = 1'b0;  // accepted
  logic gone = 1'b0;       // and broadcast
  logic done = 1'b0;       // and complete
  logic [60:0] demand, at_write;
  logic both, watched, accepted;
  always_ff @(posedge clk_i) key_q <= {key_flags_i, key_pcid_i, key_page_i};
  always_comb if (rst_n) assume (key_q == {key_flags_i, key_pcid_i, key_page_i});
  logic [63:0] key_va;
  assign key_va = address(key_page_i, 1'b1);
  assign key = {key_flags_i, 11'd0, key_pcid_i, key_va[56:12]};
  assign walk_key = {key_flags_i & 3'b110, 11'd0, key_pcid_i, key_va[56:12]};
  assign demand = manual_pkg::demand(op_i, op_value, op_va, {11'd0, op_pcid_i}, mode_q, cr3_q);
  assign at_write = manual_pkg::demand(op_q, value_q, va_q, pcid_q, mode_q, cr3_q);
  assign accepted = rst_n && op_valid_i && op_ready && watch_i && !under_way && demand[60] &&
                    manual_pkg::same_key(demand[59:0], key);
  // Walk caches of other PCIDs are none of the business of an operation that drops globals of one address or PCID, yet
  // a walk from them may make a global entry: such an operation is watched until another PCID is current.
  assign both = key_flags_i[2:1] == 2'b11;
  assign watched = under_way && !(both && gone && pcid != key[56:45]);
  always_ff @(posedge clk_i) begin
    if (accepted) under_way <= 1'b1;
    else if (!watched) under_way <= 1'b0;
    gone <= watched && (gone || (broadcast && !dropping_q));
    done <= watched && (done || op_done);
  end

  logic [Walkers-1:0] old = '0;  // a request that memory took before
  for (genvar w = 0; w < Walkers; w++) begin : gen_old
    always_ff @(posedge clk_i) begin
      if (mem_resp_valid_i && mem_resp_ready && mem_resp_tag_i == 3'(w)) old[w] <= 1'b0;
      else if (accepted) old[w] <= in_memory[w];
    end
  end
  always_comb
    if (mem_resp_valid_i && !old[mem_resp_tag_i[WalkerW-1:0]] && (under_way || accepted))
      assume (mem_resp_data_i[x86_pkg::EntryRw]);

  // A fault's drop may come between.
  logic before_write, settling;
  assign before_write = state_q == Drain || (dropping_q && resume_q == Drain);
  assign settling = state_q == Settle || (dropping_q && resume_q == Settle);

  // Walks that the operation does not overtake: of a PCID that it leaves alone.
  logic foreign;
  logic [Walkers-1:0] stale;
  assign foreign = key_flags_i[1] && pcid != key[56:45];
  for (genvar w = 0; w < Walkers; w++) begin : gen_stale
    assign stale[w] = active[w] && (!table_q[w*51+x86_pkg::DataRw] || old[w] ||
                                    (exchange_q[w] && !desired_q[w*64+x86_pkg::EntryRw]));
  end
  always_comb begin
    if (rst_n) begin
      assume (sound);
      assert ((old & ~in_memory) == '0);
      if (watched) begin
        if (done) assert (gone);
        else if (!gone) assert (before_write || (state_q == Broadcast && !dropping_q));
        else assert (state_q == Sweep || state_q == Done || settling);
        // What it has to drop, and has dropped up to now.
        if (!gone && before_write) assert (op_q <= x86_pkg::OpWritePkrs && at_write[60] && manual_pkg::same_key(at_write[59:0], key));
        if (!done && !before_write) assert (manual_pkg::same_key({flags_q[2:0], pcid_q, va_q[56:12]}, key));
        if (gone && !done) assert (state_q == Sweep ? behind == '0 : may_hold == '0);
        // What is under way, and what is filled.
        if (gone) begin
          assert (foreign || stale == '0);
          if (result_valid && result_fault == x86_pkg::FaultNone)
            assert (foreign || result_data[x86_pkg::DataRw]);
          assert (stale_fill == '0);
        end
      end
      if (watched && (done || op_done)) assert (may_hold == '0);
    end
    cover (rst_n && watched && done && key_flags_i == 3'b011 && foreign && stale != '0);
  end
`endif

`ifdef ANSWERED_ONCE
  // Of an arbitrary port and tag.
  logic [1:0] who_q;
  logic open = 1'b0;     // accepted and not answered
  logic op_open = 1'b0;  // an operation likewise
  logic accepted, answered;
  logic [3:0] places;
  always_ff @(posedge clk_i) who_q <= {port_i, tag_i};
  always_comb if (rst_n) assume (who_q == {port_i, tag_i});
  assign accepted = rst_n && req_valid_i[port_i] && req_ready[port_i] && req_tag_i[port_i] == tag_i;
  assign answered = resp_valid[port_i] && resp_tag[port_i*6+:6] == 6'(tag_i);
  always_ff @(posedge clk_i) begin
    open <= accepted || (open && !answered);
    op_open <= rst_n && ((op_valid_i && op_ready) || (op_open && !op_done));
  end
  always_comb begin
    places = 4'(lookup_valid[port_i] && lookup_tag[port_i*6+:6] == 6'(tag_i)) +
             4'(answer_valid[port_i] && answer_tag[port_i*6+:6] == 6'(tag_i));
    for (int e = 0; e < Entries; e++)
      places = places + 4'(port_q[32'(port_i)*Entries+e] && tag_q[e*6+:6] == 6'(tag_i));
    assume (!(accepted && open && !answered));  // a tag is not used twice at a time
    if (rst_n) begin
      assume (sound);
      assert (places == 4'(open));
      if (answered) assert (open);
      assert (op_open == (state_q != Idle && !(dropping_q && resume_q == Idle)));
      if (op_done) assert (op_open);
      if (op_ready) assert (!op_open);
    end
    cover (rst_n && answered && op_done && used == 6'(Entries - 2) && answer_valid == 2'b11);
  end
`endif

`ifdef PROGRESS
  // Under a fair memory a rank falls in every cycle in which the miss queue neither gets a result nor answers. Fair:
  // it takes a request and answers one within three cycles, and no more than one exchange is lost meanwhile.
  localparam int Patience = 2;
  logic [Entries*64-1:0] entry_va_q;  // = dut.u_miss_queue.va_q[Entries x 64]
  logic [Entries*5-1:0] leader_q;  // = dut.u_miss_queue.leader_q[Entries x 5]
  logic [1:0] stalled = '0;  // cycles that a request waits
  logic [1:0] quiet = '0;    // cycles without a response
  logic lost = 1'b0;         // an exchange was
  logic losing, progress;
  assign progress = served != '0 || answer != '0;
  assign losing = mem_resp_valid_i && mem_resp_ready && wait_q[mem_resp_tag_i[WalkerW-1:0]] &&
                  exchange_q[mem_resp_tag_i[WalkerW-1:0]] && !mem_resp_exchanged_i && !mem_resp_error_i;
  always_ff @(posedge clk_i) begin
    stalled <= rst_n && mem_req_valid && !mem_req_ready_i ? stalled + 2'd1 : '0;
    if (!rst_n || in_memory == '0 || (mem_resp_valid_i && mem_resp_ready)) quiet <= '0;
    else if (mem_resp_ready) quiet <= quiet + 2'd1;
    lost <= rst_n && !progress && (lost || losing);
  end
  always_comb begin
    if (stalled == 2'(Patience)) assume (mem_req_ready_i);
    if (quiet == 2'(Patience) && mem_resp_ready && in_memory != '0) assume (mem_resp_valid_i);
    if (lost) assume (!losing);
  end

  // Who is merged has a leader on its way, of the same page.
  logic led;
  always_comb begin
    led = 1'b1;
    for (int e = 0; e < Entries; e++)
      if (merged_q[e])
        if (leader_q[e*5+:5] >= 5'(Entries) ||
            !(lookup_q[leader_q[e*5+:EntryW]] || walk_pend_q[leader_q[e*5+:EntryW]] || walk_q[leader_q[e*5+:EntryW]]) ||
            entry_va_q[e*64+12+:45] != entry_va_q[32'(leader_q[e*5+:EntryW])*64+12+:45])
          led = 1'b0;
  end

  // What is left to do, the weightier first. Of a walk: requests, and where the next one is.
  logic [6:0] left[Walkers];
  logic [Walkers-1:0] unmarked;  // would have an exchange follow an exchange
  for (genvar w = 0; w < Walkers; w++) begin : gen_unmarked
    logic [63:0] word;
    logic leaf;
    assign word = desired_q[w*64+:64];
    assign leaf = level_q[w*3+:3] == 3'd1 || (word[x86_pkg::EntryPs] && level_q[w*3+:3] <= 3'd3);
    assign unmarked[w] = active[w] && exchange_q[w] &&
                         (!word[x86_pkg::EntryA] || (leaf && attr_q[w*5+:2] == x86_pkg::AccessWrite &&
                                                     !word[x86_pkg::EntryD]));
  end
  for (genvar w = 0; w < Walkers; w++) begin : gen_left
    always_comb begin
      left[w] = '0;
      if (active[w])
        left[w] = {1'b0, level_q[w*3+:3], 3'd0} - (exchange_q[w] ? 7'd4 : 7'd0) + (from_cache_q[w] ? 7'd44 : 7'd0);
      left[w] = left[w] + (request_q[w] ? 7'd3 : !wait_q[w] && !drain_q[w] ? 7'd0 : in_memory[w] ? 7'd1 : 7'd2);
    end
  end
  logic [4:0] entries_left;
  logic [7:0] walks_left;
  logic [3:0] memory_left, lookups_left;
  always_comb begin
    entries_left = '0;
    walks_left = '0;
    lookups_left = '0;
    for (int e = 0; e < Entries; e++)
      entries_left = entries_left + (pend_q[e] ? 5'd4 : merged_q[e] ? 5'd3 : lookup_q[e] ? 5'd2 :
                                     walk_pend_q[e] ? 5'd1 : walk_q[e] || answer_q[e] ? 5'd0 : 5'd5);
    for (int w = 0; w < Walkers; w++) walks_left = walks_left + 8'(left[w]);
    for (int s = 0; s < Latency; s++) if (pipe_valid_q[s]) lookups_left = lookups_left + 4'(Latency - 1 - s);
    memory_left = 4'(Patience) - 4'(stalled) + 4'(Patience) - 4'(quiet);
  end
  logic [9:0] phase;
  logic [9:0] urgent;  // comes first: a stream of operations is held up once it has sent an access back
  always_comb begin
    case (state_q)
      Broadcast: phase = dropping_q ? 10'd0 : 10'd64;
      Sweep: phase = 10'd63 - sweep_set_q;
      Done: phase = 10'd20;
      default: phase = 10'd10;
    endcase
    urgent = !progress_owed_q ? 10'd200 : (broadcast && !dropping_q) || sweep ? phase : 10'd0;
  end

  logic [41:0] rank, rank_before;
  logic waits = 1'b0;  // in the cycle before there was something to do, and no progress
  assign rank = {urgent, entries_left, !lost, walks_left, memory_left, lookups_left, phase};
  always_ff @(posedge clk_i) begin
    rank_before <= rank;
    waits <= rst_n && valid != '0 && !progress;
  end
  always_comb begin
    if (rst_n) begin
      assume (sound);
      assert (stalled <= 2'(Patience) && quiet <= 2'(Patience) && (stalled == '0 || mem_req_valid) &&
              (quiet == '0 || in_memory != '0));
      assert (!sweep || sweep_set_q < 10'd4);
      assert (unmarked == '0);
      assert (led);
      if (waits) assert (rank < rank_before);
    end
    cover (rst_n && waits && progress_owed_q && used == 6'(Entries) && drain_q == '1 && sweep);
  end
`endif
endmodule
