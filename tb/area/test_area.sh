#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make test-area: what twinwalk area counts, on configurations small enough to
# be synthesized in a minute.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

small=(-s mmu.data_ports=1 -s mmu.miss_queue=4 -s l1i.unified=true -s l1i.sets_4k=1 -s l1i.ways_4k=1 -s l1d.unified=true
    -s l1d.sets_4k=1 -s l1d.replacement=random -s l2.latency=1 -s l2.replacement=random -s l2.ways=1 -s l2.ways_1g=0
    -s walk_cache.ways_pml5e=0 -s walk_cache.ways_pml4e=0 -s walk_cache.ways_pdpte=0 -s walk_cache.sets_pde=1
    -s walk_cache.ways_pde=1 -s walker.count=1)
less=("${small[@]}" -s l1d.ways_4k=2 -s l2.sets=2)
more=("${small[@]}" -s l1d.ways_4k=3 -s l2.sets=32)
area() {
    local json=$1
    shift
    "$twinwalk" area "$@" --json "$work/$json" >"$work/$json.text" 2>"$work/$json.messages" || cat "$work/$json.messages"
}
area less "${less[@]}"
area more "${more[@]}"
area again "${less[@]}" -s memory.dram_latency=77

# said FILTER: jq's answer of the two.
said() { jq -e -n --slurpfile less "$work/less" --slurpfile more "$work/more" '$less[0] as $a | $more[0] as $b | '"$1"; }

# An entry has 60 bits of tag, 51 of data and a valid bit.
check "another entry has its flip-flops" said '$b.blocks.l1d.flip_flops - $a.blocks.l1d.flip_flops == 60 + 51 + 1'
check "another entry has its gates" said '$b.blocks.l1d.nand2 > $a.blocks.l1d.nand2 + 6 * 112'
check "32 sets are a memory, 111 bits an entry" said '$b.memory_bits == 32 * 111 and $b.blocks.l2.memory_bits == 32 * 111'
check "2 sets are none" said '$a.memory_bits == 0'
check "a total is a sum" said '[$a.blocks[].nand2] | add == $a.nand2'
# What ABC makes of the same logic depends a little on the names that Yosys invents.
same='$a.blocks.page_walker as $x | $b.blocks.page_walker as $y | '
check "blocks that did not change have the same flip-flops" said "$same"'$x.flip_flops == $y.flip_flops'
check "and the same gates, to a percent" said "$same"'($x.nand2 - $y.nand2 | fabs) * 100 <= $x.nand2'
check "the whole is as deep as its parts at least" said '([$a.blocks[].depth] | max) <= $a.depth'
check "the bench's keys do not matter, and nothing is done twice" cmp "$work/less" "$work/again"
check "nor is it said to be" test ! -s "$work/again.messages"

# broken: an error of Yosys is said, and is no success.
broken() {
    mkdir "$work/rtl"
    cp rtl/*.sv "$work/rtl"
    sed -i 's/module control/module control_of_another_name/' "$work/rtl/control.sv"
    RTL_DIR=$work/rtl exits 3 "$twinwalk" area "${less[@]}" --json "$work/broken" 2>"$work/messages" || { cat "$work/messages"; return 1; }
    grep -q '^ERROR: .*control' "$work/messages" && [ ! -e "$work/broken" ]
}
check "an error of Yosys" broken

# What was counted does what the RTL does: both at the same inputs, in lockstep with the C model under random load. An
# array of 2 sets and 3 ways has words without an entry.
uneven=("${small[@]}" -s l1d.ways_4k=3 -s l2.sets=2 -s l2.ways=3)
netlist=$work/netlist.v
NETLIST=$netlist area uneven "${uneven[@]}"
tb/area/rtl_with_gates.sh "$netlist" "$work/gates"
# An XOR of the comparison with an L2 tag becomes an AND.
awk '/u_l2\.array_4k\.tag_q/ { near = 1 } near && !done && / \^ / { sub(/\^/, "\\&"); done = 1 } 1' "$netlist" >"$work/wrong.v"
tb/area/rtl_with_gates.sh "$work/wrong.v" "$work/wrong_gates"
for rtl in gates wrong_gates; do
    {
        RTL_DIR=$work/$rtl RTL_CXX=tb/mutants/quick_cxx.sh "$twinwalk" run "${uneven[@]}" --random --cycles 100k
        echo "status $?"
    } >"$work/$rtl.run" 2>&1 &
done
wait
check "the gates are beside the RTL" grep -q 'mmu_netlist gates' "$work/gates/mmu.sv"
check "the gates do what the RTL does" in_order "$work/gates.run" '^status 0$'
check "a wrong gate is seen" in_order "$work/wrong_gates.run" 'the gates differ from the RTL at [a-z_]*: '

# As a metric of a sweep it says of each point what it says here.
metric() {
    local settings
    settings=$(printf '%s\n' "${less[@]}" | grep -vx -e -s -e 'l1d.ways_4k=.*' -e 'l2.sets=.*' | paste -sd,)
    cat >"$work/sweep.yaml" <<END
set: [$settings]
axes:
  - zip: {l1d.ways_4k: [2, 3], l2.sets: [2, 32]}
  - memory.dram_latency: [100, 200]
workloads:
  - {name: uniform, trace: "synthetic:uniform,bytes=64KiB,count=1000"}
metrics: [cycles]
external:
  - {name: area, command: "$twinwalk area -c {config} --json {output}", gives: [nand2, memory_bits, flip_flops], hardware: true}
END
    "$twinwalk" sweep -o "$work/sweep" "$work/sweep.yaml" && diff \
        <(sqlite3 -separator ' ' "$work/sweep/results.db" 'SELECT "area.nand2", "area.memory_bits", "area.flip_flops" FROM results ORDER BY point' | sed 's/\.0\b//g') \
        <(for of in less less more more; do jq -r '"\(.nand2) \(.memory_bits) \(.flip_flops)"' "$work/$of"; done)
}
check "in a sweep" metric
plan
