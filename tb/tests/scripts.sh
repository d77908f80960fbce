#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every directed script over every shipped configuration: RTL and C model in
# lockstep, judged (ENGINE=model: the C model alone, judged).
set -u
twinwalk=${TWINWALK:-build/twinwalk}
engine=${ENGINE:-lockstep}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

# script CONFIG SCRIPT OPTION...
script() {
    check "$(basename "$2" .tw) on $1${3:+ ${*:3}}" \
        exits 0 "$twinwalk" run -q -c "$1" "${@:3}" --engine "$engine" --judge --script "$2"
}

for config in $(basename -s .yaml configs/*.yaml); do
    for path in tb/scripts/*.tw; do script "$config" "$path"; done
done
# What shipped configurations do not have; random_lockstep.sh has this one too.
script tiny tb/scripts/reserved_bits.tw -s mmu.gib_pages=false -s mmu.maxphyaddr=36
plan
