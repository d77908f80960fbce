// SPDX-License-Identifier: Apache-2.0
//
// What a tlb_array promises about one key of an invalidation, as an observer of
// its inputs: while may_hold_o is 0, no entry that the key finds holds stale
// data. Data is stale when it came from an entry as it stood before the
// invalidation; here that is data without RW: rights only ever leave a path, so
// a bit in memory that is clear before and set after marks every word that
// derives from before. While global_o is 0, no entry is global.
//
// tlb_array_formal proves it of the array; contract/tlb_array.sv, which stands
// for the arrays in proofs of the whole MMU, keeps to it.
module array_watch #(
    parameter int Sets  = 2,
    parameter int Grain = x86_pkg::Grain4k,
    parameter int Swept = 0
) (
    input logic clk_i,
    input logic rst_ni,
    input logic [59:0] key_i,  // flags, PCID, page
    input logic fill_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,
    input logic inv_i,
    input logic sweep_i,
    input logic [9:0] sweep_set_i,
    input logic [59:0] inv_key_i,
    output logic may_hold_o,
    output logic stale_fill_o,  // what is filled is stale and the key finds it
    output logic behind_o,      // may hold some, and no sweep with the key has come as far as set sweep_set_i
    output logic global_o,
    output logic misused_o      // the array is not used as it asks for
);
  localparam logic [2:0] LeastGrain = Grain >= x86_pkg::GrainOwn ? 3'd0 : 3'(Grain);

  logic may_hold_q, global_q;
  logic [10:0] swept_q;  // sets that a sweep with the key is through with
  logic [10:0] swept_d;
  logic found, gone, same;
  assign same = manual_pkg::same_key(inv_key_i, key_i);
  assign may_hold_o = may_hold_q;
  assign behind_o = may_hold_q && (Swept == 0 || swept_q != 11'(sweep_set_i) || 32'(sweep_set_i) >= Sets);
  assign global_o = global_q;
  assign found = x86_pkg::invalidates(key_i[59:57], key_i[44:0], key_i[56:45], fill_tag_i, LeastGrain);
  assign stale_fill_o = fill_i && found && !fill_data_i[x86_pkg::DataRw];
  always_comb begin
    swept_d = '0;
    if (sweep_i && same) begin
      if (sweep_set_i == '0) swept_d = 11'd1;
      else if (swept_q != '0 && sweep_set_i == 10'(swept_q)) swept_d = swept_q + 11'd1;
    end
    gone = (inv_i && same) || (Swept != 0 && swept_d == 11'(Sets));
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      may_hold_q <= 1'b0;
      global_q <= 1'b0;
      swept_q <= '0;
    end else begin
      if (stale_fill_o) may_hold_q <= 1'b1;
      else if (gone) may_hold_q <= 1'b0;
      if (fill_i && fill_tag_i[57]) global_q <= 1'b1;
      swept_q <= swept_d;
    end
  end

  // What tlb_array_formal assumes.
  assign misused_o = (fill_i && (inv_i || sweep_i)) || (inv_i && sweep_i) || (Swept == 0 && sweep_i) ||
                     (Swept != 0 && inv_i && !inv_key_i[57]) || (fill_i && fill_tag_i[59:58] == 2'd3) ||
                     (Swept != 0 && fill_i && Grain == x86_pkg::Grain4k && fill_tag_i[59:58] != x86_pkg::Page4k) ||
                     (Swept != 0 && fill_i && Grain == x86_pkg::Grain2m && fill_tag_i[59:58] != x86_pkg::Page2m) ||
                     (fill_i && Grain == x86_pkg::Grain4k2m && fill_tag_i[59:58] > x86_pkg::Page2m) ||
                     (fill_i && Grain == x86_pkg::Grain1g && fill_tag_i[59:58] == x86_pkg::Page2m);
endmodule
