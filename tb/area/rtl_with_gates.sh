#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes a copy of the RTL that holds what Yosys made of it too, and compares the two in every cycle.
#
# usage: tb/area/rtl_with_gates.sh NETLIST RTL_DIR
#
# NETLIST is the netlist.v of tb/synthesize_rtl.sh for the parameters that RTL_DIR will be built with. The module
# mmu in RTL_DIR is the RTL's, with the gates at the same inputs; a simulation of it ends by $stop after a message when
# an output differs. As in the lockstep, what goes with a valid bit counts only where that is set.
set -eu
netlist=$1 copy=$2
mkdir -p "$copy"
cp rtl/*.sv "$copy"
cp "$netlist" "$copy/mmu_netlist.sv"
{
    sed '/^endmodule/,$d' rtl/mmu.sv
    # direction, name, range of each port
    sed -nE '/^\) \($/,/^\);$/s/^ *(input|output) +logic +(\[[^]]*\])? *([a-z0-9_]+),?$/\1 \3 \2/p' rtl/mmu.sv | awk '
        {
            connected = $2
            if ($1 == "output") {
                name = $2
                range = substr($0, index($0, $2) + length($2))
                connected = "gates_" name
                declarations = declarations "  logic" range " " connected ";\n"
                condition = connected " != " name
                if (name ~ /^mem_req_/ && name !~ /_valid_o$/) condition = "mem_req_valid_o && " condition
                if (name ~ /^resp_/ && name !~ /_valid_o$/) {
                    part = "[p * $bits(" name ") / Ports +: $bits(" name ") / Ports]"
                    condition = "resp_valid_o[p] && " connected part " != " name part
                    loop = "for (int p = 0; p < Ports; p++) "
                } else loop = ""
                comparisons = comparisons "      " loop "if (" condition ") begin\n" \
                    "        $display(\"the gates differ from the RTL at " name ": %h, not %h\", " connected ", " name ");\n        $stop;\n      end\n"
            }
            connections = connections ",\n      ." $2 "(" connected ")"
        }
        END {
            printf "%s  mmu_netlist gates (%s\n  );\n", declarations, substr(connections, 2)
            printf "  always_ff @(posedge clk_i)\n    if (rst_ni) begin\n%s    end\n", comparisons
        }'
    echo endmodule
} >"$copy/mmu.sv"
