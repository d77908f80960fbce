#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Synthesizes the RTL of one configuration with Yosys, or finds it done.
#
# usage: tb/synthesize_rtl.sh CACHE_DIR NAME=VALUE...
#
# NAME=VALUE are the parameters of rtl/mmu.sv. Prints the path of a directory
# with what Yosys counted, which docs/area.md describes and sim/area.c reads:
#   stat.json      cells of each block, by type
#   memories.txt   bits that were left as memories, of arrays of SRAM_SETS sets or more
#   depth.txt      longest combinational path of each block (`ltp`), last of the whole, flattened
# As in tb/build_rtl.sh the directory's name is a digest of everything that it is made from.
# Runs from the project's root. RTL_DIR replaces rtl/. NETLIST=FILE also writes what was counted, as
# one Verilog module mmu_netlist with the ports of the MMU.
set -eu
cache=$1
shift
rtl=${RTL_DIR:-rtl}
SRAM_SETS=32
WORD_BITS=111 # tag and data of an entry

digest=$({ cat "$rtl"/*.sv tb/synthesize_rtl.sh tb/synthesis_map.v; yosys -V; echo "${NETLIST:+netlist }$*"; } | sha256sum | cut -c 1-20)
out=$cache/$digest
done_already() {
    [ -e "$out/stat.json" ] || return 0
    [ -z "${NETLIST:-}" ] || cp "$out/netlist.v" "$NETLIST"
    echo "$out"
    exit 0
}
done_already
# Whoever wants the same meanwhile waits for it.
mkdir -p "$cache"
exec 9>"$cache/$digest.lock"
flock 9
done_already
echo "synthesizing the RTL of this configuration (once; kept in $out)" >&2
# What a synthesis left that was killed long ago.
find "$cache" -maxdepth 1 -name 'synthesis.*' -mmin +600 -exec rm -rf {} +
work=$(mktemp -d "$cache/synthesis.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

declare -A value
for parameter; do value[${parameter%%=*}]=${parameter#*=}; done
number() { echo "${value[$1]:-1}"; }

# An entry's index is its set and its way beside each other here, not their sum: so the words of a set are no
# further apart than its ways, and Yosys need not find that out from a product. Words without an entry go below.
mkdir "$work/rtl"
cp "$rtl"/*.sv "$work/rtl"
edited() {
    sed -i "$2" "$work/rtl/$1"
    ! cmp -s "$rtl/$1" "$work/rtl/$1" || { echo "tb/synthesize_rtl.sh: $1 is not as this expects: $2" >&2; exit 1; }
}
edited tlb_array.sv 's/localparam int Entries = Sets \* Ways;/localparam int Entries = Sets > 1 ? Sets << $clog2(Ways) : Ways;/'
edited tlb_array.sv "s/\\* EntryW'(Ways)/<< \$clog2(Ways)/"
# Registers, not a memory with a port for the reset of each word.
edited replacement.sv 's/logic \[StateW-1:0\] repl_q\[Sets\];/(* mem2reg *) &/'

# array MODULE ARRAY SETS WAYS: its words stay a memory if it has so many sets; else those without an entry go.
memories=()
holes=()
array() {
    local module=$1 name=$2 sets=$3 ways=$4 stride=1 set way
    if [ "$sets" -ge "$SRAM_SETS" ] && [ "$ways" -gt 0 ]; then
        memories+=("$module/$name.tag_q" "$module/$name.data_q")
        echo "$module $((sets * ways * WORD_BITS))" >>"$work/memories.txt"
        return
    fi
    while [ "$stride" -lt "$ways" ]; do stride=$((stride * 2)); done
    [ "$sets" -gt 1 ] || return 0
    for ((set = 0; set < sets; set++)); do
        for ((way = ways; way < stride; way++)); do
            holes+=("$module/c:\$memory?$name.*_q?$((set * stride + way))?\$*")
        done
    done
}
: >"$work/memories.txt"
for side in i d; do
    block=mmu.u_lookup_stage.u_l1$side
    if [ "$(number "L1${side}Unified")" = 0 ]; then
        array "$block" array_4k "$(number "L1${side}Sets4k")" "$(number "L1${side}Ways4k")"
        array "$block" gen_2m.array_2m "$(number "L1${side}Sets2m")" "$(number "L1${side}Ways2m")"
        array "$block" gen_1g.array_1g "$(number "L1${side}Sets1g")" "$(number "L1${side}Ways1g")"
    fi
done
array mmu.u_l2 array_4k "$(number L2Sets)" "$(number L2Ways)"
[ "$(number L2Shared2m)" != 0 ] || array mmu.u_l2 gen_2m.array_2m "$(number L2Sets2m)" "$(number L2Ways2m)"
if [ "$(number L2Split)" != 0 ]; then
    array mmu.g_split.u_l2i array_4k "$(number L2iSets)" "$(number L2iWays)"
    [ "$(number L2iShared2m)" != 0 ] || array mmu.g_split.u_l2i gen_2m.array_2m "$(number L2iSets2m)" "$(number L2iWays2m)"
fi
level=2
for name in Pde Pdpte Pml4e Pml5e; do
    array mmu.u_walk_cache "gen_level?$level?.gen_cache.cache" "$(number "WcSets$name")" "$(number "WcWays$name")"
    level=$((level + 1))
done

blocks='mmu.u_lookup_stage mmu.u_lookup_stage.u_l1i mmu.u_lookup_stage.u_l1d mmu.u_l2 mmu.g_split.u_l2i
    mmu.u_miss_queue mmu.u_walk_cache mmu.u_page_walker mmu.u_control'
{
    echo "read_verilog -sv -defer $work/rtl/x86_pkg.sv $(find "$work/rtl" -name '*.sv' ! -name x86_pkg.sv | LC_ALL=C sort | tr '\n' ' ')"
    for parameter; do echo "chparam -set ${parameter/=/ } mmu"; done
    echo "hierarchy -check -top mmu; proc; uniquify"
    for block in mmu $blocks; do echo "setattr -mod -set keep_hierarchy 1 =$block"; done
    echo "flatten; setattr -mod -unset keep_hierarchy *; opt_expr; opt_clean; memory_collect"
    # Sums first: what is constant of an index is known when memories and shifts are made gates.
    echo "techmap t:\$add t:\$sub t:\$mul; opt_expr; opt_clean"
    # tb/synthesis_map.v maps these two kinds of cells for each other.
    echo "select -assert-none t:\$neg %co2 t:\$neg t:\$shift w:* %u %u %d"
    echo "select -assert-none t:\$shift t:\$neg %co2:+\$neg[Y]:+\$shift[B] %d"
    echo "techmap -map tb/synthesis_map.v; opt_expr -mux_undef; opt_clean"
    echo "select -set sram ${memories[*]:-mmu/none} t:\$mem_v2 %i"
    echo "select -assert-count ${#memories[@]} @sram"
    echo "memory_map t:\$mem_v2 @sram %d"
    [ ${#holes[@]} -eq 0 ] || echo "delete ${holes[*]}; setundef -undriven -zero"
    echo "opt_expr; opt_merge; opt_dff; opt_clean"
    echo "techmap; opt_expr; opt_clean; opt_merge; opt_dff; opt_clean"
    echo "abc -fast -g cmos3,XOR,XNOR,MUX; opt_clean"
    echo "tee -q -o $work/stat.txt stat -json"
    [ -z "${NETLIST:-}" ] || echo "design -save mapped; flatten; rename mmu mmu_netlist; write_verilog -noattr $work/netlist.v; design -load mapped"
    # Paths end and begin at registers, memories and, but for the last, other blocks.
    echo "design -save mapped; delete t:\$mem_v2 t:mmu.*; tee -q -a $work/depth.txt ltp -noff"
    echo "design -load mapped; delete t:\$mem_v2; flatten; tee -q -a $work/depth.txt ltp -noff mmu"
} >"$work/script.ys"
if ! yosys -q -l "$work/log" -s "$work/script.ys" >/dev/null 2>&1; then
    grep -m 1 ERROR "$work/log" >&2 || echo "yosys ended without a word" >&2
    exit 1
fi
# Yosys 0.23 prints the tree of modules into the JSON.
grep -vE '^ +mmu[a-z0-9_.]* +[0-9]+$' "$work/stat.txt" >"$work/stat.json"
mkdir -p "$out"
mv "$work/memories.txt" "$work/depth.txt" ${NETLIST:+"$work/netlist.v"} "$out"
mv "$work/stat.json" "$out"
done_already
