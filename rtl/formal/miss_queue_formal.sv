// SPDX-License-Identifier: Apache-2.0
//
// What holds of miss_queue: docs/formal.md has the list. One property at a
// time is chosen by a macro; .ci/formal connects the signals marked "=".
module miss_queue_formal #(
    parameter int Entries = 4,
    parameter int Ports = 2,
    parameter int Latency = 2
) (
    input logic clk_i,
    input logic [Ports-1:0] miss_i,
    input logic [Ports-1:0] skip_l2_i,
    input logic [Ports-1:0] from_root_i,
    input logic [Ports*64-1:0] va_i,
    input logic [Ports*5-1:0] attr_i,
    input logic [Ports*6-1:0] tag_i,
    input logic hold_i,
    input logic sweep_i,
    input logic hold_issue_i,
    input logic overtakes_i,
    input logic dropping_i,
    input logic l2_hit_i,
    input logic l2_denied_i,
    input logic l2_dirty_i,
    input logic [1:0] l2_size_i,
    input logic [50:0] l2_data_i,
    input logic walker_idle_i,
    input logic result_valid_i,
    input logic [4:0] result_id_i,
    input logic [1:0] result_fault_i,
    input logic [5:0] result_code_i,
    input logic [1:0] result_size_i,
    input logic [50:0] result_data_i
);
  localparam int EntryW = $clog2(Entries);

  logic rst_n = 1'b0;
  always_ff @(posedge clk_i) rst_n <= 1'b1;

  logic [5:0] used;
  logic [Ports-1:0] answering, answer;
  logic fetch_busy, lookup, l2_answers, walk, walk_from_root, result_fetch, empty;
  logic [31:0] restart;
  logic [63:0] lookup_va, walk_va, result_va;
  logic [4:0] lookup_attr, walk_id, walk_attr;
  logic [Ports-1:0] answer_valid;
  logic [Ports*64-1:0] answer_pa;
  logic [Ports*15-1:0] answer_word;
  logic [Ports*6-1:0] answer_tag;

  // As in mmu: when a walk starts, and when a result is taken.
  logic fault_waiting, finish, walk_start;
  assign fault_waiting = result_valid_i && result_fault_i == x86_pkg::FaultPage;
  assign finish = result_valid_i && !fault_waiting && !lookup && !hold_i && !sweep_i;
  assign walk_start = walk && walker_idle_i && !hold_i && !hold_issue_i;

  miss_queue #(
      .Entries(Entries),
      .Ports(Ports),
      .Latency(Latency)
  ) dut (
      .clk_i,
      .rst_ni(rst_n),
      .miss_i,
      .skip_l2_i,
      .from_root_i,
      .va_i,
      .attr_i,
      .tag_i,
      .used_o(used),
      .answering_o(answering),
      .fetch_busy_o(fetch_busy),
      .hold_i,
      .sweep_i,
      .hold_issue_i,
      .restart_all_i(overtakes_i),
      .restart_gib_i(dropping_i),
      .restart_o(restart),
      .lookup_o(lookup),
      .lookup_va_o(lookup_va),
      .lookup_attr_o(lookup_attr),
      .l2_hit_i,
      .l2_denied_i,
      .l2_dirty_i,
      .l2_size_i,
      .l2_data_i,
      .l2_answers_o(l2_answers),
      .walk_o(walk),
      .walk_id_o(walk_id),
      .walk_va_o(walk_va),
      .walk_attr_o(walk_attr),
      .walk_from_root_o(walk_from_root),
      .walk_start_i(walk_start),
      .result_valid_i,
      .result_taken_i(finish || dropping_i),
      .result_id_i,
      .result_fault_i,
      .result_code_i,
      .result_size_i,
      .result_data_i,
      .result_va_o(result_va),
      .result_fetch_o(result_fetch),
      .answer_o(answer),
      .answer_valid_o(answer_valid),
      .answer_tag_o(answer_tag),
      .answer_pa_o(answer_pa),
      .answer_word_o(answer_word),
      .empty_o(empty)
  );

  // Inside.
  logic [Entries-1:0] pend_q;  // = dut.pend_q
  logic [Entries-1:0] merged_q;  // = dut.merged_q
  logic [Entries-1:0] lookup_q;  // = dut.lookup_q
  logic [Entries-1:0] walk_pend_q;  // = dut.walk_pend_q
  logic [Entries-1:0] walk_q;  // = dut.walk_q
  logic [Entries-1:0] answer_q;  // = dut.answer_q
  logic [Latency-1:0] pipe_valid_q;  // = dut.pipe_valid_q
  logic [Latency*5-1:0] pipe_id_q;  // = dut.pipe_id_q
  logic [Ports*Entries-1:0] port_q;  // = dut.port_q[Ports x Entries]
  logic [Entries-1:0] served;  // = dut.served
  logic issue;  // = dut.issue
  logic complete;  // = dut.complete
  logic [EntryW-1:0] issue_id;  // = dut.issue_id

  // What the MMU keeps to.
  logic [5:0] missing, leaving;
  always_comb begin
    missing = '0;
    leaving = '0;
    for (int p = 0; p < Ports; p++) begin
      missing = missing + 6'(miss_i[p]);
      leaving = leaving + 6'(answer[p]);
    end
    if (!rst_n) assume (miss_i == '0 && !result_valid_i);
    assume (6'(Entries) - used >= missing);         // there is room
    assume (!(miss_i[0] && fetch_busy));            // one fetch at a time
    assume (!(overtakes_i && !hold_i));
    if (dropping_i) assume (hold_i && !overtakes_i && fault_waiting);
    assume (!(hold_i && sweep_i));
    // A result is that of an entry that is being walked.
    if (result_valid_i) assume (32'(result_id_i) < Entries && walk_q[result_id_i[EntryW-1:0]]);
  end

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

`ifdef ONE_STATE
  always_comb begin
    if (rst_n) assert (several == '0 && piped && ported);
    cover (rst_n && pend_q != '0 && merged_q != '0 && walk_q != '0 && answer_q != '0);
  end
`endif

`ifdef PIPELINE
  // Whoever is in LOOKUP is in the pipeline, once, and nobody else.
  always_comb begin
    if (rst_n) assert (several == '0 && piped);
    cover (rst_n && pipe_valid_q == '1 && merged_q != '0);
  end
`endif

`ifdef COUNTED
  logic [5:0] outstanding = '0;  // accesses taken in and not yet answered
  always_ff @(posedge clk_i) outstanding <= rst_n ? outstanding + missing - leaving : '0;
  always_comb begin
    if (rst_n) assert (several == '0 && piped && ported && used == outstanding);
    cover (rst_n && outstanding == 6'(Entries) && answer == '1);
  end
`endif

`ifdef ISSUED_AGAIN
  // Entries that were issued since they came or were last sent back.
  logic [Entries-1:0] issued = '0;
  logic cover_restarted = 1'b0;
  for (genvar e = 0; e < Entries; e++) begin : gen_issued
    always_ff @(posedge clk_i) begin
      if (!valid[e] || restart[e]) issued[e] <= 1'b0;
      else if (issue && issue_id == EntryW'(e)) issued[e] <= 1'b1;
    end
  end
  always_ff @(posedge clk_i) if ((restart[Entries-1:0] & answer_q) != '0) cover_restarted <= 1'b1;
  always_comb begin
    if (rst_n) begin
      assert (several == '0 && piped);
      assert (((merged_q | lookup_q | walk_pend_q | walk_q | answer_q) & ~issued) == '0);
      if (complete) assert ((served & ~issued) == '0);
    end
    cover (rst_n && cover_restarted && answer_q == '1);
  end
`endif
endmodule
