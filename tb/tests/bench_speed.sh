#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make bench works from end to end: on loads too small to measure anything.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

bench() {
    BENCH_CYCLES=3000 BENCH_ACCESSES=3000 BENCH_SYNTHETIC=3000 BENCH_JSON=$work/bench.json env "$@" tb/bench_speed.sh
}

# What it tells is looked at by those that follow.
everything() {
    local status=0
    bench BENCH_REPEAT=2 >"$work/told" 2>&1 || status=$?
    cat "$work/told"
    return "$status"
}

rates_everywhere() {
    cat "$work/told"
    local rates='( +[0-9]+\.[0-9]{3}){4}$' config load engine
    for config in default sapphire_rapids; do
        for load in random sqlite3; do
            for engine in rtl lockstep model; do
                grep -qE "^$config +$load +$engine$rates" "$work/told" || return 1
            done
        done
        grep -qE "^$config +sequential +model$rates" "$work/told" || return 1
        grep -qE "^$config +uniform +model$rates" "$work/told" || return 1
    done
    grep -qE "^tiny +random +rtl$rates" "$work/told" && grep -qE "^default +image +lockstep$rates" "$work/told"
}

goals_judged() {
    cat "$work/told"
    [ "$(grep -cE ' +[0-9]+\.[0-9]{2}  goal (>=|<) .*: (met|missed)$' "$work/told")" -eq 19 ]
}

# As many brackets closed as opened, a run for each line of the table, two values for two repetitions
# (the image is there once).
json_complete() {
    cat "$work/told"
    [ "$(grep -c '"load": ' "$work/bench.json")" -eq "$(grep -cE '( +[0-9]+\.[0-9]{3}){4}$' "$work/told")" ] &&
        [ "$(grep -c '"met": ' "$work/bench.json")" -eq 19 ] &&
        [ "$(tr -cd '{[' <"$work/bench.json" | wc -c)" -eq "$(tr -cd '}]' <"$work/bench.json" | wc -c)" ] &&
        [ "$(grep -cE '"user_seconds": \[[0-9.e-]+, [0-9.e-]+\]' "$work/bench.json")" -eq 22 ]
}

nothing_left() {
    rm -f "$work/bench.json"
    exits 1 bench TWINWALK=false BENCH_REPEAT=1 && [ ! -e "$work/bench.json" ]
}

# All points at once against one by one; it compares the misses itself.
stack_engine() {
    BENCH_REPEAT=1 BENCH_ACCESSES=3000 BENCH_STACK_JSON=$work/stack.json exits 0 tb/bench_stack.sh &&
        [ "$(grep -cE '^(sqlite3|compiler|hash_join) +(model +1|stack +1408) +3000( +[0-9]+\.[0-9]+){2}$' "$work/out")" -eq 6 ] &&
        [ "$(grep -cE 'times as fast|too short for a ratio' "$work/out")" -eq 3 ] && [ "$(grep -c '"points": 1408' "$work/stack.json")" -eq 3 ]
}

check "a run of everything" everything
check "rates of every engine" rates_everywhere
check "every goal is met or missed" goals_judged
check "JSON" json_complete
check "stack engine" stack_engine
check "bad number of repetitions" says 'is not a number' 2 bench BENCH_REPEAT=0
check "bad length" says 'is not a number' 2 bench BENCH_CYCLES=1e6
check "no JSON when a run fails" nothing_left
plan
