// SPDX-License-Identifier: Apache-2.0
//
// The MMU: lookup stage with the L1 TLBs, miss queue, L2 TLB, walk caches, page walkers and control
// operations. The RTL twin of cmodel/mmu.c; docs/microarchitecture.md has the
// picture and each block's promise in cycles.
//
// Port 0 fetches instructions, the others are data ports. A request accepted
// in one cycle is looked up in the next: a hit, #GP or untranslated address is
// answered there, anything else enters the miss queue and is answered later
// with its tag (on port 0 in order). All outputs depend on registers alone.
module mmu #(
    parameter int DataPorts = 2,
    parameter int MaxPhyAddr = 46,
    parameter int GibPages = 1,
    parameter int MissQueueEntries = 16,
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
    parameter int L1dReplacement = 1,
    parameter int L2Split = 0,
    parameter int L2Latency = 7,
    parameter int L2Sets = 128,
    parameter int L2Ways = 12,
    parameter int L2Shared2m = 1,
    parameter int L2Sets2m = 1,
    parameter int L2Ways2m = 0,
    parameter int L2Ways1g = 16,
    parameter int L2Replacement = 1,
    parameter int L2iSets = 64,
    parameter int L2iWays = 8,
    parameter int L2iShared2m = 1,
    parameter int L2iSets2m = 1,
    parameter int L2iWays2m = 0,
    parameter int L2iWays1g = 16,
    parameter int L2iReplacement = 1,
    parameter int WcSetsPml5e = 1,
    parameter int WcWaysPml5e = 2,
    parameter int WcSetsPml4e = 1,
    parameter int WcWaysPml4e = 4,
    parameter int WcSetsPdpte = 1,
    parameter int WcWaysPdpte = 8,
    parameter int WcSetsPde = 8,
    parameter int WcWaysPde = 4,
    parameter int WcReplacement = 0,
    parameter int Walkers = 4
) (
    input logic clk_i,
    input logic rst_ni,

    // accesses
    input  logic [DataPorts:0] req_valid_i,
    output logic [DataPorts:0] req_ready_o,
    input  logic [(DataPorts+1)*64-1:0] req_va_i,
    input  logic [(DataPorts+1)*5-1:0] req_attr_i,
    input  logic [(DataPorts+1)*6-1:0] req_tag_i,

    // answers
    output logic [DataPorts:0] resp_valid_o,
    output logic [(DataPorts+1)*6-1:0] resp_tag_o,
    output logic [(DataPorts+1)*64-1:0] resp_pa_o,
    output logic [(DataPorts+1)*2-1:0] resp_fault_o,
    output logic [(DataPorts+1)*6-1:0] resp_code_o,
    output logic [(DataPorts+1)*2-1:0] resp_size_o,
    output logic [(DataPorts+1)*3-1:0] resp_pat_o,
    output logic [(DataPorts+1)*2-1:0] resp_source_o,

    // control operations
    input  logic        op_valid_i,
    output logic        op_ready_o,
    input  logic [ 2:0] op_i,
    input  logic [63:0] op_value_i,
    input  logic [63:0] op_va_i,
    input  logic [11:0] op_pcid_i,
    output logic        op_done_o,

    // memory
    output logic        mem_req_valid_o,
    input  logic        mem_req_ready_i,
    output logic        mem_req_exchange_o,
    output logic [ 2:0] mem_req_tag_o,
    output logic [51:0] mem_req_addr_o,
    output logic [63:0] mem_req_expected_o,
    output logic [63:0] mem_req_desired_o,
    input  logic        mem_resp_valid_i,
    output logic        mem_resp_ready_o,
    input  logic [ 2:0] mem_resp_tag_i,
    input  logic [63:0] mem_resp_data_i,
    input  logic        mem_resp_error_i,
    input  logic        mem_resp_exchanged_i
);
  localparam int Ports = DataPorts + 1;
  localparam int L2LargestSets = L2Shared2m == 0 && L2Ways2m != 0 && L2Sets2m > L2Sets ? L2Sets2m : L2Sets;
  localparam int L2iLargestSets = L2iShared2m == 0 && L2iWays2m != 0 && L2iSets2m > L2iSets ? L2iSets2m : L2iSets;
  localparam int SweepSets = L2Split != 0 && L2iLargestSets > L2LargestSets ? L2iLargestSets : L2LargestSets;

  // control
  logic blocking, broadcast, dropping, overtakes, sweep;
  logic [9:0] sweep_set;
  logic [2:0] inv_flags, inv_walk_flags;
  logic [44:0] inv_vpn;
  logic [11:0] inv_pcid, pcid;
  logic [39:0] root;
  logic [9:0] mode;
  logic [31:0] pkru, pkrs;

  // miss queue
  logic [5:0] used;
  logic [Ports-1:0] answering, answer, answer_valid;
  logic fetch_busy, queue_empty;
  logic [31:0] restart;
  logic l2_lookup, l2_answers, lookup_fetch;
  logic [63:0] l2_lookup_va;
  logic [4:0] l2_lookup_attr;
  logic walk, walk_start, walk_from_root;
  logic [4:0] walk_id, walk_attr;
  logic [63:0] walk_va;
  logic [Ports*64-1:0] answer_pa;
  logic [Ports*15-1:0] answer_word;
  logic [Ports*6-1:0] answer_tag;

  // page walkers
  logic walker_idle, draining_exchange;
  logic result_valid, result_fetch;
  logic [4:0] result_id;
  logic [1:0] result_fault;
  logic [5:0] result_code;
  logic [59:0] result_tag;
  logic [50:0] result_data;
  logic [63:0] result_va;
  logic wc_fill;
  logic [2:0] wc_fill_level;
  logic [59:0] wc_fill_tag;
  logic [50:0] wc_fill_data;

  // The result register: a page fault goes with its drop, all else when the arrays are free.
  logic fault_waiting, finish, translated;
  assign fault_waiting = result_valid && result_fault == x86_pkg::FaultPage;
  assign finish = result_valid && !fault_waiting && !l2_lookup && !broadcast && !sweep;
  assign translated = finish && result_fault == x86_pkg::FaultNone;

  // Accesses being looked up, and what of them the L1 TLBs do not answer.
  logic [Ports-1:0] lookup_valid, miss, skip_l2, from_root;
  logic [Ports*64-1:0] lookup_va;
  logic [Ports*5-1:0] lookup_attr;
  logic [Ports*6-1:0] lookup_tag;

  // Whatever is being looked up and whatever is accepted now may miss: see that there is room.
  logic room;
  logic [2:0] looking_up;
  always_comb begin
    looking_up = '0;
    for (int p = 0; p < Ports; p++) looking_up = looking_up + 3'(lookup_valid[p]);
  end
  assign room = !blocking && 6'(MissQueueEntries) - used >= 6'(looking_up) + 6'(Ports);
  // Fetches are answered in order: none passes one that missed.
  assign req_ready_o[0] = room && !answering[0] && !fetch_busy && !miss[0];
  for (genvar p = 1; p < Ports; p++) begin : g_data
    assign req_ready_o[p] = room && !answering[p];
  end

  // Fills of the L1 TLBs: what the L2 TLB or a walk found.
  logic l1_fill, l1_fill_fetch;
  logic [59:0] l1_fill_tag, l2_tag;
  logic [50:0] l1_fill_data, l2_data;
  logic l2_hit, l2_denied;
  assign lookup_fetch = l2_lookup_attr[1:0] == x86_pkg::AccessFetch;
  assign l1_fill = l2_answers || translated;
  assign l1_fill_fetch = l2_lookup ? lookup_fetch : result_fetch;
  assign l1_fill_data = l2_lookup ? l2_data : result_data;
  assign l1_fill_tag = l2_lookup ?
      x86_pkg::tag(x86_pkg::vpn(l2_lookup_va), pcid, l2_tag[x86_pkg::TagGlobal], x86_pkg::tag_size(l2_tag)) :
      result_tag;

  lookup_stage #(
      .DataPorts(DataPorts),
      .L1iUnified(L1iUnified),
      .L1iSets4k(L1iSets4k),
      .L1iWays4k(L1iWays4k),
      .L1iSets2m(L1iSets2m),
      .L1iWays2m(L1iWays2m),
      .L1iSets1g(L1iSets1g),
      .L1iWays1g(L1iWays1g),
      .L1iReplacement(L1iReplacement),
      .L1dUnified(L1dUnified),
      .L1dSets4k(L1dSets4k),
      .L1dWays4k(L1dWays4k),
      .L1dSets2m(L1dSets2m),
      .L1dWays2m(L1dWays2m),
      .L1dSets1g(L1dSets1g),
      .L1dWays1g(L1dWays1g),
      .L1dReplacement(L1dReplacement)
  ) u_lookup_stage (
      .clk_i,
      .rst_ni,
      .mode_i(mode),
      .pkru_i(pkru),
      .pkrs_i(pkrs),
      .pcid_i(pcid),
      .accept_i(req_valid_i & req_ready_o),
      .va_i(req_va_i),
      .attr_i(req_attr_i),
      .tag_i(req_tag_i),
      .lookup_valid_o(lookup_valid),
      .lookup_va_o(lookup_va),
      .lookup_attr_o(lookup_attr),
      .lookup_tag_o(lookup_tag),
      .miss_o(miss),
      .skip_l2_o(skip_l2),
      .from_root_o(from_root),
      .answer_valid_i(answer_valid),
      .answer_tag_i(answer_tag),
      .answer_pa_i(answer_pa),
      .answer_word_i(answer_word),
      .resp_valid_o,
      .resp_tag_o,
      .resp_pa_o,
      .resp_fault_o,
      .resp_code_o,
      .resp_size_o,
      .resp_pat_o,
      .resp_source_o,
      .fill_i(l1_fill),
      .fill_fetch_i(l1_fill_fetch),
      .fill_tag_i(l1_fill_tag),
      .fill_data_i(l1_fill_data),
      .inv_i(broadcast),
      .inv_flags_i(inv_flags),
      .inv_vpn_i(inv_vpn),
      .inv_pcid_i(inv_pcid)
  );

  // L2 TLB: unified, or one for data and one for instructions.
  logic l2_read, l2u_hit;
  logic [59:0] l2u_tag;
  logic [50:0] l2u_data;
  assign l2_read = l2_lookup && !broadcast && !sweep;
  l2_tlb #(
      .Sets(L2Sets),
      .Ways(L2Ways),
      .Shared2m(L2Shared2m),
      .Sets2m(L2Sets2m),
      .Ways2m(L2Ways2m),
      .Ways1g(L2Ways1g),
      .Policy(L2Replacement)
  ) u_l2 (
      .clk_i,
      .rst_ni,
      .lookup_i(l2_read && (L2Split == 0 || !lookup_fetch)),
      .vpn_i(l2_lookup_va[56:12]),
      .pcid_i(pcid),
      .hit_o(l2u_hit),
      .tag_o(l2u_tag),
      .data_o(l2u_data),
      .fill_i(translated && (L2Split == 0 || !result_fetch)),
      .fill_tag_i(result_tag),
      .fill_data_i(result_data),
      .inv_i(broadcast),
      .sweep_i(sweep),
      .sweep_set_i(sweep_set),
      .inv_flags_i(inv_flags),
      .inv_vpn_i(inv_vpn),
      .inv_pcid_i(inv_pcid)
  );
  if (L2Split != 0) begin : g_split
    logic l2i_hit;
    logic [59:0] l2i_tag;
    logic [50:0] l2i_data;
    l2_tlb #(
        .Sets(L2iSets),
        .Ways(L2iWays),
        .Shared2m(L2iShared2m),
        .Sets2m(L2iSets2m),
        .Ways2m(L2iWays2m),
        .Ways1g(L2iWays1g),
        .Policy(L2iReplacement)
    ) u_l2i (
        .clk_i,
        .rst_ni,
        .lookup_i(l2_read && lookup_fetch),
        .vpn_i(l2_lookup_va[56:12]),
        .pcid_i(pcid),
        .hit_o(l2i_hit),
        .tag_o(l2i_tag),
        .data_o(l2i_data),
        .fill_i(translated && result_fetch),
        .fill_tag_i(result_tag),
        .fill_data_i(result_data),
        .inv_i(broadcast),
        .sweep_i(sweep),
        .sweep_set_i(sweep_set),
        .inv_flags_i(inv_flags),
        .inv_vpn_i(inv_vpn),
        .inv_pcid_i(inv_pcid)
    );
    assign l2_hit = lookup_fetch ? l2i_hit : l2u_hit;
    assign l2_tag = lookup_fetch ? l2i_tag : l2u_tag;
    assign l2_data = lookup_fetch ? l2i_data : l2u_data;
  end else begin : g_unified
    assign l2_hit = l2u_hit;
    assign l2_tag = l2u_tag;
    assign l2_data = l2u_data;
  end
  always_comb begin
    l2_denied = 1'b0;
    if (l2_hit) l2_denied = x86_pkg::denied(l2_data, l2_lookup_attr, mode, pkru, pkrs) != 2'b00;
  end

  miss_queue #(
      .Entries(MissQueueEntries),
      .Ports(Ports),
      .Latency(L2Latency)
  ) u_miss_queue (
      .clk_i,
      .rst_ni,
      .miss_i(miss),
      .skip_l2_i(skip_l2),
      .from_root_i(from_root),
      .va_i(lookup_va),
      .attr_i(lookup_attr),
      .tag_i(lookup_tag),
      .used_o(used),
      .answering_o(answering),
      .fetch_busy_o(fetch_busy),
      .hold_i(broadcast),
      .sweep_i(sweep),
      .hold_issue_i(draining_exchange),
      .restart_all_i(overtakes),
      .restart_gib_i(dropping),
      .restart_o(restart),
      .lookup_o(l2_lookup),
      .lookup_va_o(l2_lookup_va),
      .lookup_attr_o(l2_lookup_attr),
      .l2_hit_i(l2_hit),
      .l2_denied_i(l2_denied),
      .l2_dirty_i(l2_data[x86_pkg::DataD]),
      .l2_size_i(x86_pkg::tag_size(l2_tag)),
      .l2_data_i(l2_data),
      .l2_answers_o(l2_answers),
      .walk_o(walk),
      .walk_id_o(walk_id),
      .walk_va_o(walk_va),
      .walk_attr_o(walk_attr),
      .walk_from_root_o(walk_from_root),
      .walk_start_i(walk_start),
      .result_valid_i(result_valid),
      .result_taken_i(finish || dropping),
      .result_id_i(result_id),
      .result_fault_i(result_fault),
      .result_code_i(result_code),
      .result_size_i(x86_pkg::tag_size(result_tag)),
      .result_data_i(result_data),
      .result_va_o(result_va),
      .result_fetch_o(result_fetch),
      .answer_o(answer),
      .answer_valid_o(answer_valid),
      .answer_tag_o(answer_tag),
      .answer_pa_o(answer_pa),
      .answer_word_o(answer_word),
      .empty_o(queue_empty)
  );

  // The start of a walk for the miss queue's candidate: in a walk cache or at the root.
  logic [2:0] wc_level;
  logic [50:0] wc_data;
  assign walk_start = walk && walker_idle && !broadcast && !draining_exchange;
  walk_cache #(
      .SetsPde(WcSetsPde),
      .WaysPde(WcWaysPde),
      .SetsPdpte(WcSetsPdpte),
      .WaysPdpte(WcWaysPdpte),
      .SetsPml4e(WcSetsPml4e),
      .WaysPml4e(WcWaysPml4e),
      .SetsPml5e(WcSetsPml5e),
      .WaysPml5e(WcWaysPml5e),
      .Policy(WcReplacement)
  ) u_walk_cache (
      .clk_i,
      .rst_ni,
      .lookup_i(walk_start && !walk_from_root),
      .vpn_i(walk_va[56:12]),
      .pcid_i(pcid),
      .la57_i(mode[x86_pkg::ModeLa57]),
      .level_o(wc_level),
      .data_o(wc_data),
      .fill_i(wc_fill),
      .fill_level_i(wc_fill_level),
      .fill_tag_i(wc_fill_tag),
      .fill_data_i(wc_fill_data),
      .inv_i(broadcast),
      .inv_flags_i(inv_walk_flags),
      .inv_vpn_i(inv_vpn),
      .inv_pcid_i(inv_pcid)
  );

  page_walker #(
      .Walkers(Walkers),
      .MaxPhyAddr(MaxPhyAddr),
      .GibPages(GibPages)
  ) u_page_walker (
      .clk_i,
      .rst_ni,
      .root_i(root),
      .mode_i(mode),
      .pkru_i(pkru),
      .pkrs_i(pkrs),
      .pcid_i(pcid),
      .start_i(walk_start),
      .start_id_i(walk_id),
      .start_level_i(wc_level != 3'd0 ? wc_level - 3'd1 : x86_pkg::levels(mode)),
      .start_from_cache_i(wc_level != 3'd0),
      .start_data_i(wc_level != 3'd0 ? wc_data : {11'd3, root}),
      .start_va_i(walk_va),
      .start_attr_i(walk_attr),
      .idle_o(walker_idle),
      .hold_i(broadcast),
      .restart_i(restart),
      .draining_exchange_o(draining_exchange),
      .mem_req_valid_o,
      .mem_req_ready_i,
      .mem_req_exchange_o,
      .mem_req_tag_o,
      .mem_req_addr_o,
      .mem_req_expected_o,
      .mem_req_desired_o,
      .mem_resp_valid_i,
      .mem_resp_ready_o,
      .mem_resp_tag_i,
      .mem_resp_data_i,
      .mem_resp_error_i,
      .mem_resp_exchanged_i,
      .fill_o(wc_fill),
      .fill_level_o(wc_fill_level),
      .fill_tag_o(wc_fill_tag),
      .fill_data_o(wc_fill_data),
      .result_valid_o(result_valid),
      .result_id_o(result_id),
      .result_fault_o(result_fault),
      .result_code_o(result_code),
      .result_tag_o(result_tag),
      .result_data_o(result_data),
      .result_taken_i(finish || dropping || (result_valid && overtakes))
  );

  control #(
      .MaxPhyAddr(MaxPhyAddr),
      .SweepSets(SweepSets)
  ) u_control (
      .clk_i,
      .rst_ni,
      .op_valid_i,
      .op_i,
      .op_value_i,
      .op_va_i,
      .op_pcid_i,
      .op_ready_o,
      .op_done_o,
      .fault_waiting_i(fault_waiting),
      .fault_va_i(result_va),
      .drained_i(queue_empty && lookup_valid == '0 && answer_valid == '0),
      .draining_exchange_i(draining_exchange),
      .sent_back_i(restart != '0 || (l2_lookup && (broadcast || sweep))),
      .answered_i(answer != '0),
      .queue_empty_i(queue_empty),
      .blocking_o(blocking),
      .broadcast_o(broadcast),
      .dropping_o(dropping),
      .overtakes_o(overtakes),
      .sweep_o(sweep),
      .sweep_set_o(sweep_set),
      .inv_flags_o(inv_flags),
      .inv_walk_flags_o(inv_walk_flags),
      .inv_vpn_o(inv_vpn),
      .inv_pcid_o(inv_pcid),
      .root_o(root),
      .mode_o(mode),
      .pkru_o(pkru),
      .pkrs_o(pkrs),
      .pcid_o(pcid)
  );
endmodule
