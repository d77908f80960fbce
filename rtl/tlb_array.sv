// SPDX-License-Identifier: Apache-2.0
//
// One array of cached translations: Sets x Ways, with replacement state. The
// RTL twin of cmodel/tlb_array.c. L1 TLBs, L2 TLBs and walk caches are made
// of it. Words are those of x86_pkg.
//
// Lookups see the entries as they stood at the start of the cycle and answer
// in it; what they hit is marked as used at the clock edge. lookup_i gates
// only the hit and the mark, so it may come late in the cycle.
//
// A fill, at the clock edge, takes the way of an entry that overlaps it (the
// same page, also a global and a non-global one); then an invalid way, the
// lowest first; then the victim. Every other overlapping entry is dropped, so
// that a lookup hits at most once; only where 4 KiB and 2 MiB pages share an
// array may both be there, and the 4 KiB page answers.
//
// An invalidation, at the clock edge; there is no fill in that cycle. inv_i
// drops what matches of all entries, or when Swept of the sets that can hold
// the page at inv_vpn_i (meant for x86_pkg::InvAddress). sweep_i, only when
// Swept, drops what matches in set sweep_set_i; a set beyond the array is none.
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

    // Lookups.
    input logic [Ports-1:0] lookup_i,
    input logic [Ports*45-1:0] vpn_i,
    input logic [11:0] pcid_i,
    output logic [Ports-1:0] hit_o,
    output logic [Ports*2-1:0] size_o,
    output logic [Ports*64-1:0] data_o,  // a data word in each 64 bits
    output logic [59:0] tag_o,           // of port 0

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

  localparam int Entries = Sets * Ways;
  localparam int SetW = Sets > 1 ? $clog2(Sets) : 1;
  localparam int WayW = Ways > 1 ? $clog2(Ways) : 1;
  localparam int EntryW = Entries > 1 ? $clog2(Entries) : 1;
  // The pages of the array are of that grain; where each is of its own size, that is the least.
  localparam bit BySize = Grain >= x86_pkg::GrainOwn;
  localparam int LeastGrain = BySize ? x86_pkg::Grain4k : Grain;
  // A lookup probes a set for each page size that decides on the index.
  localparam int Probes = Grain == x86_pkg::Grain4k2m ? 2 : 1;

  logic [59:0] tag_q[Entries];
  logic [50:0] data_q[Entries];
  logic [Entries-1:0] valid_q;

  // The set of a page of that size.
  function automatic logic [SetW-1:0] set_of(input logic [44:0] page, input logic [1:0] size);
    set_of = '0;
    if (Sets > 1) begin
      set_of = page[9*LeastGrain+:SetW];
      if (Grain == x86_pkg::Grain4k2m && size == x86_pkg::Page2m) set_of = page[9+:SetW];
    end
  endfunction

  // Page numbers that differ like this are in one page of that size.
  function automatic logic same_page(input logic [44:0] difference, input logic [1:0] size);
    if (BySize) same_page = (difference >> (5'd9 * 5'(size))) == '0;
    else same_page = difference[44:9*LeastGrain] == '0;
  endfunction

  // Two entries of one set that one lookup could both hit.
  function automatic logic overlap(input logic [59:0] one, input logic [59:0] other);
    overlap = same_page(one[44:0] ^ other[44:0], one[59:58] > other[59:58] ? one[59:58] : other[59:58]) &&
              (one[57] || other[57] || one[56:45] == other[56:45]) &&
              (Grain != x86_pkg::Grain4k2m || one[59:58] == other[59:58]);
  endfunction

  // --- Lookups ---

  logic [Ports*SetW-1:0] hit_set;
  logic [Ports*WayW-1:0] hit_way;

  for (genvar p = 0; p < Ports; p++) begin : gen_port
    logic [44:0] page;
    logic [59:0] candidate;
    logic [SetW-1:0] set;
    logic [WayW-1:0] way;
    logic [EntryW-1:0] first, entry;
    logic [1:0] size;
    logic [63:0] data;
    logic hit;

    always_comb begin
      page = '0;
      candidate = '0;
      set = '0;
      way = '0;
      first = '0;
      entry = '0;
      size = '0;
      data = '0;
      hit = 1'b0;
      if (lookup_i[p]) begin
        page = vpn_i[p*45+:45];
        for (int probe = 0; probe < Probes; probe++) begin
          if (!hit) begin
            set = set_of(page, 2'(probe));
            first = EntryW'(set) * EntryW'(Ways);
            for (int w = 0; w < Ways; w++) begin
              // Written so that few instructions dismiss most candidates in a simulation.
              candidate = tag_q[(Sets > 1 ? first : '0)+EntryW'(w)];
              if (((candidate[44:0] ^ page) >>
                   (BySize && Probes == 1 ? 6'd9 * 6'(candidate[59:58]) : 6'(9 * (LeastGrain + probe)))) == '0) begin
                if ((candidate[57] || candidate[56:45] == pcid_i) && valid_q[(Sets > 1 ? first : '0)+EntryW'(w)] &&
                    (Probes == 1 || candidate[59:58] == 2'(probe))) begin
                  hit = 1'b1;
                  way = WayW'(w);
                  size = candidate[59:58];
                end
              end
            end
          end
        end
        if (hit) begin
          entry = first + EntryW'(way);
          data = 64'(data_q[entry]);
        end
      end
    end

    assign hit_o[p] = hit;
    assign size_o[p*2+:2] = size;
    assign data_o[p*64+:64] = data;
    if (p == 0) assign tag_o = hit ? tag_q[entry] : '0;
    assign hit_set[p*SetW+:SetW] = set;
    assign hit_way[p*WayW+:WayW] = way;
  end

  // --- Fill ---

  logic [SetW-1:0] fill_set;
  logic [WayW-1:0] fill_way, victim;
  logic [EntryW-1:0] fill_first;
  logic [Ways-1:0] fill_valid;  // of the set after the fill
  logic overlapping;

  replacement #(
      .Sets(Sets),
      .Ways(Ways),
      .Ports(Ports),
      .Policy(Policy)
  ) repl (
      .clk_i,
      .rst_ni,
      .mark_i(hit_o),
      .mark_set_i(hit_set),
      .mark_way_i(hit_way),
      .fill_i,
      .fill_set_i(fill_set),
      .fill_way_i(fill_way),
      .victim_o(victim)
  );

  always_comb begin
    fill_set = '0;
    fill_first = '0;
    if (fill_i) begin
      fill_set = set_of(fill_tag_i[44:0], fill_tag_i[59:58]);
      fill_first = EntryW'(fill_set) * EntryW'(Ways);
    end
  end

  always_comb begin
    fill_way = '0;
    fill_valid = '0;
    overlapping = 1'b0;
    if (fill_i) begin
      fill_way = victim;
      fill_valid = valid_q[fill_first+:Ways];
      for (int w = Ways - 1; w >= 0; w--) begin
        if (!valid_q[fill_first+EntryW'(w)]) begin
          if (!overlapping) fill_way = WayW'(w);
        end else if (overlap(tag_q[fill_first+EntryW'(w)], fill_tag_i)) begin
          fill_way = WayW'(w);
          fill_valid[w] = 1'b0;
          overlapping = 1'b1;
        end
      end
      fill_valid[fill_way] = 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (fill_i) begin
      tag_q[fill_first+EntryW'(fill_way)] <= fill_tag_i;
      data_q[fill_first+EntryW'(fill_way)] <= fill_data_i;
    end
  end

  // --- Valid bits ---

  function automatic logic dropped(input logic [59:0] word);
    dropped = x86_pkg::invalidates(inv_flags_i, inv_vpn_i, inv_pcid_i, word, 3'(LeastGrain));
  endfunction

  // What an invalidation leaves of the valid bits of a set.
  function automatic logic [Ways-1:0] kept(input logic [EntryW-1:0] from);
    kept = valid_q[from+:Ways];
    for (int w = 0; w < Ways; w++) begin
      if (kept[w]) begin
        if (dropped(tag_q[from+EntryW'(w)])) kept[w] = 1'b0;
      end
    end
  endfunction

  if (Swept != 0) begin : gen_swept
    logic [SetW-1:0] inv_set;
    logic [EntryW-1:0] inv_first, inv_first_2m;
    logic [Ways-1:0] inv_kept, inv_kept_2m;
    logic inv_here;

    always_comb begin
      inv_set = '0;
      inv_first = '0;
      inv_first_2m = '0;
      inv_kept = '0;
      inv_kept_2m = '0;
      inv_here = inv_i || (sweep_i && 32'(sweep_set_i) < Sets);
      if (inv_here) begin
        inv_set = sweep_i ? SetW'(sweep_set_i) : set_of(inv_vpn_i, x86_pkg::Page4k);
        inv_first = EntryW'(inv_set) * EntryW'(Ways);
        inv_kept = kept(inv_first);
        if (Probes == 2 && inv_i) begin
          inv_first_2m = EntryW'(set_of(inv_vpn_i, x86_pkg::Page2m)) * EntryW'(Ways);
          inv_kept_2m = kept(inv_first_2m);
        end
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        valid_q <= '0;
      end else begin
        if (inv_here) valid_q[inv_first+:Ways] <= inv_kept;
        if (Probes == 2 && inv_i) valid_q[inv_first_2m+:Ways] <= inv_kept_2m;
        if (fill_i) valid_q[fill_first+:Ways] <= fill_valid;
      end
    end
  end else begin : gen_not_swept
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        valid_q <= '0;
      end else if (inv_i) begin
        for (int e = 0; e < Entries; e++) begin
          if (valid_q[e]) begin
            if (dropped(tag_q[e])) valid_q[e] <= 1'b0;
          end
        end
      end else if (fill_i) begin
        valid_q[fill_first+:Ways] <= fill_valid;
      end
    end
  end

`ifdef TWINWALK_DIGEST
  // --- Digest of all marks and fills, for comparison with the C model ---

  logic [63:0] digest_q;

  function automatic logic [63:0] digested(input logic [63:0] digest, input logic [63:0] word);
    digested = {digest[56:0], digest[63:57]} ^ word;
  endfunction

  function automatic logic [63:0] next_digest();
    next_digest = digest_q;
    for (int p = 0; p < Ports; p++) begin
      if (hit_o[p]) begin
        next_digest = digested(next_digest, (64'(hit_set[p*SetW+:SetW]) * 64'(Ways) + 64'(hit_way[p*WayW+:WayW])) << 2 |
                                                64'(p));
      end
    end
    if (fill_i) begin
      next_digest = digested(next_digest, 64'(fill_tag_i));
      next_digest = digested(next_digest, 64'(fill_data_i));
      next_digest = digested(next_digest, 64'(fill_first + EntryW'(fill_way)));
    end
  endfunction

  always_ff @(posedge clk_i) begin
    if (!rst_ni) digest_q <= '0;
    else if (fill_i || hit_o != '0) digest_q <= next_digest();
  end
`endif

endmodule
