// SPDX-License-Identifier: Apache-2.0
//
// The paging-structure caches (SDM 4.10.3), one per level: PML5E, PML4E,
// PDPTE, PDE. The RTL twin of cmodel/walk_cache.c. An entry says for a part of
// the address space where the next table is and what rights the path to it
// leaves. Entries belong to a PCID; none is global.
//
// One lookup per cycle: level_o is the deepest level (2 to 4, or to 5 with
// la57_i) that has an entry for vpn_i, in the same cycle; 0: none. That entry
// is marked as used at the clock edge. One fill per cycle, at the clock edge;
// none in the cycle of an invalidation, which looks at all entries at once.
module walk_cache #(
    parameter int SetsPde   = 8,
    parameter int WaysPde   = 4,
    parameter int SetsPdpte = 1,
    parameter int WaysPdpte = 8,
    parameter int SetsPml4e = 1,
    parameter int WaysPml4e = 4,
    parameter int SetsPml5e = 1,
    parameter int WaysPml5e = 2,
    parameter int Policy    = x86_pkg::PolicyLru
) (
    input logic clk_i,
    input logic rst_ni,

    // Lookup.
    input logic lookup_i,
    input logic [44:0] vpn_i,
    input logic [11:0] pcid_i,
    input logic la57_i,
    output logic [2:0] level_o,
    output logic [50:0] data_o,

    // Fill, into the cache of level fill_level_i, 2 to 5.
    input logic fill_i,
    input logic [2:0] fill_level_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,

    // Invalidation.
    input logic inv_i,
    input logic [2:0] inv_flags_i,
    input logic [44:0] inv_vpn_i,
    input logic [11:0] inv_pcid_i
);

  // By level; a lookup goes on to the next level where it misses.
  logic [5:2] lookup  /*verilator split_var*/;
  logic [5:2] hit  /*verilator split_var*/;
  logic [4*64-1:0] data;

  assign lookup[2] = lookup_i;
  assign lookup[3] = lookup[2] && !hit[2];
  assign lookup[4] = lookup[3] && !hit[3];
  assign lookup[5] = lookup[4] && !hit[4] && la57_i;

  for (genvar level = 2; level <= 5; level++) begin : gen_level
    localparam int Sets = level == 2 ? SetsPde : level == 3 ? SetsPdpte : level == 4 ? SetsPml4e : SetsPml5e;
    localparam int Ways = level == 2 ? WaysPde : level == 3 ? WaysPdpte : level == 4 ? WaysPml4e : WaysPml5e;

    if (Ways > 0) begin : gen_cache
      logic [59:0] tag;
      logic [1:0] size;

      tlb_array #(
          .Sets(Sets),
          .Ways(Ways),
          .Grain(level - 1),
          .Policy(Policy)
      ) cache (
          .clk_i,
          .rst_ni,
          .lookup_i(lookup[level]),
          .vpn_i,
          .pcid_i,
          .hit_o(hit[level]),
          .size_o(size),
          .data_o(data[(level-2)*64+:64]),
          .tag_o(tag),
          .fill_i(fill_i && fill_level_i == 3'(level)),
          .fill_tag_i,
          .fill_data_i,
          .inv_i,
          .sweep_i(1'b0),
          .sweep_set_i(10'd0),
          .inv_flags_i,
          .inv_vpn_i,
          .inv_pcid_i
      );
    end else begin : gen_none
      assign hit[level] = 1'b0;
      assign data[(level-2)*64+:64] = '0;
    end
  end

  always_comb begin
    level_o = 3'd0;
    data_o = '0;
    if (hit[2]) begin
      level_o = 3'd2;
      data_o = data[0*64+:51];
    end else if (hit[3]) begin
      level_o = 3'd3;
      data_o = data[1*64+:51];
    end else if (hit[4]) begin
      level_o = 3'd4;
      data_o = data[2*64+:51];
    end else if (hit[5]) begin
      level_o = 3'd5;
      data_o = data[3*64+:51];
    end
  end

endmodule
