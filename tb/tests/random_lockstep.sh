#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Constrained random load over every shipped configuration, RTL and C model in
# lockstep, every answer judged. CYCLES per run and SEEDS (a list) make it
# longer: `make soak` does.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
cycles=${CYCLES:-1M}
read -ra seeds <<<"${SEEDS:-1 2}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash
total=0

# agrees ARGUMENT...: the run does, and its cycles count.
agrees() {
    exits 0 "$twinwalk" run --engine lockstep --random --cycles "$cycles" "$@" &&
        total=$((total + $(sed -nE 's/^cycles +([0-9,]+).*/\1/p' "$work/out" | tr -d ,)))
}

for config in $(basename -s .yaml configs/*.yaml); do
    for seed in "${seeds[@]}"; do
        check "$config, seed $seed" agrees -c "$config" --seed "$seed"
    done
done
check "default, over a real machine's page tables" agrees -c default --image configs/images/linux-l4.tables.bin.zst
# The corners that the shipped configurations do not have.
check "tiny, one data port, one walker, L2 latency 1" agrees -c tiny -s mmu.data_ports=1 -s walker.count=1 -s l2.latency=1
check "tiny, three data ports, eight walkers, 32 entries" agrees -c tiny -s mmu.data_ports=3 -s walker.count=8 -s mmu.miss_queue=32
check "tiny, unified L1, split L2, no walk caches, MAXPHYADDR 52" agrees -c tiny -s l1i.unified=true -s l1d.unified=true \
    -s l2.split=true -s walk_cache.ways_pml5e=0 -s walk_cache.ways_pml4e=0 -s walk_cache.ways_pdpte=0 \
    -s walk_cache.ways_pde=0 -s mmu.maxphyaddr=52
check "tiny, no 1 GiB pages, MAXPHYADDR 36" agrees -c tiny -s mmu.gib_pages=false -s mmu.maxphyaddr=36
echo "# $total lockstep cycles without a difference"
plan
