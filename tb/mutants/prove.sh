#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# prove.sh MUTANT...: tries to prove that mutants of the RTL are equivalent.
#
# For each, that the outputs of the whole MMU and what every register becomes
# are the same functions of inputs and registers as without it: Yosys makes the
# logic of a small MMU, ABC compares. The two geometries have between them
# every branch of the RTL that depends on parameters, with one data port: what
# numbers ports is not for this script, nor what needs to know which states can
# be reached.
#
# Prints a line for each: its name and "equivalent", "different" (as far as all
# states count) or "undecided". Exit status 1 unless all are equivalent.
set -eu
export LC_ALL=C
twinwalk=${TWINWALK:-build/twinwalk}
seconds=${SECONDS_EACH:-30}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

common="DataPorts=1 MissQueueEntries=4 L2Latency=2 Walkers=2"
geometries=(
    "$common L1iSets4k=1 L1iWays4k=2 L1iSets2m=1 L1iWays2m=2 L1iWays1g=0 L1iReplacement=1
     L1dSets4k=2 L1dWays4k=3 L1dSets2m=1 L1dWays2m=2 L1dWays1g=2 L1dReplacement=2
     L2Sets=2 L2Ways=2 L2Shared2m=1 L2Ways1g=2 L2Replacement=1
     WcWaysPml5e=2 WcWaysPml4e=2 WcWaysPdpte=2 WcSetsPde=2 WcWaysPde=2 WcReplacement=0"
    "$common GibPages=0 L1iUnified=1 L1iWays4k=2 L1dUnified=1 L1dWays4k=2
     L2Split=1 L2Sets=2 L2Ways=2 L2Shared2m=0 L2Sets2m=2 L2Ways2m=2 L2Ways1g=0
     L2iSets=4 L2iWays=2 L2iShared2m=1 L2iWays1g=2 L2iReplacement=3
     WcWaysPml5e=0 WcWaysPml4e=0 WcWaysPdpte=0 WcWaysPde=0"
)

if [ $# -eq 0 ]; then
    echo "usage: tb/mutants/prove.sh MUTANT..." >&2
    exit 2
fi
only=()
for mutant; do only+=(--only "$mutant"); done
"$twinwalk" mutate "${only[@]}" --sources "$work/rtl" >"$work/numbers"

# Yosys has no variables in packages: the number of the mutant that acts comes in as a port of every module.
sed -i -E '/^  initial /d; /^  logic \[15:0\] mutant_that_acts /d; s/x86_pkg::mutant_that_acts/mutant_that_acts_i/g
    s/input +logic clk_i,/input logic clk_i, input logic [15:0] mutant_that_acts_i,/; s/\.clk_i,/.clk_i, .mutant_that_acts_i,/' \
    "$work"/rtl/*.sv
if grep -q mutant_that_acts "$work/rtl/x86_pkg.sv"; then
    echo "prove.sh: functions of a package cannot be mutated this way: use those of a module" >&2
    exit 2
fi
mapfile -t sources < <(echo "$work/rtl/x86_pkg.sv" && find "$work/rtl" -name '*.sv' ! -name x86_pkg.sv | sort)

# logic GEOMETRY FILE
logic() {
    local settings='' parameter
    for parameter in $1; do settings+="chparam -set ${parameter%=*} ${parameter#*=} mmu; "; done
    yosys -q -p "read_verilog -sv -defer ${sources[*]}; $settings hierarchy -check -top mmu; proc; flatten; opt;
        memory_map; opt; techmap; opt; dffunmap; setundef -undriven -zero; setundef -zero; aigmap; opt_clean;
        write_aiger -ascii -symbols $2" >"$work/yosys.log" 2>&1 || { cat "$work/yosys.log" >&2 && exit 3; }
}

# functions AIGER NUMBER BLIF
functions() { awk -v name=mutant_that_acts_i -v number="$2" -f tb/mutants/constant_input.awk "$1" >"$3"; }

for i in "${!geometries[@]}"; do
    logic "${geometries[i]}" "$work/$i.aag"
    functions "$work/$i.aag" 0 "$work/$i.sound.blif"
done
failed=0
while read -r number mutant; do
    verdict=equivalent
    for i in "${!geometries[@]}"; do
        functions "$work/$i.aag" "$number" "$work/mutant.blif"
        case $(yosys-abc -q "cec -T $seconds $work/$i.sound.blif $work/mutant.blif" 2>&1 || true) in
        *"NOT EQUIVALENT"*) verdict=different ;;
        *"are equivalent"*) ;;
        *) verdict=undecided ;;
        esac
        [ "$verdict" = equivalent ] || break
    done
    [ "$verdict" = equivalent ] || failed=1
    echo "$mutant $verdict"
done <"$work/numbers"
exit "$failed"
