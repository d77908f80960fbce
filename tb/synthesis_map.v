// SPDX-License-Identifier: Apache-2.0
//
// How tb/synthesize_rtl.sh maps accesses to a bit or a slice at a variable index. Yosys' own maps make
// shifters as wide as the whole vector at each stage, of which little is left; these make what is left.
//
// To write at an index Yosys shifts left by it, as a $shift by its negative. The two cells are mapped for
// each other: the negative is represented by the complement. The script checks that no other cell is between.

(* techmap_celltype = "$neg" *)
module minus_index (A, Y);
  parameter A_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  output [Y_WIDTH-1:0] Y;
  wire [Y_WIDTH-1:0] index = A;
  assign Y = ~index;
endmodule

(* techmap_celltype = "$shift" *)
module shift_by_minus_index (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;

  // Each stage is as wide as what can be there.
  localparam Stages = $clog2(Y_WIDTH) < B_WIDTH ? $clog2(Y_WIDTH) : B_WIDTH;
  wire [B_WIDTH-1:0] index = ~B;
  genvar i;
  generate
    for (i = 0; i <= Stages; i = i + 1) begin : stage
      localparam Full = A_WIDTH + (1 << i) - 1;
      localparam Width = Full < Y_WIDTH ? Full : Y_WIDTH;
      wire [Width-1:0] bits;
      if (i == 0) assign bits = A;
      else begin
        wire [Width-1:0] before = stage[i-1].bits;
        assign bits = index[i-1] ? before << (1 << (i - 1)) : before;
      end
    end
    if (Stages < B_WIDTH) assign Y = |index[B_WIDTH-1:Stages] ? {Y_WIDTH{1'b0}} : stage[Stages].bits;
    else assign Y = stage[Stages].bits;
  endgenerate
endmodule

(* techmap_celltype = "$shiftx" *)
module select_at_index (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;

  // The highest bit first: each stage is as wide as what the rest can still reach.
  localparam Stages = $clog2(A_WIDTH) < B_WIDTH ? $clog2(A_WIDTH) : B_WIDTH;
  genvar i;
  generate
    for (i = Stages; i >= 0; i = i - 1) begin : stage
      localparam Width = Y_WIDTH + (1 << i) - 1;
      wire [Width-1:0] bits;
      if (i == Stages) begin
        if (Width > A_WIDTH) assign bits = {{(Width - A_WIDTH){1'bx}}, A};
        else assign bits = A[Width-1:0];
      end else assign bits = B[i] ? stage[i+1].bits[(1<<i)+:Width] : stage[i+1].bits[Width-1:0];
    end
  endgenerate
  assign Y = stage[0].bits;
endmodule
