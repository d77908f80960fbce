// SPDX-License-Identifier: Apache-2.0
//
// What holds of tlb_array: docs/formal.md has the list. One property at a time
// is chosen by a macro; .ci/formal connects the signals marked "=" with those
// of the array.
module tlb_array_formal #(
    parameter int Sets   = 2,
    parameter int Ways   = 2,
    parameter int Grain  = x86_pkg::Grain4k,
    parameter int Policy = x86_pkg::PolicyLru,
    parameter int Swept  = 0
) (
    input logic clk_i,
    input logic lookup_i,
    input logic [44:0] vpn_i,
    input logic [11:0] pcid_i,
    input logic fill_i,
    input logic [59:0] fill_tag_i,
    input logic [50:0] fill_data_i,
    input logic inv_i,
    input logic sweep_i,
    input logic [9:0] sweep_set_i,
    input logic [2:0] inv_flags_i,
    input logic [44:0] inv_vpn_i,
    input logic [11:0] inv_pcid_i,
    input logic [59:0] key_i
);
  localparam int Entries = Sets * Ways;
  localparam int SetW = Sets > 1 ? $clog2(Sets) : 1;
  localparam int WayW = Ways > 1 ? $clog2(Ways) : 1;
  localparam bit BySize = Grain >= x86_pkg::GrainOwn;
  localparam int LeastGrain = BySize ? x86_pkg::Grain4k : Grain;

  logic rst_n = 1'b0;
  always_ff @(posedge clk_i) rst_n <= 1'b1;

  logic hit;
  logic [1:0] size;
  logic [63:0] data;
  logic [59:0] tag;

  tlb_array #(
      .Sets(Sets),
      .Ways(Ways),
      .Grain(Grain),
      .Policy(Policy),
      .Swept(Swept)
  ) dut (
      .clk_i,
      .rst_ni(rst_n),
      .lookup_i,
      .vpn_i,
      .pcid_i,
      .hit_o(hit),
      .size_o(size),
      .data_o(data),
      .tag_o(tag),
      .fill_i,
      .fill_tag_i,
      .fill_data_i,
      .inv_i,
      .sweep_i,
      .sweep_set_i,
      .inv_flags_i,
      .inv_vpn_i,
      .inv_pcid_i
  );

  // Inside: the entries, and the way that a fill takes.
  logic [Entries-1:0] valid_q;  // = dut.valid_q
  logic [Entries*60-1:0] tag_q;  // = dut.tag_q[Sets*Ways x 60]
  logic [Entries*51-1:0] data_q;  // = dut.data_q[Sets*Ways x 51]
  logic [WayW-1:0] fill_way;  // = dut.fill_way

  // What the MMU keeps to.
  always_comb begin
    if (!rst_n) assume (!lookup_i && !fill_i && !inv_i && !sweep_i);
    assume (!(fill_i && (inv_i || sweep_i)));
    assume (!(inv_i && sweep_i));
    if (Swept == 0) assume (!sweep_i);
    if (Swept != 0 && inv_i) assume ((inv_flags_i & x86_pkg::InvAddress) != 3'd0);
    // There is no page larger than 1 GiB; large pages are kept whole where the index can do with it.
    assume (fill_tag_i[59:58] != 2'd3);
    if (Grain == x86_pkg::Grain4k2m) assume (fill_tag_i[59:58] <= x86_pkg::Page2m);
    if (Swept != 0 && Grain == x86_pkg::Grain4k) assume (fill_tag_i[59:58] == x86_pkg::Page4k);
    if (Swept != 0 && Grain == x86_pkg::Grain2m) assume (fill_tag_i[59:58] == x86_pkg::Page2m);
    if (Grain == x86_pkg::Grain1g) assume (fill_tag_i[59:58] == x86_pkg::Page1g || fill_tag_i[59:58] == x86_pkg::Page4k);
  end

  // The manual's words, written anew: an entry covers a page of this many levels of nine bits.
  function automatic logic [2:0] covers(input logic [59:0] word);
    covers = BySize ? 3'(word[59:58]) : 3'(Grain);
  endfunction

  function automatic logic same(input logic [44:0] one, input logic [44:0] other, input logic [2:0] levels);
    same = one[44:36] == other[44:36] && (levels > 3'd3 || one[35:27] == other[35:27]) &&
           (levels > 3'd2 || one[26:18] == other[26:18]) && (levels > 3'd1 || one[17:9] == other[17:9]) &&
           (levels > 3'd0 || one[8:0] == other[8:0]);
  endfunction

  function automatic logic translates(input logic [59:0] word, input logic [44:0] page, input logic [11:0] pcid);
    translates = same(word[44:0], page, covers(word)) && (word[57] || word[56:45] == pcid);
  endfunction

  // A fragment goes with its whole page.
  function automatic logic goes(input logic [59:0] word, input logic [2:0] flags, input logic [44:0] page,
                                input logic [11:0] pcid);
    goes = word[57] ? flags[2] : !flags[1] || word[56:45] == pcid;
    if (flags[0] && !same(word[44:0], page, 3'(word[59:58]) > 3'(LeastGrain) ? 3'(word[59:58]) : 3'(LeastGrain)))
      goes = 1'b0;
  endfunction

  // The set in which a lookup looks for what an entry covers.
  function automatic logic [SetW-1:0] place(input logic [59:0] word);
    place = word[9*LeastGrain+:SetW];
    if (BySize && word[58]) place = word[9+:SetW];
  endfunction

  // The entries that translate what is looked up, and how many of them there are for each page size.
  logic [Entries-1:0] matching;
  logic [3:0] found, found_4k;
  for (genvar e = 0; e < Entries; e++) begin : gen_matching
    assign matching[e] = valid_q[e] && translates(tag_q[e*60+:60], vpn_i, pcid_i);
  end
  always_comb begin
    found = '0;
    found_4k = '0;
    for (int e = 0; e < Entries; e++) begin
      if (Grain == x86_pkg::Grain4k2m && tag_q[e*60+58+:2] == 2'd0) found_4k = found_4k + 4'(matching[e]);
      else found = found + 4'(matching[e]);
    end
  end

  // Each entry is of a legal size and stands where a lookup finds it: what the others rest on.
  logic [Entries-1:0] astray;
  logic placed;
  for (genvar e = 0; e < Entries; e++) begin : gen_astray
    assign astray[e] = valid_q[e] && ((Sets > 1 && place(tag_q[e*60+:60]) != SetW'(e / Ways)) ||
                                      tag_q[e*60+58+:2] > (Grain == x86_pkg::Grain4k2m ? 2'd1 : 2'd2) ||
                                      (Swept != 0 && !BySize && 32'(tag_q[e*60+58+:2]) != Grain));
  end
  assign placed = astray == '0;

  // No two entries could both answer one lookup (4 KiB and 2 MiB pages that share an array are looked up one after
  // the other). Said of pairs of entries, not of one lookup: so it carries over from a cycle to the next.
  function automatic logic overlap(input logic [59:0] one, input logic [59:0] other);
    overlap = same(one[44:0], other[44:0], covers(one) > covers(other) ? covers(one) : covers(other)) &&
              (one[57] || other[57] || one[56:45] == other[56:45]) &&
              (Grain != x86_pkg::Grain4k2m || one[59:58] == other[59:58]);
  endfunction
  logic [Entries*Entries-1:0] pairs;
  logic alone;
  for (genvar e = 0; e < Entries; e++) begin : gen_pairs
    for (genvar f = 0; f < Entries; f++) begin : gen_other
      assign pairs[e*Entries+f] = f < e && valid_q[e] && valid_q[f] && overlap(tag_q[e*60+:60], tag_q[f*60+:60]);
    end
  end
  assign alone = pairs == '0;

  logic evicting;  // a fill that replaces a valid entry
  assign evicting = fill_i && valid_q == '1;

`ifdef ONE_HIT
  always_comb begin
    if (rst_n) begin
      assert (placed && alone);
      assert (found <= 4'd1 && found_4k <= 4'd1);
    end
    cover (rst_n && lookup_i && hit && valid_q == '1);
  end
`endif

`ifdef HIT_EXACT
  logic [59:0] hit_tag;
  logic [50:0] hit_data;
  always_comb begin
    hit_tag = '0;
    hit_data = '0;
    for (int e = 0; e < Entries; e++)
      if (matching[e] && (found_4k == '0 || Grain != x86_pkg::Grain4k2m || tag_q[e*60+58+:2] == 2'd0)) begin
        hit_tag = hit_tag | tag_q[e*60+:60];
        hit_data = hit_data | data_q[e*51+:51];
      end
    if (rst_n) begin
      assert (placed && alone);
      assert (hit == (lookup_i && matching != '0));
      if (hit) assert (tag == hit_tag && data == 64'(hit_data) && size == hit_tag[59:58]);
    end
    cover (rst_n && hit && valid_q == '1 && (Grain != x86_pkg::Grain4k2m || found + found_4k == 4'd2));
  end
`endif

  // An entry that found the key of the invalidation whose end was seen.
  logic [2:0] left_flags;
  logic [44:0] left_page;
  logic [11:0] left_pcid;
  logic [Entries-1:0] left;
  for (genvar e = 0; e < Entries; e++) begin : gen_left
    assign left[e] = valid_q[e] && (goes(tag_q[e*60+:60], left_flags, left_page, left_pcid) ||
                                    x86_pkg::invalidates(left_flags, left_page, left_pcid, tag_q[e*60+:60],
                                                         3'(LeastGrain)));
  end

`ifdef INVALIDATED
  logic done = 1'b0;
  logic cover_full = 1'b0;
  always_ff @(posedge clk_i) begin
    done <= inv_i;
    left_flags <= inv_flags_i;
    left_page <= inv_vpn_i;
    left_pcid <= inv_pcid_i;
    cover_full <= inv_i && valid_q == '1;
  end
  always_comb begin
    if (rst_n && Swept != 0) assert (placed);
    if (done) assert (left == '0);
    cover (done && cover_full && valid_q != '0 && valid_q != '1);
  end
`endif

`ifdef SWEPT
  // Sweeps set by set with one key; a fill or an invalidation in between begins anew.
  logic [10:0] swept = '0;  // sets that the sweep is through with
  logic cover_full = 1'b0;
  always_ff @(posedge clk_i) begin
    if (sweep_i && sweep_set_i == '0) begin
      swept <= 11'd1;
      left_flags <= inv_flags_i;
      left_page <= inv_vpn_i;
      left_pcid <= inv_pcid_i;
      cover_full <= valid_q == '1;
    end else if (sweep_i && swept != '0 && sweep_set_i == 10'(swept) && inv_flags_i == left_flags &&
                 inv_vpn_i == left_page && inv_pcid_i == left_pcid) begin
      swept <= swept + 11'd1;
    end else begin
      swept <= '0;
    end
  end
  always_comb begin
    if (rst_n) assert (placed);
    for (int e = 0; e < Entries; e++) if (11'(e / Ways) < swept) assert (!left[e]);
    cover (swept == 11'(Sets) && cover_full && valid_q != '0 && valid_q != '1);
  end
`endif

`ifdef KEPT
  // An invalidation drops nothing else, and only fills bring entries.
  logic [Entries-1:0] was_valid = '0;
  logic [Entries-1:0] may_go = '0;
  logic was_filled = 1'b0;
  assign left_flags = inv_flags_i;
  assign left_page = inv_vpn_i;
  assign left_pcid = inv_pcid_i;
  always_ff @(posedge clk_i) begin
    was_valid <= rst_n ? valid_q : '0;
    was_filled <= rst_n && fill_i;
    may_go <= inv_i || sweep_i ? left : '0;
  end
  always_comb begin
    if (rst_n && !was_filled) begin
      assert ((was_valid & ~may_go & ~valid_q) == '0);
      assert ((~was_valid & valid_q) == '0);
    end
    cover (rst_n && may_go != '0 && valid_q != '0);
  end
`endif

`ifdef FILL_WAY
  always_comb begin
    if (rst_n && fill_i) assert (32'(fill_way) < Ways);
    cover (rst_n && evicting);
  end
`endif

`ifdef FILLED
  // What was filled is there in the next cycle, whole.
  logic filled = 1'b0;
  logic cover_evicted = 1'b0;
  logic [59:0] word;
  logic [50:0] word_data;
  logic [Entries-1:0] there;
  always_ff @(posedge clk_i) begin
    filled <= rst_n && fill_i;
    word <= fill_tag_i;
    word_data <= fill_data_i;
    cover_evicted <= evicting;
  end
  always_comb begin
    for (int e = 0; e < Entries; e++)
      there[e] = valid_q[e] && tag_q[e*60+:60] == word && data_q[e*51+:51] == word_data;
    if (filled) assert (there != '0);
    cover (filled && cover_evicted);
  end
`endif

`ifdef CONTRACT
  // What array_watch says, and contract/tlb_array.sv with it; of an arbitrary key.
  logic [59:0] key;
  logic may_hold, stale_fill, behind, is_global, misused;
  logic [44:0] differs;
  logic [Entries-1:0] stale;
  always_ff @(posedge clk_i) key <= key_i;
  always_comb if (rst_n) assume (key_i == key);
  array_watch #(
      .Sets(Sets),
      .Grain(Grain),
      .Swept(Swept)
  ) watch (
      .clk_i,
      .rst_ni(rst_n),
      .key_i,
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
  logic [10:0] swept_q;  // = watch.swept_q
  for (genvar e = 0; e < Entries; e++) begin : gen_stale
    assign stale[e] = valid_q[e] && !data_q[e*51+x86_pkg::DataRw] &&
                      x86_pkg::invalidates(key_i[59:57], key_i[44:0], key_i[56:45], tag_q[e*60+:60], 3'(LeastGrain));
  end
  assign differs = (tag[44:0] ^ vpn_i) & ~manual_pkg::offset_mask(covers(tag));
  always_comb begin
    if (rst_n) begin
      assert (placed && !misused);
      for (int e = 0; e < Entries; e++) begin
        assert (!stale[e] || (may_hold && 11'(e / Ways) >= swept_q));
        assert (!(valid_q[e] && tag_q[e*60+57]) || is_global);
      end
      if (hit) begin
        assert (lookup_i && tag[59:58] != 2'd3 && size == tag[59:58]);
        assert (Grain != x86_pkg::Grain4k2m || tag[59:58] <= x86_pkg::Page2m);
        assert (differs == '0);
        assert (tag[57] ? is_global : tag[56:45] == pcid_i);
        assert (may_hold || data[x86_pkg::DataRw] ||
                !x86_pkg::invalidates(key_i[59:57], key_i[44:0], key_i[56:45], tag, 3'(LeastGrain)));
      end else begin
        assert (tag == '0 && data == '0 && size == '0);
      end
    end
    cover (rst_n && may_hold && hit && stale != '0 && stale != '1 && valid_q == '1);
  end
`endif

`ifdef NO_X
  // A second array that began with other contents cannot be told apart.
  logic other_hit;
  logic [1:0] other_size;
  logic [63:0] other_data;
  logic [59:0] other_tag;
  tlb_array #(
      .Sets(Sets),
      .Ways(Ways),
      .Grain(Grain),
      .Policy(Policy),
      .Swept(Swept)
  ) other (
      .clk_i,
      .rst_ni(rst_n),
      .lookup_i,
      .vpn_i,
      .pcid_i,
      .hit_o(other_hit),
      .size_o(other_size),
      .data_o(other_data),
      .tag_o(other_tag),
      .fill_i,
      .fill_tag_i,
      .fill_data_i,
      .inv_i,
      .sweep_i,
      .sweep_set_i,
      .inv_flags_i,
      .inv_vpn_i,
      .inv_pcid_i
  );
  logic [15:0] lfsr_q;  // = dut.repl.lfsr_q
  logic [15:0] other_lfsr_q;  // = other.repl.lfsr_q
  logic [Entries-1:0] other_valid_q;  // = other.valid_q
  logic [Entries*60-1:0] other_tag_q;  // = other.tag_q[Sets*Ways x 60]
  logic [Entries*51-1:0] other_data_q;  // = other.data_q[Sets*Ways x 51]
  localparam int StateW = Policy == x86_pkg::PolicyLru ? Ways * $clog2(Ways) :
                          Policy == x86_pkg::PolicyPlru ? 1 << $clog2(Ways) : Ways;
  logic [Sets*StateW-1:0] repl_q;  // = dut.repl.repl_q[Sets x StateW]
  logic [Sets*StateW-1:0] other_repl_q;  // = other.repl.repl_q[Sets x StateW]
  always_comb begin
    if (rst_n) begin
      assert (Policy == x86_pkg::PolicyRandom || repl_q == other_repl_q);
      assert (placed && alone && valid_q == other_valid_q && lfsr_q == other_lfsr_q);
      for (int e = 0; e < Entries; e++)
        if (valid_q[e])
          assert (tag_q[e*60+:60] == other_tag_q[e*60+:60] && data_q[e*51+:51] == other_data_q[e*51+:51]);
      assert (hit == other_hit);
      if (hit) assert (size == other_size && data == other_data && tag == other_tag);
    end
    cover (rst_n && hit && valid_q == '1);
  end
`endif
endmodule
