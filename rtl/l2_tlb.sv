// SPDX-License-Identifier: Apache-2.0
//
// An L2 TLB, or the half of a split one: an array for 4 KiB pages that may
// hold 2 MiB pages too (Shared2m), or one of its own for those, and a fully
// associative one for 1 GiB pages. The RTL twin of cmodel/l2_tlb.c. The
// pipeline in front of it is miss_queue's; lookup_i is the lookup's last
// cycle: it answers then and marks what it hit at the clock edge.
//
// Pages of a size without an array are not kept. Fills act at the clock edge.
// inv_i, one cycle, invalidates in the 1 GiB array and, by address, in the
// sets of the others that can hold the page; sweep_i invalidates in set
// sweep_set_i of those others. There is no fill in either of these cycles.
module l2_tlb #(
    parameter int Sets     = 128,
    parameter int Ways     = 12,
    parameter int Shared2m = 1,
    parameter int Sets2m   = 1,
    parameter int Ways2m   = 0,
    parameter int Ways1g   = 16,
    parameter int Policy   = x86_pkg::PolicyPlru
) (
    input logic clk_i,
    input logic rst_ni,

    // Lookup.
    input logic lookup_i,
    input logic [44:0] vpn_i,
    input logic [11:0] pcid_i,
    output logic hit_o,
    output logic [59:0] tag_o,
    output logic [50:0] data_o,

    // Fill.
    input logic fill_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,

    // Invalidation.
    input logic inv_i,
    input logic sweep_i,
    input logic [9:0] sweep_set_i,
    input logic [2:0] inv_flags_i,
    input logic [44:0] inv_vpn_i,
    input logic [11:0] inv_pcid_i
);

  localparam bit Has2m = Shared2m == 0 && Ways2m > 0;
  localparam bit Has1g = Ways1g > 0;

  logic hit_4k, hit_2m, hit_1g;
  logic [59:0] tag_4k, tag_2m, tag_1g;
  logic [63:0] data_4k, data_2m, data_1g;
  logic [1:0] size_4k, size_2m, size_1g;
  logic fill_4k;
  logic inv_address;

  assign fill_4k = fill_i && (fill_tag_i[59:58] == x86_pkg::Page4k ||
                              (Shared2m != 0 && fill_tag_i[59:58] == x86_pkg::Page2m));
  assign inv_address = inv_i && (inv_flags_i & x86_pkg::InvAddress) != 3'd0;

  tlb_array #(
      .Sets(Sets),
      .Ways(Ways),
      .Grain(Shared2m != 0 ? x86_pkg::Grain4k2m : x86_pkg::Grain4k),
      .Policy(Policy),
      .Swept(1)
  ) array_4k (
      .clk_i,
      .rst_ni,
      .lookup_i,
      .vpn_i,
      .pcid_i,
      .hit_o(hit_4k),
      .tag_o(tag_4k),
      .data_o(data_4k),
      .size_o(size_4k),
      .fill_i(fill_4k),
      .fill_tag_i,
      .fill_data_i,
      .inv_i(inv_address),
      .sweep_i,
      .sweep_set_i,
      .inv_flags_i,
      .inv_vpn_i,
      .inv_pcid_i
  );

  if (Has2m) begin : gen_2m
    tlb_array #(
        .Sets(Sets2m),
        .Ways(Ways2m),
        .Grain(x86_pkg::Grain2m),
        .Policy(Policy),
        .Swept(1)
    ) array_2m (
        .clk_i,
        .rst_ni,
        .lookup_i(lookup_i && !hit_4k),
        .vpn_i,
        .pcid_i,
        .hit_o(hit_2m),
        .tag_o(tag_2m),
        .data_o(data_2m),
        .size_o(size_2m),
        .fill_i(fill_i && fill_tag_i[59:58] == x86_pkg::Page2m),
        .fill_tag_i,
        .fill_data_i,
        .inv_i(inv_address),
        .sweep_i,
        .sweep_set_i,
        .inv_flags_i,
        .inv_vpn_i,
        .inv_pcid_i
    );
  end else begin : gen_no_2m
    assign hit_2m = 1'b0;
    assign size_2m = '0;
    assign tag_2m = '0;
    assign data_2m = '0;
  end

  if (Has1g) begin : gen_1g
    tlb_array #(
        .Sets(1),
        .Ways(Ways1g),
        .Grain(x86_pkg::Grain1g),
        .Policy(Policy)
    ) array_1g (
        .clk_i,
        .rst_ni,
        .lookup_i(lookup_i && !hit_4k && !hit_2m),
        .vpn_i,
        .pcid_i,
        .hit_o(hit_1g),
        .tag_o(tag_1g),
        .data_o(data_1g),
        .size_o(size_1g),
        .fill_i(fill_i && fill_tag_i[59:58] == x86_pkg::Page1g),
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
    assign hit_1g = 1'b0;
    assign size_1g = '0;
    assign tag_1g = '0;
    assign data_1g = '0;
  end

  assign hit_o = hit_4k || hit_2m || hit_1g;
  assign tag_o = hit_4k ? tag_4k : hit_2m ? tag_2m : tag_1g;
  assign data_o = hit_4k ? data_4k[50:0] : hit_2m ? data_2m[50:0] : data_1g[50:0];

endmodule
