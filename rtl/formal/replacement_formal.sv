// SPDX-License-Identifier: Apache-2.0
//
// What holds of replacement: docs/formal.md has the list. One property at a
// time is chosen by a macro; .ci/formal connects the signals marked "=".
module replacement_formal #(
    parameter int Sets   = 2,
    parameter int Ways   = 3,
    parameter int Policy = x86_pkg::PolicyLru
) (
    input logic clk_i,
    input logic mark_i,
    input logic [(Sets > 1 ? $clog2(Sets) : 1)-1:0] mark_set_i,
    input logic [(Ways > 1 ? $clog2(Ways) : 1)-1:0] mark_way_i,
    input logic fill_i,
    input logic [(Sets > 1 ? $clog2(Sets) : 1)-1:0] fill_set_i,
    input logic [(Ways > 1 ? $clog2(Ways) : 1)-1:0] fill_way_i,
    input logic [(Sets > 1 ? $clog2(Sets) : 1)-1:0] watched_i
);
  localparam int SetW = Sets > 1 ? $clog2(Sets) : 1;
  localparam int WayW = Ways > 1 ? $clog2(Ways) : 1;
  // Of the state only LRU's ages and NRU's bits have rules of their own.
  localparam int StateW = Policy == x86_pkg::PolicyLru ? Ways * WayW : Ways;

  logic rst_n = 1'b0;
  always_ff @(posedge clk_i) rst_n <= 1'b1;

  logic [WayW-1:0] victim;

  replacement #(
      .Sets(Sets),
      .Ways(Ways),
      .Policy(Policy)
  ) dut (
      .clk_i,
      .rst_ni(rst_n),
      .mark_i,
      .mark_set_i,
      .mark_way_i,
      .fill_i,
      .fill_set_i,
      .fill_way_i,
      .victim_o(victim)
  );

  // Inside: the state of each set.
  logic [Sets*StateW-1:0] repl_q;  // = dut.repl_q[Sets x StateW]

  always_comb begin
    assume (32'(mark_way_i) < Ways && 32'(fill_way_i) < Ways);
    assume (32'(mark_set_i) < Sets && 32'(fill_set_i) < Sets);
    if (!rst_n) assume (!mark_i && !fill_i);
  end

  // LRU: the ages of a set are a permutation. NRU: some way is unused.
  logic [Sets*Ways*Ways-1:0] broken;
  for (genvar s = 0; s < Sets; s++) begin : gen_set
    for (genvar w = 0; w < Ways; w++) begin : gen_way
      for (genvar v = 0; v < Ways; v++) begin : gen_other
        if (Policy == x86_pkg::PolicyLru)
          assign broken[(s*Ways+w)*Ways+v] =
              repl_q[s*StateW+w*WayW+:WayW] > WayW'(Ways - 1) ||
              (w != v && repl_q[s*StateW+w*WayW+:WayW] == repl_q[s*StateW+v*WayW+:WayW]);
        else if (Policy == x86_pkg::PolicyNru) assign broken[(s*Ways+w)*Ways+v] = &repl_q[s*StateW+:Ways];
        else assign broken[(s*Ways+w)*Ways+v] = 1'b0;
      end
    end
  end

`ifdef VICTIM_LEGAL
  always_comb begin
    if (rst_n) assert (broken == '0);
    if (rst_n && fill_i) assert (32'(victim) < Ways);
    cover (rst_n && fill_i && victim == WayW'(Ways - 1));
  end
`endif

`ifdef NOT_LATEST
  // Ways used last in a set are not its next victim. Of an arbitrary set.
  logic [SetW-1:0] watched;
  logic used = 1'b0;
  logic [WayW-1:0] latest;
  always_ff @(posedge clk_i) watched <= watched_i;
  always_comb if (rst_n) assume (watched_i == watched);
  always_ff @(posedge clk_i) begin
    if (rst_n && fill_i && fill_set_i == watched) begin
      used <= 1'b1;
      latest <= fill_way_i;
    end else if (rst_n && mark_i && mark_set_i == watched) begin
      used <= 1'b1;
      latest <= mark_way_i;
    end
  end
  always_comb begin
    if (rst_n) assert (broken == '0);
    if (rst_n && used && fill_i && fill_set_i == watched) assert (victim != latest);
    cover (rst_n && used && fill_i && fill_set_i == watched && latest == WayW'(Ways - 1));
  end
`endif
endmodule
