// SPDX-License-Identifier: Apache-2.0
//
// Replacement state of an array: true LRU, tree-PLRU, NRU or random. The RTL
// twin of cmodel/replacement.c.
//
// One word of state per set. LRU: the age of way w at [w*AgeW +: AgeW], 0 the
// most recently used. Tree-PLRU: node n of a binary tree over the ways rounded
// up to a power of two at bit n, 1 when the victim is on the right; subtrees
// without ways are passed by. NRU: bit w set when way w was used since all of
// them were. Random: none; the LFSR decides, which moves with each fill.
//
// victim_o answers fill_set_i in the same cycle and is meaningful only with
// fill_i; fill_way_i may follow from it. Marks and fills act at the clock edge.
// Of several that concern one set the fill decides, then the highest port.
module replacement #(
    parameter int Sets   = 16,
    parameter int Ways   = 4,
    parameter int Ports  = 1,
    parameter int Policy = x86_pkg::PolicyPlru
) (
    input logic clk_i,
    input logic rst_ni,

    // Ways used by lookups.
    input logic [Ports-1:0] mark_i,
    input logic [Ports*(Sets > 1 ? $clog2(Sets) : 1)-1:0] mark_set_i,
    input logic [Ports*(Ways > 1 ? $clog2(Ways) : 1)-1:0] mark_way_i,

    // The way that a fill takes.
    input logic fill_i,
    input logic [(Sets > 1 ? $clog2(Sets) : 1)-1:0] fill_set_i,
    input logic [(Ways > 1 ? $clog2(Ways) : 1)-1:0] fill_way_i,
    output logic [(Ways > 1 ? $clog2(Ways) : 1)-1:0] victim_o
);

  localparam int SetW = Sets > 1 ? $clog2(Sets) : 1;
  localparam int WayW = Ways > 1 ? $clog2(Ways) : 1;
  localparam int Levels = $clog2(Ways);
  localparam int Leaves = 1 << Levels;
  localparam int LruW = Ways * WayW;
  localparam int StateW = Policy == x86_pkg::PolicyLru ? LruW :
                          Policy == x86_pkg::PolicyPlru ? Leaves :
                          Policy == x86_pkg::PolicyNru ? Ways : 1;

  logic [StateW-1:0] repl_q[Sets];
  logic [15:0] lfsr_q;

  // --- LRU ---

  function automatic logic [LruW-1:0] lru_fresh();
    for (int w = 0; w < Ways; w++) lru_fresh[w*WayW+:WayW] = WayW'(w);
  endfunction

  function automatic logic [LruW-1:0] lru_touched(input logic [LruW-1:0] state, input logic [WayW-1:0] way);
    logic [WayW-1:0] age;
    lru_touched = state;
    age = state[way*WayW+:WayW];
    if (age != '0) begin
      for (int w = 0; w < Ways; w++) begin
        if (state[w*WayW+:WayW] < age) lru_touched[w*WayW+:WayW] = state[w*WayW+:WayW] + WayW'(1);
      end
      lru_touched[way*WayW+:WayW] = '0;
    end
  endfunction

  function automatic logic [WayW-1:0] lru_victim(input logic [LruW-1:0] state);
    lru_victim = '0;
    for (int w = 0; w < Ways; w++) if (state[w*WayW+:WayW] == WayW'(Ways - 1)) lru_victim = WayW'(w);
  endfunction

  // --- Tree-PLRU ---

  function automatic logic [Leaves-1:0] plru_touched(input logic [Leaves-1:0] state, input logic [WayW-1:0] way);
    logic [WayW:0] node;
    plru_touched = state;
    node = (WayW + 1)'(Leaves) + (WayW + 1)'(way);
    for (int level = 0; level < Levels; level++) begin
      plru_touched[WayW'(node>>1)] = !node[0];
      node = node >> 1;
    end
  endfunction

  function automatic logic [WayW-1:0] plru_victim(input logic [Leaves-1:0] state);
    logic [WayW:0] node, first;
    logic right;
    node = (WayW + 1)'(1);
    first = '0;
    for (int level = Levels - 1; level >= 0; level--) begin
      right = state[WayW'(node)] && first + (WayW + 1)'(1 << level) < (WayW + 1)'(Ways);
      if (right) first = first + (WayW + 1)'(1 << level);
      node = (node << 1) | (WayW + 1)'(right);
    end
    plru_victim = WayW'(first);
  endfunction

  // --- NRU ---

  function automatic logic [Ways-1:0] nru_touched(input logic [Ways-1:0] state, input logic [WayW-1:0] way);
    nru_touched = state;
    nru_touched[way] = 1'b1;
    if (&nru_touched) begin
      nru_touched = '0;
      nru_touched[way] = 1'b1;
    end
  endfunction

  function automatic logic [WayW-1:0] nru_victim(input logic [Ways-1:0] state);
    nru_victim = '0;
    for (int w = Ways - 1; w >= 0; w--) if (!state[w]) nru_victim = WayW'(w);
  endfunction

  // --- The policy of this array ---

  // The state of a set after reset.
  function automatic logic [StateW-1:0] fresh();
    if (Policy == x86_pkg::PolicyLru) fresh = StateW'(lru_fresh());
    else fresh = '0;
  endfunction

  // The state of a set after a use of the way.
  function automatic logic [StateW-1:0] touched(input logic [StateW-1:0] state, input logic [WayW-1:0] way);
    if (Policy == x86_pkg::PolicyLru) touched = StateW'(lru_touched(LruW'(state), way));
    else if (Policy == x86_pkg::PolicyPlru) touched = StateW'(plru_touched(Leaves'(state), way));
    else if (Policy == x86_pkg::PolicyNru) touched = StateW'(nru_touched(Ways'(state), way));
    else touched = state;
  endfunction

  // The way to evict from a set.
  function automatic logic [WayW-1:0] victim(input logic [StateW-1:0] state, input logic [15:0] lfsr);
    if (Policy == x86_pkg::PolicyLru) victim = lru_victim(LruW'(state));
    else if (Policy == x86_pkg::PolicyPlru) victim = plru_victim(Leaves'(state));
    else if (Policy == x86_pkg::PolicyNru) victim = nru_victim(Ways'(state));
    else victim = WayW'((32'(lfsr) * Ways) >> 16);
  endfunction

  always_comb begin
    victim_o = '0;
    if (fill_i) victim_o = victim(repl_q[fill_set_i], lfsr_q);
  end

  if (Sets == 1) begin : gen_one_set
    // Only one use counts: the last that the order of precedence names.
    logic used;
    logic [WayW-1:0] last;

    always_comb begin
      used = 1'b0;
      last = '0;
      if (Policy != x86_pkg::PolicyRandom && (fill_i || mark_i != '0)) begin
        used = 1'b1;
        for (int p = 0; p < Ports; p++) if (mark_i[p]) last = mark_way_i[p*WayW+:WayW];
        if (fill_i) last = fill_way_i;
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) repl_q[0] <= fresh();
      else if (used) repl_q[0] <= touched(repl_q[0], last);
    end
  end else begin : gen_sets
    // The two loops of the reset are one that Verilator unrolls in spite of its length.
    localparam int Stride = Sets > 32 ? 32 : Sets;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        for (int i = 0; i < Sets; i += Stride) begin
          for (int j = 0; j < Stride; j++) repl_q[SetW'(i+j)] <= fresh();
        end
      end else if (Policy != x86_pkg::PolicyRandom) begin
        for (int p = 0; p < Ports; p++) begin
          if (mark_i[p]) begin
            repl_q[mark_set_i[p*SetW+:SetW]] <= touched(repl_q[mark_set_i[p*SetW+:SetW]], mark_way_i[p*WayW+:WayW]);
          end
        end
        if (fill_i) repl_q[fill_set_i] <= touched(repl_q[fill_set_i], fill_way_i);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) lfsr_q <= 16'hace1;
    else if (fill_i) lfsr_q <= (lfsr_q >> 1) ^ (lfsr_q[0] ? 16'hb400 : 16'h0);
  end

endmodule
