// SPDX-License-Identifier: Apache-2.0
//
// The blocks that rtl_arrays.cpp compares with their C twins, in several
// geometries. All L1 TLBs get the same inputs, and so on; narrow outputs are
// read by name from outside.
module rtl_arrays (
    input logic clk_i,
    input logic rst_ni,

    input logic [11:0] pcid_i,
    input logic inv_i,
    input logic [2:0] inv_flags_i,
    input logic [44:0] inv_vpn_i,
    input logic [11:0] inv_pcid_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,

    input logic [2:0] l1_lookup_i,
    input logic [44:0] l1_vpn_0_i,
    input logic [44:0] l1_vpn_1_i,
    input logic [44:0] l1_vpn_2_i,
    input logic l1_fill_i,

    input logic l2_lookup_i,
    input logic [44:0] l2_vpn_i,
    input logic l2_fill_i,
    input logic l2_sweep_i,
    input logic [9:0] l2_sweep_set_i,

    input logic walk_lookup_i,
    input logic walk_la57_i,
    input logic walk_fill_i,
    input logic [2:0] walk_fill_level_i,

    // Operands and results of the functions of x86_pkg.
    input logic [63:0] entry_i,
    input logic [63:0] va_i,
    input logic [2:0] level_i,
    input logic [9:0] mode_i,
    input logic [4:0] attr_i,
    input logic [31:0] pkru_i,
    input logic [31:0] pkrs_i,
    input logic [1:0] size_i,
    input logic [2:0] grain_i,
    output logic [2:0] kind_o[3],
    output logic canonical_o,
    output logic [2:0] levels_o,
    output logic [44:0] vpn_o,
    output logic [51:0] entry_address_o,
    output logic [51:0] physical_o,
    output logic [50:0] accumulate_o,
    output logic [50:0] leaf_data_o,
    output logic [1:0] denied_o,
    output logic [5:0] error_code_o,
    output logic [59:0] tag_o,
    output logic invalidates_o
);

  `define L1(NAME, PORTS, ALL, S4K, W4K, S2M, W2M, S1G, W1G, POLICY) \
    logic [PORTS-1:0] NAME``_hit; \
    logic [PORTS*2-1:0] NAME``_size; \
    logic [PORTS*64-1:0] NAME``_data; \
    l1_tlb #(.Ports(PORTS), .Unified(ALL), .Sets4k(S4K), .Ways4k(W4K), .Sets2m(S2M), .Ways2m(W2M), .Sets1g(S1G), \
             .Ways1g(W1G), .Policy(POLICY)) NAME ( \
        .clk_i, .rst_ni, .lookup_i(l1_lookup_i[PORTS-1:0]), .vpn_i(l1_vpn[PORTS*45-1:0]), .pcid_i, \
        .hit_o(NAME``_hit), .size_o(NAME``_size), .data_o(NAME``_data), .fill_i(l1_fill_i), .fill_tag_i, \
        .fill_data_i, .inv_i, .inv_flags_i, .inv_vpn_i, .inv_pcid_i);

  `define L2(NAME, S4K, W4K, SHARED, S2M, W2M, W1G, POLICY) \
    logic NAME``_hit; \
    logic [59:0] NAME``_tag; \
    logic [50:0] NAME``_data; \
    l2_tlb #(.Sets(S4K), .Ways(W4K), .Shared2m(SHARED), .Sets2m(S2M), .Ways2m(W2M), .Ways1g(W1G), \
             .Policy(POLICY)) NAME ( \
        .clk_i, .rst_ni, .lookup_i(l2_lookup_i), .vpn_i(l2_vpn_i), .pcid_i, .hit_o(NAME``_hit), \
        .tag_o(NAME``_tag), .data_o(NAME``_data), .fill_i(l2_fill_i), .fill_tag_i, .fill_data_i, .inv_i, \
        .sweep_i(l2_sweep_i), .sweep_set_i(l2_sweep_set_i), .inv_flags_i, .inv_vpn_i, .inv_pcid_i);

  `define WALK(NAME, S2, W2, S3, W3, S4, W4, S5, W5, POLICY) \
    logic [2:0] NAME``_level; \
    logic [50:0] NAME``_data; \
    walk_cache #(.SetsPde(S2), .WaysPde(W2), .SetsPdpte(S3), .WaysPdpte(W3), .SetsPml4e(S4), .WaysPml4e(W4), \
                 .SetsPml5e(S5), .WaysPml5e(W5), .Policy(POLICY)) NAME ( \
        .clk_i, .rst_ni, .lookup_i(walk_lookup_i), .vpn_i(l2_vpn_i), .pcid_i, .la57_i(walk_la57_i), \
        .level_o(NAME``_level), .data_o(NAME``_data), .fill_i(walk_fill_i), .fill_level_i(walk_fill_level_i), \
        .fill_tag_i, .fill_data_i, .inv_i, .inv_flags_i, .inv_vpn_i, .inv_pcid_i);

  logic [3*45-1:0] l1_vpn;
  assign l1_vpn = {l1_vpn_2_i, l1_vpn_1_i, l1_vpn_0_i};

  // The same table is in rtl_arrays.cpp.
  `L1(l1_0, 3, 0, 4, 6, 2, 3, 1, 5, x86_pkg::PolicyPlru)
  `L1(l1_1, 3, 1, 1, 72, 1, 8, 1, 4, x86_pkg::PolicyPlru)
  `L1(l1_2, 2, 0, 8, 4, 1, 0, 2, 2, x86_pkg::PolicyLru)
  `L1(l1_3, 1, 0, 1, 7, 4, 1, 1, 0, x86_pkg::PolicyNru)
  `L1(l1_4, 3, 1, 1, 20, 1, 0, 1, 0, x86_pkg::PolicyLru)
  `L1(l1_5, 2, 0, 16, 8, 1, 0, 1, 0, x86_pkg::PolicyRandom)
  `L1(l1_6, 3, 1, 1, 72, 1, 0, 1, 0, x86_pkg::PolicyNru)
  `L1(l1_7, 2, 0, 1, 1, 1, 1, 1, 1, x86_pkg::PolicyLru)
  `L2(l2_0, 16, 12, 1, 1, 0, 16, x86_pkg::PolicyPlru)
  `L2(l2_1, 4, 16, 1, 4, 4, 0, x86_pkg::PolicyLru)
  `L2(l2_2, 8, 4, 0, 16, 3, 5, x86_pkg::PolicyNru)
  `L2(l2_3, 64, 3, 1, 1, 0, 4, x86_pkg::PolicyRandom)
  `L2(l2_4, 2, 5, 0, 1, 0, 1, x86_pkg::PolicyPlru)
  `WALK(walk_0, 8, 4, 1, 8, 1, 4, 1, 2, x86_pkg::PolicyLru)
  `WALK(walk_1, 2, 3, 4, 1, 1, 0, 1, 1, x86_pkg::PolicyPlru)
  `WALK(walk_2, 1, 0, 1, 5, 2, 2, 1, 0, x86_pkg::PolicyNru)

  always_comb begin
    kind_o[0] = x86_pkg::entry_kind(entry_i, level_i, mode_i, 36, 1'b0);
    kind_o[1] = x86_pkg::entry_kind(entry_i, level_i, mode_i, 46, 1'b1);
    kind_o[2] = x86_pkg::entry_kind(entry_i, level_i, mode_i, 52, 1'b1);
    canonical_o = x86_pkg::canonical(va_i, mode_i);
    levels_o = x86_pkg::levels(mode_i);
    vpn_o = x86_pkg::vpn(va_i);
    entry_address_o = x86_pkg::entry_address(fill_data_i[39:0], level_i, va_i);
    physical_o = x86_pkg::physical(fill_data_i, size_i, va_i);
    accumulate_o = x86_pkg::accumulate(fill_data_i, entry_i, mode_i);
    leaf_data_o = x86_pkg::leaf_data(entry_i, 3'(size_i) + 3'd1, fill_data_i & 51'h0_0700_0000_0000);
    denied_o = x86_pkg::denied(fill_data_i, attr_i, mode_i, pkru_i, pkrs_i);
    error_code_o = x86_pkg::error_code(kind_o[1], denied_o, attr_i, mode_i);
    tag_o = x86_pkg::tag(x86_pkg::vpn(va_i), pcid_i, entry_i[0], size_i);
    invalidates_o = x86_pkg::invalidates(inv_flags_i, inv_vpn_i, inv_pcid_i, fill_tag_i, grain_i);
  end

endmodule
