#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The cycles that docs/microarchitecture.md promises, for several latencies of
# the L2 TLB (L) and of memory (D). The C model alone: the lockstep says that
# the RTL needs as many.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

# run L D WAYS: plays $work/script; so many 4 KiB entries in the L1 data TLB, memory of constant latency,
# one walker, one data port.
run() {
    "$twinwalk" run -q -c tiny --engine model --judge --script "$work/script" --results "$work/results" \
        -s mmu.data_ports=1 -s walker.count=1 -s l2.latency="$1" -s l1d.sets_4k=1 -s l1d.ways_4k="$3" \
        -s memory.l1_kib=0 -s memory.l2_kib=0 -s memory.dram_latency="$2" -s memory.jitter=0 \
        -s memory.backpressure=0 >"$work/out" 2>&1
}

# issued N: the cycle in which access N was accepted.
issued() { sed -nE 's/.*"index":'"$1"',.*"issue":([0-9]+).*/\1/p' "$work/results"; }

# report STATUS NAME: one line of TAP.
report() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        sed 's/^/# /' "$work/out"
    fi
}

accesses() {
    local l=$1 level=$(($2 + 2))
    cat <<END
tables 0x100000 0x200000
cr3 = 0x80000
let V = 0x7f0000000000
map V -> 0x12345000 4k user write accessed
map V + 0x1000 -> 0x12346000 4k user write accessed
map V + 0x2000 -> 0x12347000 4k user accessed
map V + 0x3000 -> 0x12348000 4k user write
map V + 0x200000 -> 0x12349000 4k user write accessed
write pml4e(V) |= a
write pdpte(V) |= a
write pde(V) |= a
write pde(V + 0x200000) |= a
# four levels; from the L1 TLB; from the cached PDE, PDPTE; from the L2 TLB
read user V expect source=walk cycles=$((l + 6 + 4 * level))
drain
read user V expect source=l1 cycles=1
drain
read user V + 0x1000 expect source=walk cycles=$((l + 6 + level))
drain
read user V + 0x200000 expect source=walk cycles=$((l + 6 + 2 * level))
drain
read user V expect source=l2 cycles=$((l + 4))
drain
# D is to be set: no lookup in the L2 TLB, a read and a compare-exchange
write user V expect source=walk cycles=$((6 + 2 * level))
drain
write user V expect source=l1 cycles=1
drain
# A is to be set
read user V + 0x3000 expect source=walk cycles=$((l + 6 + 2 * level))
drain
# bus error at the leaf
poison pte(V + 0x1000)
invlpg V + 0x1000
read user V expect cycles=$((l + 4))
drain
read user V + 0x1000 expect mc
drain
poison pte(V + 0x1000)
read user V + 0x1000 expect mc cycles=$((l + 6 + level))
drain
# a hit that denies is confirmed from the root; a fault from a cached PDE too
read user V + 0x2000 expect ok
drain
write user V + 0x2000 expect pf code=p|w|u cycles=$((7 + 4 * level))
drain
read user V + 0x1000 expect ok
drain
read user V + 0x4000 expect pf code=u cycles=$((l + 7 + 5 * level))
drain
read user V + 0x4000 expect pf code=u cycles=$((l + 7 + 4 * level))
drain
read user 0x800000000000 expect gp cycles=1
drain
END
}

for latencies in "1 1" "2 24" "7 10" "12 200"; do
    read -r l d <<<"$latencies"
    accesses "$l" "$d" >"$work/script"
    run "$l" "$d" 1
    report $? "accesses, L = $l, D = $d"
done

# duration NAME CYCLES OPERATION [SETUP...]: from acceptance to completion. The read after a register write
# is accepted in the cycle after completion, after another operation in that of completion.
duration() {
    local name=$1 cycles=$2 operation=$3 gap status=1
    shift 3
    {
        printf '%s\n' 'tables 0x100000 0x200000' "$@" 'cr3 = 0x80000' 'map 0x1000 -> 0x5000 4k user write accessed'
        printf '%s\n' 'read user 0x1000' drain 'wait 2' 'read user 0x1000' "$operation" 'read user 0x1000' drain
    } >"$work/script"
    run 2 24 1 && {
        # The operation is accepted in the cycle after the second read.
        gap=$(($(issued 2) - $(issued 1) - 1))
        [[ $operation == inv* ]] || gap=$((gap - 1))
        echo "$operation: $gap cycles instead of $cycles" >"$work/out"
        [ "$gap" -eq "$cycles" ]
        status=$?
    }
    report $status "$name: $cycles cycles"
}

sets=4 # of the larger L2 array
duration "INVLPG" 3 'invlpg 0x9000'
duration "INVPCID of an address" 3 'invpcid address 0 0x9000'
duration "INVPCID of a PCID" $((3 + sets)) 'invpcid context 0'
duration "INVPCID of another PCID" $((3 + sets)) 'invpcid context 7'
duration "INVPCID of all" $((3 + sets)) 'invpcid all'
duration "INVPCID of all but globals" $((3 + sets)) 'invpcid nonglobal'
duration "CR3 write with flush" $((4 + sets)) 'cr3 = 0x80000'
duration "CR3 write without flush" 2 'cr3 = 0x80000 | noflush' 'cr4 = pcide'
duration "CR0.WP" 2 'cr0 = wp'
duration "CR4.PGE" $((4 + sets)) 'cr4 = pge'
duration "CR4.SMEP set" $((4 + sets)) 'cr4 = smep'
duration "CR4.SMEP cleared" 2 'cr4 = 0' 'cr4 = smep'
duration "CR4.SMAP" 2 'cr4 = smap'
duration "CR4.PCIDE set" 2 'cr4 = pcide'
duration "CR4.PCIDE cleared" $((4 + sets)) 'cr4 = 0' 'cr4 = pcide'
duration "EFER.NXE" $((4 + sets)) 'efer = nxe'
duration "PKRU" 2 'pkru = ad3'
duration "PKRS" 2 'pkrs = ad3'

# The diagrams of an overtaken walk and of a CR3 write: L = 2, d = 4. A is in the L1 TLB, B in its table.
prologue() {
    cat <<END
tables 0x100000 0x200000
cr3 = 0x80000
let A = 0x7f0000005000
let B = 0x7f0000006000
map A -> 0x12345000 4k user accessed
map B -> 0x12346000 4k user accessed
write pml4e(A) |= a
write pdpte(A) |= a
write pde(A) |= a
read user A
drain
END
}

# gap NAME WANTED FROM TO: between the acceptances of two accesses.
gap() {
    local gap=$(($(issued "$4") - $(issued "$3")))
    echo "$1: $gap cycles instead of $2" >"$work/out"
    [ "$gap" -eq "$2" ]
    report $? "$1: $2 cycles"
}

{
    prologue
    cat <<END
read user B expect cycles=39 # 7 before the INVLPG, 32 from it on
wait 6
async invlpg B # the next access is accepted in the same cycle
read user A expect source=l1 cycles=1
read user A expect source=l1 cycles=1
read user A expect source=l1 cycles=1
read user A expect source=l1 cycles=1
async invlpg 0x9000 # accepted in the cycle in which B is answered
read user A expect source=l1
drain
END
} >"$work/script"
run 2 4 2
report $? "an INVLPG overtakes a walk"
gap "another page goes on hitting" 10 1 5
gap "the next INVLPG waits for its answer" 39 1 6

{
    prologue
    cat <<END
read user B expect cycles=14
wait 3
async cr3 = 0x80000
read user A expect source=l1 cycles=1
read user A expect source=walk
drain
END
} >"$work/script"
run 2 4 2
report $? "a CR3 write waits for a walk"
gap "accesses after a CR3 write" 19 2 3
echo "1..$number"
