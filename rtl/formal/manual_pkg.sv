// SPDX-License-Identifier: Apache-2.0
//
// What the manual and docs/microarchitecture.md ask of control operations, and
// the sizes of pages, written without x86_pkg: for the checkers.
package manual_pkg;
  // What an operation must drop, with the registers as they are when it is accepted: bit 60 something at all, flags
  // 59:57 (globals, one PCID, one address), PCID 56:45, page 44:0.
  function automatic logic [60:0] demand(input logic [2:0] op, input logic [63:0] value, input logic [63:0] va,
                                         input logic [11:0] pcid, input logic [9:0] mode, input logic [63:0] cr3);
    logic [11:0] current;
    current = mode[6] ? cr3[11:0] : 12'd0;
    demand = '0;
    case (op)
      3'd0: if (mode[0] && !value[31]) demand = {1'b1, 3'b100, 57'd0};
      3'd1: if (!value[63] || !mode[6]) demand = {1'b1, 3'b010, mode[6] ? value[11:0] : 12'd0, 45'd0};
      3'd2:
      if (mode[5] != value[7] || mode[9] != value[12] || (mode[6] && !value[17])) demand = {1'b1, 3'b100, 57'd0};
      else if (!mode[3] && value[20]) demand = {1'b1, 3'b110, value[17] ? cr3[11:0] : 12'd0, 45'd0};
      3'd3: if (mode[2] != value[11]) demand = {1'b1, 3'b100, 57'd0};
      3'd6: demand = {1'b1, 3'b111, current, va[56:12]};
      3'd7:
      case (value[1:0])
        2'd0: demand = {1'b1, 3'b011, pcid, va[56:12]};
        2'd1: demand = {1'b1, 3'b010, pcid, 45'd0};
        2'd2: demand = {1'b1, 3'b100, 57'd0};
        default: demand = {1'b1, 3'b000, 57'd0};
      endcase
      default: demand = '0;
    endcase
  endfunction

  // The page-number bits that are offset inside a page of that size, 0 to 4.
  function automatic logic [44:0] offset_mask(input logic [2:0] size);
    offset_mask = {{9{size > 3'd4}}, {9{size > 3'd3}}, {9{size > 3'd2}}, {9{size > 3'd1}}, {9{size > 3'd0}}};
  endfunction

  // Two keys that drop the same: PCID and page count only where the flags say so.
  function automatic logic same_key(input logic [59:0] one, input logic [59:0] other);
    same_key = one[59:57] == other[59:57] && (!one[58] || one[56:45] == other[56:45]) &&
               (!one[57] || one[44:0] == other[44:0]);
  endfunction
endpackage
