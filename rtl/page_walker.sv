// SPDX-License-Identifier: Apache-2.0
//
// The page walkers: up to eight walks at once, one memory request in flight
// each, around one datapath that decodes an entry per cycle. The RTL twin of
// cmodel/page_walker.c.
//
// A walker is IDLE, in REQUEST (wants the request register), in WAIT (its
// request is in the register or in memory) or in DRAIN (given up; the response
// is still to come and is thrown away). A state is a bit vector over the
// walkers. In WAIT a response decides the next step:
//
//   entry clear, reserved or denying   result: page fault; but a walk that began in a
//                                      walk cache begins again at the root
//   A, or D for a write, to be set     REQUEST with a compare-exchange
//   entry points to a table            fills the walk cache, REQUEST one level down
//   entry maps a page                  result: translation
//   compare-exchange lost              REQUEST at the root
//   bus error                          result: machine check
//
// A response takes one cycle to the next request, that one to the request
// register: two cycles a level plus memory's. The result register holds one
// result until the miss queue takes it, and holds back responses meanwhile.
module page_walker #(
    parameter int Walkers = 4,
    parameter int MaxPhyAddr = 46,
    parameter int GibPages = 1
) (
    input logic clk_i,
    input logic rst_ni,

    // registers
    input logic [39:0] root_i,
    input logic [ 9:0] mode_i,
    input logic [31:0] pkru_i,
    input logic [31:0] pkrs_i,
    input logic [11:0] pcid_i,

    // start of a walk, by the lowest idle walker
    input  logic        start_i,
    input  logic [ 4:0] start_id_i,
    input  logic [ 2:0] start_level_i,
    input  logic        start_from_cache_i,
    input  logic [50:0] start_data_i,        // table's frame and rights
    input  logic [63:0] start_va_i,
    input  logic [ 4:0] start_attr_i,
    output logic        idle_o,              // some walker is

    // invalidation
    input  logic        hold_i,               // no new request is made in this cycle
    input  logic [31:0] restart_i,            // walks for these miss queue entries are given up
    output logic        draining_exchange_o,  // a given-up walk's compare-exchange is in memory

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
    input  logic        mem_resp_exchanged_i,

    // walk cache fill
    output logic        fill_o,
    output logic [ 2:0] fill_level_o,
    output logic [59:0] fill_tag_o,
    output logic [50:0] fill_data_o,

    // result
    output logic        result_valid_o,
    output logic [ 4:0] result_id_o,
    output logic [ 1:0] result_fault_o,
    output logic [ 5:0] result_code_o,
    output logic [59:0] result_tag_o,
    output logic [50:0] result_data_o,
    input  logic        result_taken_i
);
  localparam int WalkerW = Walkers > 1 ? $clog2(Walkers) : 1;
  localparam logic [50:0] AllRights = (51'd1 << x86_pkg::DataRw) | (51'd1 << x86_pkg::DataUs);
  localparam logic [50:0] RightsMask = AllRights | (51'd1 << x86_pkg::DataNx);

  // states, a bit per walker; IDLE when in none
  logic [Walkers-1:0] request_q, request_d, wait_q, wait_d, drain_q, drain_d;
  logic [Walkers-1:0] exchange_q, exchange_d;      // the present request is a compare-exchange
  logic [Walkers-1:0] from_cache_q, from_cache_d;  // the walk began in a walk cache
  // per walker
  logic [ 2:0] level_q    [Walkers];  // of the entry being read
  logic [ 4:0] entry_id_q [Walkers];  // miss queue entry it walks for
  logic [50:0] table_q    [Walkers];  // frame of the table being read, rights of the path above
  logic [63:0] va_q       [Walkers];
  logic [ 4:0] attr_q     [Walkers];
  logic [63:0] expected_q [Walkers];  // compare-exchange: the entry as it was read
  logic [63:0] desired_q  [Walkers];  // compare-exchange: with A (and D) set

  logic [WalkerW-1:0] next_q, next_d;  // round robin: the first walker considered for the request register

  // request register
  logic memory_valid_q, memory_valid_d;
  logic        memory_exchange_q;
  logic [ 2:0] memory_tag_q;
  logic [51:0] memory_addr_q;
  logic [63:0] memory_expected_q, memory_desired_q;

  // result register
  logic result_valid_q, result_valid_d;
  logic [ 4:0] result_id_q;
  logic [ 1:0] result_fault_q;
  logic [ 5:0] result_code_q;
  logic [59:0] result_tag_q;
  logic [50:0] result_data_q;

  logic [WalkerW-1:0] resp_walker;
  assign resp_walker = mem_resp_tag_i[WalkerW-1:0];

  assign idle_o = (request_q | wait_q | drain_q) != {Walkers{1'b1}};
  assign draining_exchange_o = (drain_q & exchange_q) != '0;
  assign mem_req_valid_o = memory_valid_q;
  assign mem_req_exchange_o = memory_exchange_q;
  assign mem_req_tag_o = memory_tag_q;
  assign mem_req_addr_o = memory_addr_q;
  assign mem_req_expected_o = memory_expected_q;
  assign mem_req_desired_o = memory_desired_q;
  assign mem_resp_ready_o = !result_valid_q && !hold_i;
  assign result_valid_o = result_valid_q;
  assign result_id_o = result_id_q;
  assign result_fault_o = result_fault_q;
  assign result_code_o = result_code_q;
  assign result_tag_o = result_tag_q;
  assign result_data_o = result_data_q;

  // REQUEST -> WAIT: which walker's request goes into the register.
  logic load;
  logic [WalkerW-1:0] load_walker;
  assign load = request_q != '0 && (!memory_valid_q || mem_req_ready_i) && !hold_i;
  always_comb begin
    load_walker = '0;
    if (load) begin
      for (int i = Walkers - 1; i >= 0; i--) if (request_q[i]) load_walker = WalkerW'(i);
      for (int i = Walkers - 1; i >= 0; i--) if (request_q[i] && WalkerW'(i) >= next_q) load_walker = WalkerW'(i);
    end
  end

  // IDLE -> REQUEST: the walker that starts.
  logic [WalkerW-1:0] start_walker;
  always_comb begin
    start_walker = '0;
    if (start_i)
      for (int i = Walkers - 1; i >= 0; i--)
        if (!request_q[i] && !wait_q[i] && !drain_q[i]) start_walker = WalkerW'(i);
  end

  // WAIT -> REQUEST or IDLE: what the response of this cycle says.
  logic finish;         // it ends the walk
  logic again;          // the walk begins again at the root
  logic update;         // a compare-exchange is to come
  logic descend;        // one level down
  logic [2:0] level;
  logic [63:0] entry, updated, va;
  logic [4:0] attr;
  logic [2:0] kind;
  logic [50:0] rights, leaf;
  logic [1:0] refused, finish_fault;
  logic [5:0] finish_code;
  logic broken;         // not present, reserved bit or no right
  always_comb begin
    finish = 1'b0;
    again = 1'b0;
    update = 1'b0;
    descend = 1'b0;
    level = '0;
    entry = '0;
    updated = '0;
    va = '0;
    attr = '0;
    kind = '0;
    rights = '0;
    leaf = '0;
    refused = '0;
    broken = 1'b0;
    finish_fault = x86_pkg::FaultNone;
    finish_code = '0;
    if (mem_resp_valid_i && mem_resp_ready_o && !drain_q[resp_walker]) begin
      level = level_q[resp_walker];
      va = va_q[resp_walker];
      attr = attr_q[resp_walker];
      entry = exchange_q[resp_walker] ? desired_q[resp_walker] : mem_resp_data_i;
      kind = x86_pkg::entry_kind(entry, level, mode_i, MaxPhyAddr, GibPages != 0);
      // A, and D in the leaf of a write (4.8; APM 5.4.1)
      updated = entry;
      updated[x86_pkg::EntryA] = 1'b1;
      if (kind[x86_pkg::KindLeaf] && attr[1:0] == x86_pkg::AccessWrite) updated[x86_pkg::EntryD] = 1'b1;
      rights = x86_pkg::accumulate(table_q[resp_walker] & RightsMask, entry, mode_i);
      leaf = x86_pkg::leaf_data(entry, level, rights);
      if (kind[x86_pkg::KindLeaf]) refused = x86_pkg::denied(leaf, attr, mode_i, pkru_i, pkrs_i);
      broken = !kind[x86_pkg::KindPresent] || kind[x86_pkg::KindReserved] || refused != 2'b00;
      if (mem_resp_error_i) begin
        finish = 1'b1;
        finish_fault = x86_pkg::FaultMachineCheck;
      end else if (exchange_q[resp_walker] && !mem_resp_exchanged_i) begin
        again = 1'b1;
      end else if (broken) begin
        again = from_cache_q[resp_walker];
        finish = !from_cache_q[resp_walker];
        finish_fault = x86_pkg::FaultPage;
        // A reserved bit is reported without the rights: those of an unusable entry mean nothing.
        finish_code = x86_pkg::error_code(kind, kind[x86_pkg::KindReserved] ? 2'b00 : refused, attr, mode_i);
      end else if (updated != entry) begin
        update = 1'b1;
      end else if (kind[x86_pkg::KindLeaf]) begin
        finish = 1'b1;
      end else begin
        descend = 1'b1;
      end
    end
  end

  assign fill_o = descend;
  assign fill_level_o = level;
  assign fill_tag_o = x86_pkg::tag(x86_pkg::vpn(va), pcid_i, 1'b0, x86_pkg::Page4k);
  assign fill_data_o = 51'(entry[51:12]) | rights;

  always_comb begin
    request_d = request_q;
    wait_d = wait_q;
    drain_d = drain_q;
    exchange_d = exchange_q;
    from_cache_d = from_cache_q;
    next_d = next_q;
    memory_valid_d = memory_valid_q && !mem_req_ready_i;
    result_valid_d = result_valid_q && !result_taken_i;
    if (load) begin
      memory_valid_d = 1'b1;
      request_d[load_walker] = 1'b0;
      wait_d[load_walker] = 1'b1;
      next_d = load_walker == WalkerW'(Walkers - 1) ? '0 : load_walker + 1'b1;
    end
    if (mem_resp_valid_i && mem_resp_ready_o) begin
      wait_d[resp_walker] = 1'b0;
      drain_d[resp_walker] = 1'b0;
      exchange_d[resp_walker] = update;
      if (again) from_cache_d[resp_walker] = 1'b0;
      if (update || again || descend) request_d[resp_walker] = 1'b1;
      if (finish) result_valid_d = 1'b1;
    end
    if (start_i) begin
      request_d[start_walker] = 1'b1;
      exchange_d[start_walker] = 1'b0;
      from_cache_d[start_walker] = start_from_cache_i;
    end
    if (restart_i != '0) begin
      for (int i = 0; i < Walkers; i++) begin
        if (restart_i[entry_id_q[i]]) begin
          request_d[i] = 1'b0;
          drain_d[i] = drain_d[i] | wait_d[i];
          wait_d[i] = 1'b0;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      request_q <= '0;
      wait_q <= '0;
      drain_q <= '0;
      exchange_q <= '0;
      from_cache_q <= '0;
      next_q <= '0;
      memory_valid_q <= 1'b0;
      result_valid_q <= 1'b0;
    end else begin
      request_q <= request_d;
      wait_q <= wait_d;
      drain_q <= drain_d;
      exchange_q <= exchange_d;
      from_cache_q <= from_cache_d;
      next_q <= next_d;
      memory_valid_q <= memory_valid_d;
      result_valid_q <= result_valid_d;
    end
  end

  // Per-walker words, request and result registers mean nothing before they are first written.
  always_ff @(posedge clk_i) begin
    if (load) begin
      memory_exchange_q <= exchange_q[load_walker];
      memory_tag_q <= 3'(load_walker);
      memory_addr_q <= x86_pkg::entry_address(table_q[load_walker][39:0], level_q[load_walker], va_q[load_walker]);
      memory_expected_q <= exchange_q[load_walker] ? expected_q[load_walker] : '0;
      memory_desired_q <= exchange_q[load_walker] ? desired_q[load_walker] : '0;
    end
    // G counts in a leaf alone, and only with CR4.PGE (4.10.2.4; APM 5.5.2).
    if (finish) begin
      result_id_q <= entry_id_q[resp_walker];
      result_fault_q <= finish_fault;
      result_code_q <= finish_code;
      result_tag_q <= finish_fault != x86_pkg::FaultNone ? '0 :
          x86_pkg::tag(x86_pkg::vpn(va), pcid_i, entry[x86_pkg::EntryG] && mode_i[x86_pkg::ModePge], 2'(level - 3'd1));
      result_data_q <= finish_fault != x86_pkg::FaultNone ? '0 : leaf;
    end
  end
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      entry_id_q[start_walker] <= start_id_i;
      va_q[start_walker] <= start_va_i;
      attr_q[start_walker] <= start_attr_i;
      level_q[start_walker] <= start_level_i;
      table_q[start_walker] <= start_data_i;
    end
    if (again || descend) begin
      level_q[resp_walker] <= again ? x86_pkg::levels(mode_i) : level - 3'd1;
      table_q[resp_walker] <= again ? (51'(root_i) | AllRights) : fill_data_o;
    end
    if (update) begin
      expected_q[resp_walker] <= entry;
      desired_q[resp_walker] <= updated;
    end
  end
endmodule
