// SPDX-License-Identifier: Apache-2.0
//
// Control operations: the registers that translation looks at, and the
// sequence of an invalidation. The RTL twin of cmodel/control.c.
//
//   IDLE       takes an operation, or a page fault's drop of its address
//   DRAIN      a register write waits until every access before it is answered
//   BROADCAST  one cycle: L1 TLBs, walk caches, the L2 TLBs' sets of one
//              address; entries and walks that were overtaken start again
//   SWEEP      other invalidations: the L2 TLBs, one set of each per cycle
//   SETTLE     waits for compare-exchanges of given-up walks
//   DONE       one cycle: complete
//
// An INVLPG accepted in cycle t broadcasts in t + 1 and is complete in t + 3;
// a sweep adds one cycle per set. After an operation that sent accesses back,
// the next one waits until one of them was answered, so that a stream of
// invalidations cannot starve them.
module control #(
    parameter int MaxPhyAddr = 46,
    parameter int SweepSets = 128
) (
    input logic clk_i,
    input logic rst_ni,

    // operations
    input  logic        op_valid_i,
    input  logic [ 2:0] op_i,
    input  logic [63:0] op_value_i,
    input  logic [63:0] op_va_i,
    input  logic [11:0] op_pcid_i,
    output logic        op_ready_o,
    output logic        op_done_o,

    // what goes on elsewhere in this cycle
    input logic        fault_waiting_i,       // the result register holds a page fault
    input logic [63:0] fault_va_i,
    input logic        drained_i,             // no access is under way
    input logic        draining_exchange_i,   // a given-up walk's compare-exchange is in memory
    input logic        sent_back_i,           // BROADCAST, SWEEP: some access was sent back
    input logic        answered_i,            // a miss queue entry is answered in this cycle
    input logic        queue_empty_i,         // no entry in the miss queue

    // the sequence
    output logic        blocking_o,   // no access is accepted
    output logic        broadcast_o,
    output logic        dropping_o,   // the broadcast is a fault's drop
    output logic        overtakes_o,  // the broadcast is an operation that overtakes the accesses under way
    output logic        sweep_o,
    output logic [ 9:0] sweep_set_o,
    output logic [ 2:0] inv_flags_o,
    output logic [ 2:0] inv_walk_flags_o,  // in walk caches: INVLPG and INVPCID drop all of the PCID (4.10.4.1)
    output logic [44:0] inv_vpn_o,
    output logic [11:0] inv_pcid_o,

    // registers
    output logic [39:0] root_o,  // frame of the root table
    output logic [ 9:0] mode_o,
    output logic [31:0] pkru_o,
    output logic [31:0] pkrs_o,
    output logic [11:0] pcid_o
);
  localparam logic [2:0] Idle = 3'd0;
  localparam logic [2:0] Drain = 3'd1;
  localparam logic [2:0] Broadcast = 3'd2;
  localparam logic [2:0] Sweep = 3'd3;
  localparam logic [2:0] Settle = 3'd4;
  localparam logic [2:0] Done = 3'd5;

  logic [2:0] state_q, state_d, resume_q, resume_d;
  logic dropping_q, dropping_d;
  logic blocking_q, blocking_d;
  logic progress_owed_q, progress_owed_d;

  // the operation
  logic [2:0] op_q;
  logic [3:0] flags_q;
  logic [11:0] pcid_q;
  logic [63:0] value_q, va_q;
  logic [9:0] sweep_set_q;

  // control registers
  logic [63:0] cr3_q;
  logic [9:0] mode_q;
  logic [31:0] pkru_q, pkrs_q;

  // what the operation makes of them
  logic accept, write;
  logic [9:0] written_mode;
  logic [3:0] written_flags;

  assign root_o = 40'(cr3_q[MaxPhyAddr-1:12]);
  assign mode_o = mode_q;
  assign pkru_o = pkru_q;
  assign pkrs_o = pkrs_q;
  assign pcid_o = mode_q[x86_pkg::ModePcide] ? cr3_q[11:0] : 12'd0;

  assign op_ready_o = state_q == Idle && !fault_waiting_i && !progress_owed_q;
  assign op_done_o = state_q == Done;
  assign blocking_o = blocking_q;
  assign broadcast_o = state_q == Broadcast;
  assign dropping_o = state_q == Broadcast && dropping_q;
  assign overtakes_o = state_q == Broadcast && !dropping_q &&
                       ((flags_q[2:0] & x86_pkg::InvPcid) == 3'd0 || pcid_q == pcid_o);
  assign sweep_o = state_q == Sweep;
  assign sweep_set_o = sweep_set_q;
  always_comb begin
    inv_flags_o = '0;
    inv_walk_flags_o = '0;
    inv_vpn_o = '0;
    inv_pcid_o = '0;
    if (state_q == Broadcast || state_q == Sweep) begin
      inv_flags_o = dropping_q ? x86_pkg::InvPageFault : flags_q[2:0];
      inv_walk_flags_o = dropping_q ? x86_pkg::InvPageFault : flags_q[2:0] & ~x86_pkg::InvAddress;
      inv_vpn_o = x86_pkg::vpn(dropping_q ? fault_va_i : va_q);
      inv_pcid_o = dropping_q ? pcid_o : pcid_q;
    end
  end

  assign accept = op_valid_i && op_ready_o;
  assign write = state_q == Drain && !fault_waiting_i && drained_i;
  always_comb begin
    written_mode = '0;
    written_flags = '0;
    if (state_q == Drain) begin
      written_mode = x86_pkg::mode_after(mode_q, op_q, value_q);
      written_flags = x86_pkg::invalidation(op_q, value_q, mode_q, written_mode);
    end
  end

  always_comb begin
    state_d = state_q;
    resume_d = resume_q;
    dropping_d = dropping_q;
    blocking_d = blocking_q;
    progress_owed_d = progress_owed_q && !answered_i && !queue_empty_i;

    case (state_q)
      Idle:
      if (fault_waiting_i) begin
        resume_d = Idle;
        dropping_d = 1'b1;
        state_d = Broadcast;
      end else if (accept) begin
        dropping_d = 1'b0;
        blocking_d = x86_pkg::is_register_write(op_i);
        state_d = x86_pkg::is_register_write(op_i) ? Drain : Broadcast;
      end

      Drain:
      if (fault_waiting_i) begin
        resume_d = Drain;
        dropping_d = 1'b1;
        state_d = Broadcast;
      end else if (write) begin
        state_d = written_flags[x86_pkg::NoInvalidation] ? Done : Broadcast;
      end

      Broadcast:
      if (dropping_q) begin
        dropping_d = 1'b0;
        state_d = resume_q;
      end else begin
        if (sent_back_i) progress_owed_d = 1'b1;
        state_d = (flags_q[2:0] & x86_pkg::InvAddress) != 3'd0 ? Settle : Sweep;
      end

      Sweep: begin
        if (sent_back_i) progress_owed_d = 1'b1;
        if (sweep_set_q == 10'(SweepSets - 1)) state_d = Settle;
      end

      Settle:
      if (fault_waiting_i) begin
        resume_d = Settle;
        dropping_d = 1'b1;
        state_d = Broadcast;
      end else if (!draining_exchange_i) begin
        state_d = Done;
      end

      Done: begin
        blocking_d = 1'b0;
        state_d = Idle;
      end

      default: state_d = Idle;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= Idle;
      resume_q <= Idle;
      dropping_q <= 1'b0;
      blocking_q <= 1'b0;
      progress_owed_q <= 1'b0;
    end else begin
      state_q <= state_d;
      resume_q <= resume_d;
      dropping_q <= dropping_d;
      blocking_q <= blocking_d;
      progress_owed_q <= progress_owed_d;
    end
  end

  // Registers that only an operation changes.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      op_q <= '0;
      flags_q <= '0;
      pcid_q <= '0;
      value_q <= '0;
      va_q <= '0;
      cr3_q <= '0;
      mode_q <= 10'd1 << x86_pkg::ModePg;
      pkru_q <= '0;
      pkrs_q <= '0;
    end else if (accept) begin
      op_q <= op_i;
      value_q <= op_value_i;
      va_q <= op_va_i;
      pcid_q <= op_i == x86_pkg::OpInvpcid ? op_pcid_i : pcid_o;
      flags_q <= x86_pkg::is_register_write(op_i) ? 4'b1000 :
                 x86_pkg::invalidation(op_i, op_value_i, mode_q, mode_q);
    end else if (write) begin
      mode_q <= written_mode;
      flags_q <= written_flags;
      if (op_q == x86_pkg::OpWriteCr3) cr3_q <= {1'b0, value_q[62:0]};
      if (op_q == x86_pkg::OpWritePkru) pkru_q <= value_q[31:0];
      if (op_q == x86_pkg::OpWritePkrs) pkrs_q <= value_q[31:0];
      pcid_q <= !written_mode[x86_pkg::ModePcide] ? 12'd0 :
                op_q == x86_pkg::OpWriteCr3 ? value_q[11:0] : cr3_q[11:0];
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) sweep_set_q <= '0;
    else if (state_q == Broadcast && !dropping_q) sweep_set_q <= '0;
    else if (state_q == Sweep) sweep_set_q <= sweep_set_q + 10'd1;
  end
endmodule
