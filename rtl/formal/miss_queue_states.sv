// SPDX-License-Identifier: Apache-2.0
//
// What is always so of the miss queue's registers; for the checkers of the
// block and of the whole MMU.
module miss_queue_states #(
    parameter int Entries = 4,
    parameter int Ports = 2,
    parameter int Latency = 2
) (
    input logic [Entries-1:0] pend_i,
    input logic [Entries-1:0] merged_i,
    input logic [Entries-1:0] lookup_i,
    input logic [Entries-1:0] walk_pend_i,
    input logic [Entries-1:0] walk_i,
    input logic [Entries-1:0] answer_i,
    input logic [Latency-1:0] pipe_valid_i,
    input logic [Latency*5-1:0] pipe_id_i,
    input logic [Ports*Entries-1:0] port_i,
    output logic [Entries-1:0] valid_o,
    output logic [Entries-1:0] several_o,  // in more than one state
    output logic piped_o,                  // who is in LOOKUP is in the pipeline, once, and nobody else
    output logic ported_o                  // who is in use belongs to one port, nobody else to any
);
  assign valid_o = pend_i | merged_i | lookup_i | walk_pend_i | walk_i | answer_i;
  assign several_o = (pend_i & (merged_i | lookup_i | walk_pend_i | walk_i | answer_i)) |
                     (merged_i & (lookup_i | walk_pend_i | walk_i | answer_i)) |
                     (lookup_i & (walk_pend_i | walk_i | answer_i)) | (walk_pend_i & (walk_i | answer_i)) |
                     (walk_i & answer_i);

  logic [Entries-1:0] in_pipe;
  always_comb begin
    in_pipe = '0;
    piped_o = 1'b1;
    for (int s = 0; s < Latency; s++)
      for (int e = 0; e < Entries; e++)
        if (pipe_valid_i[s] && pipe_id_i[s*5+:5] == 5'(e)) begin
          if (in_pipe[e]) piped_o = 1'b0;
          in_pipe[e] = 1'b1;
        end
    for (int s = 0; s < Latency; s++) if (pipe_valid_i[s] && pipe_id_i[s*5+:5] >= 5'(Entries)) piped_o = 1'b0;
    if (in_pipe != lookup_i) piped_o = 1'b0;
  end

  logic [Entries-1:0] owned, shared;
  always_comb begin
    owned = '0;
    shared = '0;
    for (int p = 0; p < Ports; p++) begin
      shared = shared | (owned & port_i[p*Entries+:Entries]);
      owned = owned | port_i[p*Entries+:Entries];
    end
    ported_o = owned == valid_o && shared == '0;
  end
endmodule
