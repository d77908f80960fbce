// SPDX-License-Identifier: Apache-2.0
//
// An L1 TLB: an array per page size, or one for all (Unified: Ways4k entries).
// The RTL twin of cmodel/l1_tlb.c.
//
// Every port looks up in the cycle of lookup_i and marks what it hit at the
// clock edge. A page of a size without an array of its own (0 ways) is kept as
// fragments in the next smaller one; size_o is that of the page all the same.
// Where two arrays hit (a page was split or promoted without an invalidation),
// the smaller page answers and is marked as used.
//
// Fills and invalidations act at the clock edge; an invalidation looks at all
// entries at once, and there is no fill in its cycle.
module l1_tlb #(
    parameter int Ports   = 1,
    parameter int Unified = 0,
    parameter int Sets4k  = 16,
    parameter int Ways4k  = 4,
    parameter int Sets2m  = 1,
    parameter int Ways2m  = 8,
    parameter int Sets1g  = 1,
    parameter int Ways1g  = 0,
    parameter int Policy  = x86_pkg::PolicyPlru
) (
    input logic clk_i,
    input logic rst_ni,

    // Lookups.
    input logic [Ports-1:0] lookup_i,
    input logic [Ports*45-1:0] vpn_i,
    input logic [11:0] pcid_i,
    output logic [Ports-1:0] hit_o,
    output logic [Ports*2-1:0] size_o,
    output logic [Ports*64-1:0] data_o,  // a data word in each 64 bits

    // Fill.
    input logic fill_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,

    // Invalidation.
    input logic inv_i,
    input logic [2:0] inv_flags_i,
    input logic [44:0] inv_vpn_i,
    input logic [11:0] inv_pcid_i
);

  localparam bit Has2m = Unified == 0 && Ways2m > 0;
  localparam bit Has1g = Unified == 0 && Ways1g > 0;

  logic [Ports-1:0] hit_4k, hit_2m, hit_1g;
  logic [Ports*2-1:0] size_4k, size_2m, size_1g;
  logic [Ports*64-1:0] data_4k, data_2m, data_1g;
  logic [59:0] tag_4k, tag_2m, tag_1g;
  logic fill_4k, fill_2m, fill_1g;

  assign fill_1g = fill_i && Has1g && fill_tag_i[59:58] == x86_pkg::Page1g;
  assign fill_2m = fill_i && Has2m && fill_tag_i[59:58] != x86_pkg::Page4k && !fill_1g;
  assign fill_4k = fill_i && !fill_2m && !fill_1g;

  tlb_array #(
      .Sets(Unified != 0 ? 1 : Sets4k),
      .Ways(Ways4k),
      .Ports(Ports),
      .Grain(Unified != 0 ? x86_pkg::GrainOwn : x86_pkg::Grain4k),
      .Policy(Policy)
  ) array_4k (
      .clk_i,
      .rst_ni,
      .lookup_i,
      .vpn_i,
      .pcid_i,
      .hit_o(hit_4k),
      .size_o(size_4k),
      .data_o(data_4k),
      .tag_o(tag_4k),
      .fill_i(fill_4k),
      .fill_tag_i,
      .fill_data_i,
      .inv_i,
      .sweep_i(1'b0),
      .sweep_set_i(10'd0),
      .inv_flags_i,
      .inv_vpn_i,
      .inv_pcid_i
  );

  if (Has2m) begin : gen_2m
    tlb_array #(
        .Sets(Sets2m),
        .Ways(Ways2m),
        .Ports(Ports),
        .Grain(x86_pkg::Grain2m),
        .Policy(Policy)
    ) array_2m (
        .clk_i,
        .rst_ni,
        .lookup_i(lookup_i & ~hit_4k),
        .vpn_i,
        .pcid_i,
        .hit_o(hit_2m),
        .size_o(size_2m),
        .data_o(data_2m),
        .tag_o(tag_2m),
        .fill_i(fill_2m),
        .fill_tag_i,
        .fill_data_i,
        .inv_i,
        .sweep_i(1'b0),
        .sweep_set_i(10'd0),
        .inv_flags_i,
        .inv_vpn_i,
        .inv_pcid_i
    );
  end else begin : gen_no_2m
    assign hit_2m = '0;
    assign size_2m = '0;
    assign tag_2m = '0;
    assign data_2m = '0;
  end

  if (Has1g) begin : gen_1g
    tlb_array #(
        .Sets(Sets1g),
        .Ways(Ways1g),
        .Ports(Ports),
        .Grain(x86_pkg::Grain1g),
        .Policy(Policy)
    ) array_1g (
        .clk_i,
        .rst_ni,
        .lookup_i(lookup_i & ~hit_4k & ~hit_2m),
        .vpn_i,
        .pcid_i,
        .hit_o(hit_1g),
        .size_o(size_1g),
        .data_o(data_1g),
        .tag_o(tag_1g),
        .fill_i(fill_1g),
        .fill_tag_i,
        .fill_data_i,
        .inv_i,
        .sweep_i(1'b0),
        .sweep_set_i(10'd0),
        .inv_flags_i,
        .inv_vpn_i,
        .inv_pcid_i
    );
  end else begin : gen_no_1g
    assign hit_1g = '0;
    assign size_1g = '0;
    assign tag_1g = '0;
    assign data_1g = '0;
  end

  assign hit_o = hit_4k | hit_2m | hit_1g;

  for (genvar p = 0; p < Ports; p++) begin : gen_port
    always_comb begin
      if (hit_4k[p]) begin
        size_o[p*2+:2] = size_4k[p*2+:2];
        data_o[p*64+:64] = data_4k[p*64+:64];
      end else if (hit_2m[p]) begin
        size_o[p*2+:2] = size_2m[p*2+:2];
        data_o[p*64+:64] = data_2m[p*64+:64];
      end else begin
        size_o[p*2+:2] = size_1g[p*2+:2];
        data_o[p*64+:64] = data_1g[p*64+:64];
      end
    end
  end

endmodule
