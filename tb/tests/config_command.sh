#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk config and the front end: round trip, exit codes.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

# Values alone: origins differ by nature.
values() { sed 's/ *#.*//'; }

round_trip() {
    "$twinwalk" config -c "$1" >"$work/first.yaml" &&
        "$twinwalk" config -c "$work/first.yaml" >"$work/second.yaml" &&
        diff <(values <"$work/first.yaml") <(values <"$work/second.yaml")
}

override() {
    "$twinwalk" config -c tiny -s l2.latency=9 >"$work/override.yaml" &&
        grep -q '^  latency: 9  *# cycles \[command line\]' "$work/override.yaml" &&
        grep -q '^  data_ports: 2  *# ports \[configs/tiny.yaml:9\]' "$work/override.yaml" &&
        grep -q '^  gib_pages: true  *# \[default\]' "$work/override.yaml"
}

rtl_parameters() {
    "$twinwalk" config -c zen4 --rtl >"$work/rtl" &&
        grep -qx 'L1dWays4k=72' "$work/rtl" && ! grep -qv '^[A-Z][A-Za-z0-9]*=[0-9][0-9]*$' "$work/rtl"
}

full_disk() { exits 3 bash -c "'$twinwalk' config -c tiny >/dev/full"; }

place_and_reason() {
    printf 'mmu:\n  data_ports: 9\n' >"$work/bad.yaml"
    exits 2 "$twinwalk" "$@" -c "$work/bad.yaml" 2>"$work/err" &&
        grep -qx "$work/bad.yaml:2:15: mmu.data_ports: 9: must be 1 to 3" "$work/err"
}

for name in $(basename -s .yaml configs/*.yaml); do
    check "round trip of $name" round_trip "$name"
done
check "an override and the origins" override
check "SystemVerilog parameters" rtl_parameters
check "unknown reference" exits 2 "$twinwalk" config --markdown=poems
check "no command" exits 2 "$twinwalk"
check "unknown command" exits 2 "$twinwalk" fly
check "help" exits 0 "$twinwalk" --help
for command in run walk config trace; do
    check "help of $command" exits 0 "$twinwalk" "$command" --help
    check "unknown option of $command" exits 2 "$twinwalk" "$command" --no-such-option
done
check "config names place and reason" place_and_reason config
check "run names place and reason" place_and_reason run --random
check "run without stimulus" exits 2 "$twinwalk" run -c tiny
check "run with two kinds of stimulus" exits 2 "$twinwalk" run --random --trace x
check "run with an unknown engine" exits 2 "$twinwalk" run --random --engine steam
check "run with a bad number" exits 2 "$twinwalk" run --random --cycles 1e6
check "run of the model with waves" exits 2 "$twinwalk" run --random --engine model --wave
check "standard output on a full disk" full_disk
plan
