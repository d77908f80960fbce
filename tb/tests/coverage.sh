#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk coverage from end to end: the same points with RTL and model as with the
# model alone, reports, bad input, a point hit that cannot be, closing.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

# points FILE: those hit, with the cycle of the first hit.
points() {
    "$twinwalk" coverage report --json "$work/points.json" "$1" >/dev/null &&
        sed -nE '/^   "points"/,$p; /"(cycle|hits)"/p' "$work/points.json" | grep -E '^ *"([a-z0-9_/]+": \{|cycle)' |
        sed 's/,$//'
}

run() { "$twinwalk" run -q -c tiny "$@"; }

engines_agree() {
    run --random --cycles 150k --coverage "$work/lockstep.json" &&
        run --random --cycles 150k --engine model --coverage "$work/model.json" || return 1
    points "$work/lockstep.json" >"$work/lockstep"
    points "$work/model.json" >"$work/model"
    [ "$(grep -c cycle "$work/model")" -gt 1500 ] || { echo "$(grep -c cycle "$work/model") points" && return 1; }
    diff "$work/lockstep" "$work/model"
}

nothing_changes_by_watching() {
    run --random --cycles 150k --engine model --stats "$work/plain" &&
        run --random --cycles 150k --engine model --stats "$work/watched" --coverage "$work/model.json" &&
        diff <(grep -v host "$work/plain") <(grep -v host "$work/watched")
}

merged() {
    run --random --seed 2 --cycles 50k --engine model --coverage "$work/two.json" &&
        "$twinwalk" coverage merge -o "$work/all.json" "$work/model.json" "$work/two.json" &&
        "$twinwalk" coverage merge -o "$work/other.json" "$work/two.json" "$work/model.json" &&
        cmp "$work/all.json" "$work/other.json" &&
        says "a run is there already" 2 "$twinwalk" coverage merge -o "$work/no.json" "$work/all.json" "$work/two.json" &&
        [ ! -e "$work/no.json" ]
}

reports() {
    says "2 runs" 0 "$twinwalk" coverage report --html "$work/all.html" "$work/all.json" &&
        grep -q '<h2>Holes</h2>' "$work/all.html" && grep -q 'twinwalk run -c tiny .*--seed 2' "$work/all.html" &&
        says "not ok" 1 "$twinwalk" coverage report --check "$work/all.json" &&
        grep -qE '^[0-9]+ passed, [1-9][0-9]* failed$' "$work/said"
}

# As if an operation had been accepted while a page fault waited.
contradiction() {
    sed 's#"op_result":{"cr0/empty"#"op_result":{"cr0/page_fault"#' "$work/model.json" >"$work/wrong.json"
    ! cmp -s "$work/model.json" "$work/wrong.json" &&
        says "op_result/cr0/page_fault is hit" 1 "$twinwalk" coverage merge -o "$work/out.json" "$work/wrong.json" &&
        says "hit, though coverage.def says otherwise" 1 "$twinwalk" coverage report "$work/wrong.json"
}

bad_usage() {
    says "not an action" 2 "$twinwalk" coverage reports &&
        says "which files" 2 "$twinwalk" coverage report &&
        says "where to" 2 "$twinwalk" coverage merge "$work/all.json" &&
        says "nothing.json" 2 "$twinwalk" coverage report "$work/nothing.json" &&
        says "not a file of coverage" 2 "$twinwalk" coverage report <(echo '{}') &&
        says "watches the model" 2 run --engine rtl --random --cycles 1 --coverage "$work/rtl.json" &&
        says "no/where" 2 run --engine model --random --cycles 10 --coverage "$work/no/where.json" &&
        says "neither lockstep nor model" 2 "$twinwalk" coverage close --engine rtl
}

close_in() {
    "$twinwalk" coverage close -c tiny --engine model --cycles 20k --budget 300k -j "$2" -o "$work/$1" "${@:3}"
}

# The same seed leads to the same runs, however many there are at a time.
closing_repeats() {
    exits 1 close_in one 1 >"$work/closed" && exits 1 close_in two 2 >/dev/null &&
        cmp "$work/one/coverage.json" "$work/two/coverage.json" &&
        grep -q '^steered: [0-9]* holes of [0-9]* points left after 16 runs' "$work/closed" &&
        grep -q -- '-s random' "$work/one/coverage.json" && [ -z "$(ls "$work/one/logs")" ]
}

closing_compares() {
    exits 1 close_in three 2 --compare --start "$work/all.json" >"$work/closed" &&
        grep -q '^steered: ' "$work/closed" && grep -q '^not steered: ' "$work/closed" &&
        [ "$(grep -c '<polyline' "$work/three/coverage.html")" -eq 2 ]
}

regression_collects() {
    cat >"$work/plan.yaml" <<'END'
runs:
  - name: random
    configs: [tiny]
    engine: model
    random: true
    seeds: 1-3
    cycles: 20k
END
    exits 0 "$twinwalk" regress -j 2 -o "$work/regress" "$work/plan.yaml" >/dev/null || return 1
    # without the option there are results but no coverage: done again
    says "functional coverage: " 0 "$twinwalk" regress --coverage -j 2 -o "$work/regress" "$work/plan.yaml" &&
        ! grep -q "already" "$work/said" &&
        says "3 of the results were there already" 0 "$twinwalk" regress --coverage -j 2 -o "$work/regress" "$work/plan.yaml" &&
        grep -q "functional coverage: " "$work/said" && grep -q 'href="coverage.html"' "$work/regress/report.html" &&
        says "3 runs" 0 "$twinwalk" coverage report "$work/regress/coverage.json"
}

check "RTL with model covers what the model alone does" engines_agree
check "watching changes nothing" nothing_changes_by_watching
check "files are merged, in any order" merged
check "reports" reports
check "a point hit that cannot be is an error" contradiction
check "bad usage and input" bad_usage
check "closing repeats" closing_repeats
check "closing compares" closing_compares
check "a regression collects coverage" regression_collects
plan
