// SPDX-License-Identifier: Apache-2.0
//
// The miss queue: every access that the L1 TLBs did not answer, until it is
// answered. The RTL twin of cmodel/miss_queue.c.
//
// An entry is free, or in one of these states, each a bit vector over the
// entries:
//
//   PEND       waits to be issued
//   MERGED     waits for its leader, an entry for the same page
//   LOOKUP     in the pipeline in front of the L2 TLB
//   WALK_PEND  waits for a page walker
//   WALK       is being walked
//   ANSWER     has its result, waits for its port
//
// One entry is issued per cycle, round robin: merged with an entry in LOOKUP,
// WALK_PEND or WALK for the same page if mode and kind allow, else sent into
// the pipeline, or straight to WALK_PEND when the L2 TLB cannot help. A lookup
// leaves the pipeline Latency cycles later. A result goes to the entry and to
// those merged with it; a fault goes to the entry alone, the others issue again
// (a fault must come from memory as it stood while that access was in flight).
//
// An overtaking invalidation sends entries of every state back to PEND.
module miss_queue #(
    parameter int Entries = 16,
    parameter int Ports = 3,
    parameter int Latency = 7
) (
    input logic clk_i,
    input logic rst_ni,

    // accesses that the L1 TLBs did not answer in this cycle
    input  logic [   Ports-1:0] miss_i,
    input  logic [   Ports-1:0] skip_l2_i,    // go to a walker without asking the L2 TLB
    input  logic [   Ports-1:0] from_root_i,  // walk from the root: confirms a denial by a cached entry
    input  logic [Ports*64-1:0] va_i,
    input  logic [ Ports*5-1:0] attr_i,
    input  logic [ Ports*6-1:0] tag_i,
    output logic [         5:0] used_o,       // entries in use
    output logic [   Ports-1:0] answering_o,  // ports for which an answer waits
    output logic                fetch_busy_o, // an entry belongs to the fetch port

    // invalidation
    input  logic        hold_i,        // broadcast: no issue, no answer
    input  logic        sweep_i,       // the L2 TLB is being swept: no issue, lookups come back
    input  logic        hold_issue_i,  // a given-up walk's compare-exchange is in memory
    input  logic        restart_all_i,
    input  logic        restart_gib_i, // those in the GiB of the result's access, but for that one
    output logic [31:0] restart_o,     // entries that are sent back in this cycle

    // L2 TLB: the lookup in the pipeline's last stage
    output logic        lookup_o,
    output logic [63:0] lookup_va_o,
    output logic [ 4:0] lookup_attr_o,
    input  logic        l2_hit_i,
    input  logic        l2_denied_i,
    input  logic        l2_dirty_i,     // D is set
    input  logic [ 1:0] l2_size_i,
    input  logic [50:0] l2_data_i,
    output logic        l2_answers_o,   // the hit answers the access

    // the entry to be walked next
    output logic        walk_o,
    output logic [ 4:0] walk_id_o,
    output logic [63:0] walk_va_o,
    output logic [ 4:0] walk_attr_o,
    output logic        walk_from_root_o,
    input  logic        walk_start_i,

    // the walkers' result register
    input  logic        result_valid_i,
    input  logic        result_taken_i,
    input  logic [ 4:0] result_id_i,
    input  logic [ 1:0] result_fault_i,
    input  logic [ 5:0] result_code_i,
    input  logic [ 1:0] result_size_i,
    input  logic [50:0] result_data_i,
    output logic [63:0] result_va_o,
    output logic        result_fetch_o,

    // answers: an entry leaves in this cycle, its words are there in the next
    output logic [   Ports-1:0] answer_o,
    output logic [   Ports-1:0] answer_valid_o,
    output logic [ Ports*6-1:0] answer_tag_o,
    output logic [Ports*64-1:0] answer_pa_o,
    output logic [Ports*15-1:0] answer_word_o,  // fault 1:0, code 7:2, size 9:8, source 11:10, PAT index 14:12
    output logic                empty_o
);
  localparam int IdW = 5;
  localparam int EntryW = $clog2(Entries);

  // states and properties, a bit per entry
  logic [Entries-1:0] pend_q, pend_d, merged_q, merged_d, lookup_q, lookup_d;
  logic [Entries-1:0] walk_pend_q, walk_pend_d, walk_q, walk_d, answer_q, answer_d;
  logic [Entries-1:0] skip_l2_q, skip_l2_d, from_root_q, from_root_d;
  logic [Entries-1:0] port_q[Ports];  // entries that belong to each port
  logic [Ports*Entries-1:0] port_d;
  logic fetch_busy_q, fetch_busy_d;

  // per entry
  logic [63:0] va_q    [Entries];
  logic [ 4:0] attr_q  [Entries];
  logic [ 5:0] tag_q   [Entries];
  logic [ 4:0] leader_q[Entries];  // MERGED: the entry it waits for
  logic [62:0] result_q[Entries];  // ANSWER: data 50:0, fault 52:51, code 58:53, size 60:59, source 62:61

  // pipeline in front of the L2 TLB, the youngest stage lowest
  logic [Latency-1:0] pipe_valid_q, pipe_valid_d;
  logic [Latency*IdW-1:0] pipe_id_q, pipe_id_d;

  logic [EntryW-1:0] next_issue_q, next_issue_d, next_walk_q, next_walk_d;  // round robin

  logic [Entries-1:0] valid;
  assign valid = pend_q | merged_q | lookup_q | walk_pend_q | walk_q | answer_q;
  assign empty_o = valid == '0;
  assign fetch_busy_o = fetch_busy_q;
  always_comb begin
    used_o = '0;
    if (valid != '0) used_o = 6'($countones(valid));
  end

  // The lookup that ends in this cycle.
  logic [EntryW-1:0] lookup_id;
  assign lookup_o = pipe_valid_q[Latency-1];
  assign lookup_id = pipe_id_q[(Latency-1)*IdW+:EntryW];
  always_comb begin
    lookup_va_o = '0;
    lookup_attr_o = '0;
    if (lookup_o) begin
      lookup_va_o = va_q[lookup_id];
      lookup_attr_o = attr_q[lookup_id];
    end
  end
  // A write through an entry without D goes to a walk that sets it (4.8).
  assign l2_answers_o = lookup_o && !hold_i && !sweep_i && l2_hit_i && !l2_denied_i &&
                        (lookup_attr_o[1:0] != x86_pkg::AccessWrite || l2_dirty_i);

  // Round robin: those of the candidates whose turn it is, `first` or after it if there are any.
  function automatic logic [Entries-1:0] turns(input logic [Entries-1:0] candidates, input logic [EntryW-1:0] first);
    turns = candidates & ({Entries{1'b1}} << first);
    if (turns == '0) turns = candidates;
  endfunction

  // The walk that may start, round robin.
  logic [Entries-1:0] walk_pending;
  logic [EntryW-1:0] walk_id;
  assign walk_o = walk_pend_q != '0;
  assign walk_id_o = IdW'(walk_id);
  always_comb begin
    walk_pending = '0;
    walk_id = '0;
    walk_va_o = '0;
    walk_attr_o = '0;
    walk_from_root_o = 1'b0;
    if (walk_o) begin
      walk_pending = turns(walk_pend_q, next_walk_q);
      for (int i = Entries - 1; i >= 0; i--) if (walk_pending[i]) walk_id = EntryW'(i);
      walk_va_o = va_q[walk_id];
      walk_attr_o = attr_q[walk_id];
      walk_from_root_o = from_root_q[walk_id];
    end
  end

  // PEND -> MERGED, LOOKUP or WALK_PEND: the issue, round robin. None while a result waits: so the pipeline runs
  // empty and leaves it the arrays, and no entry joins a leader in the cycle in which that has its result.
  logic issue, merge;
  logic [EntryW-1:0] issue_id, leader;
  logic [Entries-1:0] issuable, leading;
  logic [44:0] issue_vpn;
  logic [4:0] issue_attr;
  assign issue = pend_q != '0 && !hold_i && !sweep_i && !hold_issue_i && !result_valid_i;
  always_comb begin
    issue_id = '0;
    issuable = '0;
    issue_vpn = '0;
    issue_attr = '0;
    leading = '0;
    leader = '0;
    if (issue) begin
      issuable = turns(pend_q, next_issue_q);
      for (int i = Entries - 1; i >= 0; i--) if (issuable[i]) issue_id = EntryW'(i);
      issue_vpn = x86_pkg::vpn(va_q[issue_id]);
      issue_attr = attr_q[issue_id];
      // An entry whose lookup ends now takes no more followers.
      leading = lookup_q | walk_pend_q | walk_q;
      if (lookup_o) leading[lookup_id] = 1'b0;
      // A result for one access serves the other: same mode, same kind, or a read beside a write.
      if (leading != '0)
        for (int i = 0; i < Entries; i++)
          if (leading[i])
            leading[i] = va_q[i][56:12] == issue_vpn && attr_q[i][4:2] == issue_attr[4:2] &&
                         (attr_q[i][1:0] == issue_attr[1:0] ||
                          (attr_q[i][1:0] == x86_pkg::AccessWrite && issue_attr[1:0] == x86_pkg::AccessRead));
      if (leading != '0) for (int i = Entries - 1; i >= 0; i--) if (leading[i]) leader = EntryW'(i);
    end
  end
  assign merge = leading != '0;

  // A result: of the lookup that ends, or of a walk. Never both, see result_taken_i.
  logic complete;
  logic [EntryW-1:0] complete_id;
  logic [Entries-1:0] followers, served;
  logic [Entries-1:0] released;  // followers of a lookup that comes back
  logic [62:0] result;
  assign complete = l2_answers_o || result_taken_i;
  assign complete_id = result_taken_i ? result_id_i[EntryW-1:0] : lookup_id;
  assign result = result_taken_i ?
      {x86_pkg::SourceWalk, result_size_i, result_code_i, result_fault_i, result_data_i} :
      {x86_pkg::SourceL2, l2_size_i, 6'd0, x86_pkg::FaultNone, l2_data_i};
  always_comb begin
    followers = '0;
    served = '0;
    released = '0;
    if (lookup_o && (hold_i || sweep_i) && merged_q != '0)
      for (int i = 0; i < Entries; i++) released[i] = merged_q[i] && leader_q[i] == IdW'(lookup_id);
    if (complete && merged_q != '0)
      for (int i = 0; i < Entries; i++) followers[i] = merged_q[i] && leader_q[i] == IdW'(complete_id);
    if (complete) begin
      if (!result_taken_i || result_fault_i == x86_pkg::FaultNone) served = followers;
      served[complete_id] = 1'b1;
    end
  end
  always_comb begin
    result_va_o = '0;
    result_fetch_o = 1'b0;
    if (result_valid_i) begin
      result_va_o = va_q[result_id_i[EntryW-1:0]];
      result_fetch_o = attr_q[result_id_i[EntryW-1:0]][1:0] == x86_pkg::AccessFetch;
    end
  end

  // Entries that an invalidation sends back.
  logic [Entries-1:0] restart;
  always_comb begin
    restart = '0;
    if (restart_all_i) restart = valid;
    if (restart_gib_i) begin
      for (int i = 0; i < Entries; i++) restart[i] = valid[i] && va_q[i][56:30] == result_va_o[56:30];
      restart[result_id_i[EntryW-1:0]] = 1'b0;
    end
  end
  assign restart_o = 32'(restart);

  // ANSWER -> free: one entry per port, the lowest.
  logic [Ports*Entries-1:0] leaving;
  logic [Ports-1:0] answer_valid_q;
  logic [Ports*6-1:0] answer_tag_q;
  logic [Ports*64-1:0] answer_pa_q;
  logic [Ports*15-1:0] answer_word_q;
  assign answer_valid_o = answer_valid_q;
  assign answer_tag_o = answer_tag_q;
  assign answer_pa_o = answer_pa_q;
  assign answer_word_o = answer_word_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) answer_valid_q <= '0;
    else answer_valid_q <= answer_o;
  end
  for (genvar p = 0; p < Ports; p++) begin : g_answer
    logic [Entries-1:0] waiting;
    logic [EntryW-1:0] id;
    logic [62:0] word;
    logic [51:0] pa;
    assign waiting = answer_q & port_q[p];
    assign answering_o[p] = waiting != '0;
    assign answer_o[p] = waiting != '0 && !hold_i;
    always_comb begin
      id = '0;
      word = '0;
      pa = '0;
      leaving[p*Entries+:Entries] = '0;
      if (answer_o[p]) begin
        for (int i = Entries - 1; i >= 0; i--) if (waiting[i]) id = EntryW'(i);
        leaving[p*Entries+:Entries] = waiting & (~waiting + Entries'(1));
        word = result_q[id];
        if (word[52:51] == x86_pkg::FaultNone) pa = x86_pkg::physical(word[50:0], word[60:59], va_q[id]);
      end
    end
    always_ff @(posedge clk_i) begin
      if (answer_o[p]) begin
        answer_tag_q[p*6+:6] <= tag_q[id];
        answer_pa_q[p*64+:64] <= {12'd0, pa};
        answer_word_q[p*15+:15] <= {word[x86_pkg::DataPat+:3], word[62:51]};
      end
    end
  end

  // free -> PEND: a place for each miss, the lowest for the lowest port.
  logic [Ports*EntryW-1:0] allocate_id;
  logic [Entries-1:0] free;
  logic [EntryW-1:0] place;
  always_comb begin
    place = '0;
    allocate_id = '0;
    free = ~valid;
    if (miss_i != '0)
      for (int p = 0; p < Ports; p++) begin
        place = '0;
        if (miss_i[p]) begin
          for (int i = Entries - 1; i >= 0; i--) if (free[i]) place = EntryW'(i);
          free[place] = 1'b0;
        end
        allocate_id[p*EntryW+:EntryW] = place;
      end
  end

  always_comb begin
    pend_d = pend_q;
    merged_d = merged_q;
    lookup_d = lookup_q;
    walk_pend_d = walk_pend_q;
    walk_d = walk_q;
    answer_d = answer_q;
    skip_l2_d = skip_l2_q;
    from_root_d = from_root_q;
    for (int p = 0; p < Ports; p++) port_d[p*Entries+:Entries] = port_q[p];
    fetch_busy_d = fetch_busy_q;
    next_issue_d = next_issue_q;
    next_walk_d = next_walk_q;
    pipe_valid_d = Latency'({pipe_valid_q, 1'b0});
    pipe_id_d = (Latency * IdW)'({pipe_id_q, IdW'(0)});

    if (issue) begin
      pend_d[issue_id] = 1'b0;
      next_issue_d = issue_id == EntryW'(Entries - 1) ? '0 : issue_id + 1'b1;
      if (merge) begin
        merged_d[issue_id] = 1'b1;
      end else if (skip_l2_q[issue_id]) begin
        walk_pend_d[issue_id] = 1'b1;
      end else begin
        lookup_d[issue_id] = 1'b1;
        pipe_valid_d[0] = 1'b1;
        pipe_id_d[IdW-1:0] = IdW'(issue_id);
      end
    end
    if (walk_start_i) begin
      walk_pend_d[walk_id] = 1'b0;
      walk_d[walk_id] = 1'b1;
      next_walk_d = walk_id == EntryW'(Entries - 1) ? '0 : walk_id + 1'b1;
    end
    // LOOKUP -> ANSWER, WALK_PEND, or PEND when the array could not be read
    if (lookup_o && !l2_answers_o) begin
      lookup_d[lookup_id] = 1'b0;
      if (hold_i || sweep_i) begin
        pend_d[lookup_id] = 1'b1;
        merged_d = merged_d & ~released;
        pend_d = pend_d | released;
      end else begin
        walk_pend_d[lookup_id] = 1'b1;
        if (l2_hit_i && l2_denied_i) from_root_d[lookup_id] = 1'b1;
      end
    end
    if (complete) begin
      lookup_d = lookup_d & ~served;
      walk_d = walk_d & ~served;
      merged_d = merged_d & ~followers;
      pend_d = pend_d | (followers & ~served);
      answer_d = answer_d | served;
    end
    for (int p = 0; p < Ports; p++)
      if (answer_o[p]) begin
        answer_d = answer_d & ~leaving[p*Entries+:Entries];
        port_d[p*Entries+:Entries] = port_d[p*Entries+:Entries] & ~leaving[p*Entries+:Entries];
        if (p == 0) fetch_busy_d = 1'b0;
      end
    if (restart != '0) begin
      merged_d = merged_d & ~restart;
      lookup_d = lookup_d & ~restart;
      walk_pend_d = walk_pend_d & ~restart;
      walk_d = walk_d & ~restart;
      answer_d = answer_d & ~restart;
      pend_d = pend_d | restart;
      // Their lookups leave the pipeline: they will be issued anew.
      for (int s = 0; s < Latency; s++)
        if (pipe_valid_d[s] && restart[pipe_id_d[s*IdW+:EntryW]]) begin
          pipe_valid_d[s] = 1'b0;
          pipe_id_d[s*IdW+:IdW] = '0;
        end
    end
    if (miss_i != '0)
      for (int p = 0; p < Ports; p++)
        if (miss_i[p]) begin
          pend_d[allocate_id[p*EntryW+:EntryW]] = 1'b1;
          skip_l2_d[allocate_id[p*EntryW+:EntryW]] = skip_l2_i[p];
          from_root_d[allocate_id[p*EntryW+:EntryW]] = from_root_i[p];
          port_d[p*Entries+32'(allocate_id[p*EntryW+:EntryW])] = 1'b1;
          if (p == 0) fetch_busy_d = 1'b1;
        end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pend_q <= '0;
      merged_q <= '0;
      lookup_q <= '0;
      walk_pend_q <= '0;
      walk_q <= '0;
      answer_q <= '0;
      skip_l2_q <= '0;
      from_root_q <= '0;
      for (int p = 0; p < Ports; p++) port_q[p] <= '0;
      fetch_busy_q <= 1'b0;
      pipe_valid_q <= '0;
      pipe_id_q <= '0;
      next_issue_q <= '0;
      next_walk_q <= '0;
    end else begin
      pend_q <= pend_d;
      merged_q <= merged_d;
      lookup_q <= lookup_d;
      walk_pend_q <= walk_pend_d;
      walk_q <= walk_d;
      answer_q <= answer_d;
      skip_l2_q <= skip_l2_d;
      from_root_q <= from_root_d;
      for (int p = 0; p < Ports; p++) port_q[p] <= port_d[p*Entries+:Entries];
      fetch_busy_q <= fetch_busy_d;
      pipe_valid_q <= pipe_valid_d;
      pipe_id_q <= pipe_id_d;
      next_issue_q <= next_issue_d;
      next_walk_q <= next_walk_d;
    end
  end

  // Per-entry words mean nothing before they are first written.
  for (genvar p = 0; p < Ports; p++) begin : g_allocate
    always_ff @(posedge clk_i) begin
      if (miss_i[p]) begin
        va_q[allocate_id[p*EntryW+:EntryW]] <= va_i[p*64+:64];
        attr_q[allocate_id[p*EntryW+:EntryW]] <= attr_i[p*5+:5];
        tag_q[allocate_id[p*EntryW+:EntryW]] <= tag_i[p*6+:6];
      end
    end
  end
  always_ff @(posedge clk_i) if (issue && merge) leader_q[issue_id] <= IdW'(leader);
  for (genvar i = 0; i < Entries; i++) begin : g_result
    always_ff @(posedge clk_i) if (served[i]) result_q[i] <= result;
  end
endmodule
