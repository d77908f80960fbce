#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every directed script over every shipped configuration: RTL and C model in
# lockstep, judged (ENGINE=model: the C model alone, judged).
set -u
twinwalk=${TWINWALK:-build/twinwalk}
engine=${ENGINE:-lockstep}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

# script CONFIG SCRIPT OPTION...
script() {
    local name status=0
    name="$(basename "$2" .tw) on $1${3:+ ${*:3}}"
    number=$((number + 1))
    "$twinwalk" run -q -c "$1" "${@:3}" --engine "$engine" --judge --script "$2" >"$work/out" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name (exit status $status)"
        sed 's/^/# /' "$work/out"
    fi
}

for config in tiny default sapphire_rapids zen4; do
    for path in tb/scripts/*.tw; do script "$config" "$path"; done
done
# What shipped configurations do not have; random_lockstep.sh has this one too.
script tiny tb/scripts/reserved_bits.tw -s mmu.gib_pages=false -s mmu.maxphyaddr=36
echo "1..$number"
