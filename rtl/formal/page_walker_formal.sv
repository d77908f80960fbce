// SPDX-License-Identifier: Apache-2.0
//
// What holds of page_walker: docs/formal.md has the list. One property at a
// time is chosen by a macro; .ci/formal connects the signals marked "=".
module page_walker_formal #(
    parameter int Walkers = 2
) (
    input logic clk_i,
    input logic [39:0] root_i,
    input logic [9:0] mode_i,
    input logic [31:0] pkru_i,
    input logic [31:0] pkrs_i,
    input logic [11:0] pcid_i,
    input logic start_i,
    input logic [4:0] start_id_i,
    input logic [2:0] start_level_i,
    input logic start_from_cache_i,
    input logic [50:0] start_data_i,
    input logic [63:0] start_va_i,
    input logic [4:0] start_attr_i,
    input logic hold_i,
    input logic [31:0] restart_i,
    input logic mem_req_ready_i,
    input logic mem_resp_valid_i,
    input logic [2:0] mem_resp_tag_i,
    input logic [63:0] mem_resp_data_i,
    input logic mem_resp_error_i,
    input logic mem_resp_exchanged_i,
    input logic result_taken_i
);
  localparam int WalkerW = Walkers > 1 ? $clog2(Walkers) : 1;

  logic rst_n = 1'b0;
  always_ff @(posedge clk_i) rst_n <= 1'b1;

  logic idle, draining_exchange, req_valid, req_exchange, resp_ready, fill, result_valid;
  logic [2:0] req_tag, fill_level;
  logic [51:0] req_addr;
  logic [63:0] req_expected, req_desired;
  logic [59:0] fill_tag, result_tag;
  logic [50:0] fill_data, result_data;
  logic [4:0] result_id;
  logic [1:0] result_fault;
  logic [5:0] result_code;

  page_walker #(
      .Walkers(Walkers)
  ) dut (
      .clk_i,
      .rst_ni(rst_n),
      .root_i,
      .mode_i,
      .pkru_i,
      .pkrs_i,
      .pcid_i,
      .start_i,
      .start_id_i,
      .start_level_i,
      .start_from_cache_i,
      .start_data_i,
      .start_va_i,
      .start_attr_i,
      .idle_o(idle),
      .hold_i,
      .restart_i,
      .draining_exchange_o(draining_exchange),
      .mem_req_valid_o(req_valid),
      .mem_req_ready_i,
      .mem_req_exchange_o(req_exchange),
      .mem_req_tag_o(req_tag),
      .mem_req_addr_o(req_addr),
      .mem_req_expected_o(req_expected),
      .mem_req_desired_o(req_desired),
      .mem_resp_valid_i,
      .mem_resp_ready_o(resp_ready),
      .mem_resp_tag_i,
      .mem_resp_data_i,
      .mem_resp_error_i,
      .mem_resp_exchanged_i,
      .fill_o(fill),
      .fill_level_o(fill_level),
      .fill_tag_o(fill_tag),
      .fill_data_o(fill_data),
      .result_valid_o(result_valid),
      .result_id_o(result_id),
      .result_fault_o(result_fault),
      .result_code_o(result_code),
      .result_tag_o(result_tag),
      .result_data_o(result_data),
      .result_taken_i
  );

  // Inside.
  logic [Walkers-1:0] request_q;  // = dut.request_q
  logic [Walkers-1:0] wait_q;  // = dut.wait_q
  logic [Walkers-1:0] drain_q;  // = dut.drain_q
  logic [Walkers*5-1:0] entry_id_q;  // = dut.entry_id_q[Walkers x 5]
  logic [WalkerW-1:0] resp_walker;  // = dut.resp_walker

  // Requests in memory, by walker.
  logic [Walkers-1:0] in_memory = '0;
  for (genvar w = 0; w < Walkers; w++) begin : gen_in_memory
    always_ff @(posedge clk_i) begin
      if (rst_n && req_valid && mem_req_ready_i && req_tag == 3'(w)) in_memory[w] <= 1'b1;
      else if (rst_n && mem_resp_valid_i && resp_ready && mem_resp_tag_i == 3'(w)) in_memory[w] <= 1'b0;
    end
  end

  // Miss queue entries with a walk that was not given up and whose result was not taken.
  logic [31:0] walking = '0;
  for (genvar e = 0; e < 32; e++) begin : gen_walking
    always_ff @(posedge clk_i) begin
      if (restart_i[e] || (result_valid && result_taken_i && result_id == 5'(e))) walking[e] <= 1'b0;
      else if (rst_n && start_i && start_id_i == 5'(e)) walking[e] <= 1'b1;
    end
  end

  // What the MMU and memory keep to.
  always_comb begin
    if (!rst_n) assume (!start_i && !mem_resp_valid_i && restart_i == '0);
    if (start_i) assume (idle && !hold_i && !draining_exchange && !walking[start_id_i]);
    if (restart_i != '0) assume (hold_i);
    if (result_valid && restart_i[result_id]) assume (result_taken_i);
    if (result_taken_i) assume (result_valid);
    if (mem_resp_valid_i) assume (mem_resp_tag_i < 3'(Walkers) && in_memory[mem_resp_tag_i[WalkerW-1:0]]);
  end

`ifdef REQUEST_STABLE
  logic waiting = 1'b0;
  logic was_exchange;
  logic [2:0] was_tag;
  logic [51:0] was_addr;
  logic [63:0] was_expected, was_desired;
  always_ff @(posedge clk_i) begin
    waiting <= rst_n && req_valid && !mem_req_ready_i;
    was_exchange <= req_exchange;
    was_tag <= req_tag;
    was_addr <= req_addr;
    was_expected <= req_expected;
    was_desired <= req_desired;
  end
  always_comb begin
    if (waiting)
      assert (req_valid && req_exchange == was_exchange && req_tag == was_tag && req_addr == was_addr &&
              req_expected == was_expected && req_desired == was_desired);
    cover (waiting && drain_q != '0 && req_exchange);
  end
`endif

`ifdef NO_FILL_AFTER_RESTART
  // Neither a fill of the walk caches nor a result comes from a walk that was given up.
  logic cover_restarted = 1'b0;
  always_ff @(posedge clk_i) if (rst_n && (restart_i & walking) != '0) cover_restarted <= 1'b1;
  logic [Walkers-1:0] lost;  // walks that go on for nobody
  for (genvar w = 0; w < Walkers; w++) begin : gen_lost
    assign lost[w] = (request_q[w] || wait_q[w]) && !walking[entry_id_q[w*5+:5]];
  end
  always_comb begin
    if (rst_n) begin
      assert (lost == '0);
      if (fill) assert (walking[entry_id_q[resp_walker*5+:5]]);
      if (result_valid) assert (walking[result_id]);
    end
    cover (rst_n && cover_restarted && fill && drain_q != '0);
  end
`endif

`ifdef ONE_REQUEST
  // A walker has one request at a time, and a response is for one that waits.
  always_comb begin
    if (rst_n) begin
      assert ((request_q & wait_q) == '0 && (request_q & drain_q) == '0 && (wait_q & drain_q) == '0);
      if (req_valid) assert (req_tag < 3'(Walkers) && !in_memory[req_tag[WalkerW-1:0]]);
      for (int w = 0; w < Walkers; w++)
        assert ((wait_q[w] || drain_q[w]) == (in_memory[w] || (req_valid && req_tag == 3'(w))));
    end
    cover (rst_n && in_memory == '1 && drain_q != '0 && wait_q != '0);
  end
`endif
endmodule
