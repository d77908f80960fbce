#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Synthesizes the RTL of one configuration with Yosys, or finds it done.
#
# usage: tb/synthesize_rtl.sh CACHE_DIR NAME=VALUE...
#
# NAME=VALUE are the parameters of rtl/mmu.sv. Prints the path of a directory
# with what Yosys counted, which docs/area.md describes and sim/area.c reads:
#   stat.json      cells of each block, by type
#   memories.json  memories that were left as such: arrays of SRAM_SETS sets or more
#   depth.txt      longest combinational path of each block (`ltp`), last of the whole, flattened
# As in tb/build_rtl.sh the directory's name is a digest of everything that it is made from.
# Runs from the project's root. RTL_DIR replaces rtl/.
set -eu
cache=$1
shift
rtl=${RTL_DIR:-rtl}
SRAM_SETS=32

digest=$({ cat "$rtl"/*.sv tb/synthesize_rtl.sh; yosys -V; echo "$*"; } | sha256sum | cut -c 1-20)
out=$cache/$digest
if [ -e "$out/stat.json" ]; then
    echo "$out"
    exit 0
fi
# Whoever wants the same meanwhile waits for it.
mkdir -p "$cache"
exec 9>"$cache/$digest.lock"
flock 9
if [ -e "$out/stat.json" ]; then
    echo "$out"
    exit 0
fi
echo "synthesizing the RTL of this configuration (once; kept in $out)" >&2
work=$(mktemp -d "$cache/synthesis.XXXXXX")
trap 'rm -rf "$work"' EXIT

declare -A value
for parameter; do value[${parameter%%=*}]=${parameter#*=}; done
sets() { echo "${value[$1]:-1}"; }

# memory MODULE ARRAY SETS: that array's words stay a memory if it has so many sets.
memories=()
memory() { [ "$3" -lt "$SRAM_SETS" ] || memories+=("$1/$2.tag_q" "$1/$2.data_q"); }
for side in i d; do
    block=mmu.u_lookup_stage.u_l1$side
    [ "$(sets "L1${side}Unified")" != 0 ] || memory "$block" array_4k "$(sets "L1${side}Sets4k")"
    memory "$block" gen_2m.array_2m "$(sets "L1${side}Sets2m")"
    memory "$block" gen_1g.array_1g "$(sets "L1${side}Sets1g")"
done
memory mmu.u_l2 array_4k "$(sets L2Sets)"
memory mmu.u_l2 gen_2m.array_2m "$(sets L2Sets2m)"
memory mmu.g_split.u_l2i array_4k "$(sets L2iSets)"
memory mmu.g_split.u_l2i gen_2m.array_2m "$(sets L2iSets2m)"
level=2
for name in Pde Pdpte Pml4e Pml5e; do
    memory mmu.u_walk_cache "gen_level?$level?.gen_cache.cache" "$(sets "WcSets$name")"
    level=$((level + 1))
done

blocks='mmu.u_lookup_stage mmu.u_lookup_stage.u_l1i mmu.u_lookup_stage.u_l1d mmu.u_l2 mmu.g_split.u_l2i
    mmu.u_miss_queue mmu.u_walk_cache mmu.u_page_walker mmu.u_control'
{
    echo "read_verilog -sv -defer $rtl/x86_pkg.sv $(find "$rtl" -maxdepth 1 -name '*.sv' ! -name x86_pkg.sv | LC_ALL=C sort | tr '\n' ' ')"
    for parameter; do echo "chparam -set ${parameter/=/ } mmu"; done
    echo "hierarchy -check -top mmu; proc; uniquify"
    for block in mmu $blocks; do echo "setattr -mod -set keep_hierarchy 1 =$block"; done
    echo "flatten; setattr -mod -unset keep_hierarchy *; opt_expr; opt_clean; memory_collect"
    echo "select -set sram ${memories[*]:-mmu/none} t:\$mem_v2 %i"
    echo "json -o $work/memories.json @sram"
    echo "memory_map t:\$mem_v2 @sram %d; opt_expr; opt_merge; opt_dff; opt_clean"
    echo "techmap; opt_expr; opt_clean"
    echo "abc -fast -g cmos3,XOR,XNOR,MUX; opt_clean"
    echo "tee -q -o $work/stat.txt stat -json"
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
mv "$work/memories.json" "$work/depth.txt" "$out"
mv "$work/stat.json" "$out"
echo "$out"
