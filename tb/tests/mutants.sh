#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk mutate: the list of mutants, what identifies them, a campaign of a
# few, and what it says of wrong claims and bad input.
set -u
export LC_ALL=C
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

# id FILE TEXT: the mutant of rtl/FILE whose line ends with TEXT.
id() { grep -F "rtl/$1:" "$work/list" | grep -F -- ": $2" | head -n 1 | cut -d ' ' -f 1; }

list() {
    "$twinwalk" mutate --list >"$work/list" && "$twinwalk" mutate --list >"$work/again" || return 1
    cmp "$work/list" "$work/again" || return 1
    [ "$(wc -l <"$work/list")" -ge 3000 ] || { wc -l "$work/list" && return 1; }
    [ "$(cut -d ' ' -f 1 "$work/list" | sort -u | wc -l)" = "$(wc -l <"$work/list")" ] || { echo "ids are not unique" && return 1; }
    local class file
    for class in condition operator constant index enable select assignment loop connection; do
        grep -q "^[^ ]* [^ ]* [^ ]* $class: " "$work/list" || { echo "no mutant of class $class" && return 1; }
    done
    for file in rtl/*.sv; do
        grep -qF " $file:" "$work/list" || { echo "no mutant in $file" && return 1; }
    done
}
check "mutants of every class in every file, the same each time" list

moved() {
    cp -r rtl "$work/moved"
    sed -i '1i // A line that moves all others.' "$work"/moved/*.sv
    sed -i 's/^    if (issue) begin$/    if (issue)   begin  \/\/ and a change of layout/' "$work/moved/miss_queue.sv"
    RTL_DIR=$work/moved "$twinwalk" mutate --list >"$work/moved.list" || return 1
    cmp <(cut -d ' ' -f 1 "$work/list") <(cut -d ' ' -f 1 "$work/moved.list")
}
check "a mutant keeps its name when lines move" moved

patched() {
    "$twinwalk" mutate --patch "$(id control.sv 'op_valid_i && op_ready_o => op_ready_o')" -o "$work/patched" || return 1
    diff -r rtl "$work/patched" | tee /dev/stderr | grep -q '^>   assign accept = (op_ready_o);$' &&
        [ "$(diff -r --exclude=lint.vlt --exclude=formal rtl "$work/patched" | grep -c '^[<>]')" -eq 2 ]
}
check "one mutant for good changes one line" patched

cat >"$work/plan.yaml" <<'END2'
runs:
  - {name: short, configs: [tiny], random: true, cycles: 5k, limit: 1}
  - {name: judge, configs: [tiny], engine: rtl, random: true, cycles: 5k, limit: 1}
END2
printf 'equivalent: []\nlegal: []\n' >"$work/none.yaml"
results=build/test-mutants
mkdir -p "$results"
rm -f "$results/results.db"

# campaign KNOWN: three mutants in runs of a few thousand cycles; the judge need not see those of replacement.
campaign() {
    "$twinwalk" mutate "$work/plan.yaml" -j 2 -o "$results" --known "$1" \
        --only "$(id page_walker.sv 'kind[x86_pkg::KindLeaf] && attr[1:0] == x86_pkg::AccessWrite => kind[x86_pkg::KindLeaf]')" \
        --only "$(id replacement.sv 'right = state[WayW'"'"'(node)] && first + (WayW + 1)'"'"'(1 << level) < (WayW + 1)'"'"'(Ways); => (left out)')" \
        --only "$(id tlb_array.sv "'0 => '1")"
}
caught() {
    exits 0 campaign "$work/none.yaml" || return 1
    [ "$(sqlite3 "$results/results.db" "SELECT entry, kind FROM runs ORDER BY entry, kind" | tr '\n' ' ')" = \
        "judge| judge| judge| judge|illegal short| short|mismatch short|mismatch short|mismatch " ] ||
        { sqlite3 "$results/results.db" "SELECT entry, kind, signature FROM runs" && return 1; }
}
check "caught by lockstep and judge, the sound RTL passes with the same build" caught

done_already() {
    exits 0 campaign "$work/none.yaml" && [ "$(sqlite3 "$results/results.db" 'SELECT count(*) FROM runs')" -eq 8 ] &&
        [ -z "$(ls "$results/logs")" ] && ! ls -d "$results"/chunk-* 2>/dev/null
}
check "what is done is not done again" done_already

# With relative names of the results, and nothing of the project below.
elsewhere() {
    local root=$PWD
    mkdir "$work/elsewhere" && cp "$work/plan.yaml" "$work/elsewhere" && cd "$work/elsewhere" || return 1
    exits 0 "$(realpath "$root/$twinwalk")" mutate plan.yaml -j 2 -o results --known "$work/none.yaml" --half lockstep \
        --only "$(id tlb_array.sv "'0 => '1")"
    local status=$?
    cd "$root" || return 1
    [ $status -eq 0 ] && answer elsewhere/results "SELECT count(*) FROM runs WHERE kind = 'mismatch'" 1
}
check "from another directory" elsewhere

stale() {
    printf 'equivalent:\n  - reason: none\n    proof: written\n    mutants:\n      - 0123456789 gone\nlegal: []\n' >"$work/stale.yaml"
    exits 2 campaign "$work/stale.yaml" && grep -q "stale.yaml:5:9: there is no longer a mutant 0123456789" "$work/out"
}
check "a claim about a mutant that is gone" stale

wrong() {
    printf 'equivalent:\n  - reason: a mistake\n    proof: written\n    mutants:\n      - %s\n' \
        "$(id page_walker.sv 'kind[x86_pkg::KindLeaf] && attr[1:0] == x86_pkg::AccessWrite => kind[x86_pkg::KindLeaf]')" >"$work/wrong.yaml"
    exits 1 campaign "$work/wrong.yaml" && grep -q '^Said to be equivalent, and yet caught:$' "$work/out"
}
check "a wrong claim" wrong

strange() {
    cp -r rtl "$work/strange"
    sed -i 's/^    state_d = state_q;$/    state_d ? state_q;/' "$work/strange/control.sv"
    RTL_DIR=$work/strange exits 2 "$twinwalk" mutate --list >/dev/null 2>"$work/message" ; local status=$?
    cat "$work/message"
    [ "$status" -eq 0 ] && grep -qE "control.sv:[0-9]+:13: '=' is missing here" "$work/message"
}
check "a source that is not understood" strange
check "no such mutant" exits 2 "$twinwalk" mutate --patch 0123456789 -o "$work/patched"
check "no such plan" exits 2 "$twinwalk" mutate "$work/none" -o "$work/results"
plan
