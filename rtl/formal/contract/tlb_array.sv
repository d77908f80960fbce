// SPDX-License-Identifier: Apache-2.0
//
// Stands for tlb_array in proofs of the whole MMU: every lookup hits or not as
// it likes, with any entry that translates the page, within what array_watch
// says. tlb_array_formal proves that the array does nothing else.
module tlb_array #(
    parameter int Sets   = 16,
    parameter int Ways   = 4,
    parameter int Ports  = 1,
    parameter int Grain  = x86_pkg::Grain4k,
    parameter int Policy = x86_pkg::PolicyPlru,
    parameter int Swept  = 0
) (
    input logic clk_i,
    input logic rst_ni,
    input logic [Ports-1:0] lookup_i,
    input logic [Ports*45-1:0] vpn_i,
    input logic [11:0] pcid_i,
    output logic [Ports-1:0] hit_o,
    output logic [Ports*2-1:0] size_o,
    output logic [Ports*64-1:0] data_o,
    output logic [59:0] tag_o,
    input logic fill_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,
    input logic inv_i,
    input logic sweep_i,
    input logic [9:0] sweep_set_i,
    input logic [2:0] inv_flags_i,
    input logic [44:0] inv_vpn_i,
    input logic [11:0] inv_pcid_i
);
  localparam logic [2:0] LeastGrain = Grain >= x86_pkg::GrainOwn ? 3'd0 : 3'(Grain);

  logic [59:0] key;  // that is watched: .ci/formal ties it
  logic may_hold, stale_fill, behind, is_global, misused;
  array_watch #(
      .Sets(Sets),
      .Grain(Grain),
      .Swept(Swept)
  ) watch (
      .clk_i,
      .rst_ni,
      .key_i(key),
      .fill_i,
      .fill_tag_i,
      .fill_data_i,
      .inv_i,
      .sweep_i,
      .sweep_set_i,
      .inv_key_i({inv_flags_i, inv_pcid_i, inv_vpn_i}),
      .may_hold_o(may_hold),
      .stale_fill_o(stale_fill),
      .behind_o(behind),
      .global_o(is_global),
      .misused_o(misused)
  );

  // All that it is asked in a cycle, for mmu_pair_formal; of arrays with one port.
  logic [241:0] asked;
  assign asked = {
    lookup_i[0], lookup_i[0] ? {vpn_i[44:0], pcid_i} : 57'd0, fill_i, fill_i ? {fill_tag_i, fill_data_i} : 111'd0, inv_i,
    sweep_i, inv_i || sweep_i ? {inv_flags_i, inv_vpn_i, inv_pcid_i} : 60'd0, sweep_i ? sweep_set_i : 10'd0
  };

  for (genvar p = 0; p < Ports; p++) begin : gen_port
    // Driven by nothing: free inputs.
    logic any_hit;
    logic [59:0] any_tag;
    logic [50:0] any_data;
    logic [2:0] covers;
    logic [44:0] differs;
    assign covers = Grain >= x86_pkg::GrainOwn ? 3'(any_tag[59:58]) : 3'(Grain);
    assign differs = any_tag[44:0] ^ vpn_i[p*45+:45];
    assign hit_o[p] = lookup_i[p] && any_hit;
    assign size_o[p*2+:2] = hit_o[p] ? any_tag[59:58] : 2'd0;
    assign data_o[p*64+:64] = hit_o[p] ? 64'(any_data) : 64'd0;
    if (p == 0) assign tag_o = hit_o[p] ? any_tag : 60'd0;
    always_comb
      if (hit_o[p]) begin
        assume (any_tag[59:58] != 2'd3);
        if (Grain == x86_pkg::Grain4k2m) assume (any_tag[59:58] <= x86_pkg::Page2m);
        assume ((differs & ~manual_pkg::offset_mask(covers)) == '0);
        assume (any_tag[57] ? is_global : any_tag[56:45] == pcid_i);
        if (!may_hold && x86_pkg::invalidates(key[59:57], key[44:0], key[56:45], any_tag, LeastGrain))
          assume (any_data[x86_pkg::DataRw]);
      end
  end
endmodule
