// SPDX-License-Identifier: Apache-2.0
//
// The lookup stage: accesses accepted in one cycle are looked up in the L1
// TLBs in the next. The RTL twin of cmodel/lookup_stage.c.
//
// A hit, #GP or untranslated address is answered in the cycle of the lookup;
// anything else is a miss, which the miss queue takes at the clock edge. A port
// answers one access per cycle: the lookup, or where there is none what the
// miss queue answers. Port 0 fetches instructions, the others are data ports.
module lookup_stage #(
    parameter int DataPorts = 2,
    parameter int L1iUnified = 0,
    parameter int L1iSets4k = 16,
    parameter int L1iWays4k = 8,
    parameter int L1iSets2m = 1,
    parameter int L1iWays2m = 8,
    parameter int L1iSets1g = 1,
    parameter int L1iWays1g = 0,
    parameter int L1iReplacement = 1,
    parameter int L1dUnified = 0,
    parameter int L1dSets4k = 16,
    parameter int L1dWays4k = 4,
    parameter int L1dSets2m = 8,
    parameter int L1dWays2m = 4,
    parameter int L1dSets1g = 1,
    parameter int L1dWays1g = 4,
    parameter int L1dReplacement = 1
) (
    input logic clk_i,
    input logic rst_ni,

    // registers
    input logic [ 9:0] mode_i,
    input logic [31:0] pkru_i,
    input logic [31:0] pkrs_i,
    input logic [11:0] pcid_i,

    // accesses accepted in this cycle
    input logic [DataPorts:0] accept_i,
    input logic [(DataPorts+1)*64-1:0] va_i,
    input logic [(DataPorts+1)*5-1:0] attr_i,
    input logic [(DataPorts+1)*6-1:0] tag_i,

    // the lookups of this cycle, and those that the L1 TLBs do not answer
    output logic [DataPorts:0] lookup_valid_o,
    output logic [(DataPorts+1)*64-1:0] lookup_va_o,
    output logic [(DataPorts+1)*5-1:0] lookup_attr_o,
    output logic [(DataPorts+1)*6-1:0] lookup_tag_o,
    output logic [DataPorts:0] miss_o,
    output logic [DataPorts:0] skip_l2_o,    // a walk is needed, the L2 TLB has nothing better
    output logic [DataPorts:0] from_root_o,  // denied by a cached entry

    // what the miss queue answers in this cycle, on ports without a lookup
    input logic [DataPorts:0] answer_valid_i,
    input logic [(DataPorts+1)*6-1:0] answer_tag_i,
    input logic [(DataPorts+1)*64-1:0] answer_pa_i,
    input logic [(DataPorts+1)*15-1:0] answer_word_i,  // fault 1:0, code 7:2, size 9:8, source 11:10, PAT index 14:12

    // answers of this cycle
    output logic [DataPorts:0] resp_valid_o,
    output logic [(DataPorts+1)*6-1:0] resp_tag_o,
    output logic [(DataPorts+1)*64-1:0] resp_pa_o,
    output logic [(DataPorts+1)*2-1:0] resp_fault_o,
    output logic [(DataPorts+1)*6-1:0] resp_code_o,
    output logic [(DataPorts+1)*2-1:0] resp_size_o,
    output logic [(DataPorts+1)*3-1:0] resp_pat_o,
    output logic [(DataPorts+1)*2-1:0] resp_source_o,

    // fill of an L1 TLB
    input logic fill_i,
    input logic fill_fetch_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,

    // invalidation
    input logic inv_i,
    input logic [2:0] inv_flags_i,
    input logic [44:0] inv_vpn_i,
    input logic [11:0] inv_pcid_i
);
  localparam int Ports = DataPorts + 1;

  // Accesses accepted in the previous cycle, being looked up in this one.
  logic [Ports-1:0] lookup_valid_q;
  logic [Ports*64-1:0] lookup_va_q;
  logic [Ports*5-1:0] lookup_attr_q;
  logic [Ports*6-1:0] lookup_tag_q;

  // L1 TLBs: port 0 of these buses is the instruction TLB's, the others the data TLB's.
  logic [Ports-1:0] translate, l1_hit;
  logic [Ports*45-1:0] lookup_vpn;
  logic [Ports*64-1:0] l1_data;
  logic [Ports*2-1:0] l1_size;

  assign lookup_valid_o = lookup_valid_q;
  assign lookup_va_o = lookup_va_q;
  assign lookup_attr_o = lookup_attr_q;
  assign lookup_tag_o = lookup_tag_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) lookup_valid_q <= '0;
    else lookup_valid_q <= accept_i;
  end

  for (genvar p = 0; p < Ports; p++) begin : g_port
    logic canonical, fault, refused, not_dirty;
    logic [63:0] va;
    logic [50:0] data;
    logic [63:0] resp_pa;
    logic [14:0] resp_word;  // as answer_word_i

    always_comb begin
      va = '0;
      canonical = 1'b0;
      if (lookup_valid_q[p]) begin
        va = lookup_va_q[p*64+:64];
        canonical = x86_pkg::canonical(va, mode_i);
      end
    end
    assign translate[p] = canonical && mode_i[x86_pkg::ModePg];
    assign fault = !canonical && mode_i[x86_pkg::ModePg];
    assign lookup_vpn[p*45+:45] = va[56:12];

    // An entry that denies the access may be older than memory: only a walk from the root may say so (4.10.4.3). A
    // write through one without D goes to a walk that sets it (4.8).
    assign data = l1_data[p*64+:51];
    always_comb begin
      refused = 1'b0;
      not_dirty = 1'b0;
      if (l1_hit[p]) begin
        refused = x86_pkg::denied(data, lookup_attr_q[p*5+:5], mode_i, pkru_i, pkrs_i) != 2'b00;
        not_dirty = lookup_attr_q[p*5+:2] == x86_pkg::AccessWrite && !data[x86_pkg::DataD];
      end
    end
    assign miss_o[p] = translate[p] && (!l1_hit[p] || refused || not_dirty);
    assign skip_l2_o[p] = refused || not_dirty;
    assign from_root_o[p] = refused;

    // The answer: of the lookup, or of the miss queue. Without paging this is not long mode: linear
    // addresses have 32 bits and are physical (4.1.1).
    always_comb begin
      resp_pa = answer_pa_i[p*64+:64];
      resp_word = answer_word_i[p*15+:15];
      if (lookup_valid_q[p]) begin
        resp_pa = '0;
        resp_word = {3'd0, x86_pkg::SourceL1, x86_pkg::Page4k, 6'd0, fault ? x86_pkg::FaultNonCanonical : x86_pkg::FaultNone};
        if (l1_hit[p]) begin
          resp_pa = {12'd0, x86_pkg::physical(data, l1_size[p*2+:2], va)};
          resp_word[9:8] = l1_size[p*2+:2];
          resp_word[14:12] = data[x86_pkg::DataPat+:3];
        end else if (!mode_i[x86_pkg::ModePg]) begin
          resp_pa = {32'd0, va[31:0]};
        end
      end
    end
    assign resp_valid_o[p] = (lookup_valid_q[p] && !miss_o[p]) || answer_valid_i[p];
    assign resp_tag_o[p*6+:6] = lookup_valid_q[p] ? lookup_tag_q[p*6+:6] : answer_tag_i[p*6+:6];
    assign resp_pa_o[p*64+:64] = resp_pa;
    assign resp_fault_o[p*2+:2] = resp_word[1:0];
    assign resp_code_o[p*6+:6] = resp_word[7:2];
    assign resp_size_o[p*2+:2] = resp_word[9:8];
    assign resp_source_o[p*2+:2] = resp_word[11:10];
    assign resp_pat_o[p*3+:3] = resp_word[14:12];

    always_ff @(posedge clk_i) begin
      if (accept_i[p]) begin
        lookup_va_q[p*64+:64] <= va_i[p*64+:64];
        lookup_attr_q[p*5+:5] <= attr_i[p*5+:5];
        lookup_tag_q[p*6+:6] <= tag_i[p*6+:6];
      end
    end
  end

  l1_tlb #(
      .Ports(1),
      .Unified(L1iUnified),
      .Sets4k(L1iSets4k),
      .Ways4k(L1iWays4k),
      .Sets2m(L1iSets2m),
      .Ways2m(L1iWays2m),
      .Sets1g(L1iSets1g),
      .Ways1g(L1iWays1g),
      .Policy(L1iReplacement)
  ) u_l1i (
      .clk_i,
      .rst_ni,
      .lookup_i(translate[0]),
      .vpn_i(lookup_vpn[44:0]),
      .pcid_i,
      .hit_o(l1_hit[0]),
      .size_o(l1_size[1:0]),
      .data_o(l1_data[63:0]),
      .fill_i(fill_i && fill_fetch_i),
      .fill_tag_i,
      .fill_data_i,
      .inv_i,
      .inv_flags_i,
      .inv_vpn_i,
      .inv_pcid_i
  );

  l1_tlb #(
      .Ports(DataPorts),
      .Unified(L1dUnified),
      .Sets4k(L1dSets4k),
      .Ways4k(L1dWays4k),
      .Sets2m(L1dSets2m),
      .Ways2m(L1dWays2m),
      .Sets1g(L1dSets1g),
      .Ways1g(L1dWays1g),
      .Policy(L1dReplacement)
  ) u_l1d (
      .clk_i,
      .rst_ni,
      .lookup_i(translate[Ports-1:1]),
      .vpn_i(lookup_vpn[Ports*45-1:45]),
      .pcid_i,
      .hit_o(l1_hit[Ports-1:1]),
      .size_o(l1_size[Ports*2-1:2]),
      .data_o(l1_data[Ports*64-1:64]),
      .fill_i(fill_i && !fill_fetch_i),
      .fill_tag_i,
      .fill_data_i,
      .inv_i,
      .inv_flags_i,
      .inv_vpn_i,
      .inv_pcid_i
  );
endmodule
