#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk coverage from end to end: the same points with RTL and model as with the
# model alone, reports, bad input, a point hit that cannot be, closing.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

# check NAME COMMAND...: one line of TAP; what COMMAND prints is shown when it fails.
check() {
    local name=$1
    number=$((number + 1))
    shift
    if "$@" >"$work/out" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$work/out"
    fi
}

# exits CODE COMMAND...
exits() {
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [ "$status" -eq "$wanted" ] || { echo "exit status $status, not $wanted" && return 1; }
}

# says CODE TEXT COMMAND...: it exits so and says the text.
says() {
    local code=$1 text=$2
    shift 2
    exits "$code" "$@" >"$work/said" 2>&1 && grep -qF -- "$text" "$work/said" || { cat "$work/said" && return 1; }
}

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
        says 2 "a run is there already" "$twinwalk" coverage merge -o "$work/no.json" "$work/all.json" "$work/two.json" &&
        [ ! -e "$work/no.json" ]
}

reports() {
    says 0 "2 runs" "$twinwalk" coverage report --html "$work/all.html" "$work/all.json" &&
        grep -q '<h2>Holes</h2>' "$work/all.html" && grep -q 'twinwalk run -c tiny .*--seed 2' "$work/all.html" &&
        says 1 "not ok" "$twinwalk" coverage report --check "$work/all.json" &&
        grep -qE '^[0-9]+ passed, [1-9][0-9]* failed$' "$work/said"
}

# As if an operation had been accepted while a page fault waited.
contradiction() {
    sed 's#"op_result":{"cr0/empty"#"op_result":{"cr0/page_fault"#' "$work/model.json" >"$work/wrong.json"
    ! cmp -s "$work/model.json" "$work/wrong.json" &&
        says 1 "op_result/cr0/page_fault is hit" "$twinwalk" coverage merge -o "$work/out.json" "$work/wrong.json" &&
        says 1 "hit, though coverage.def says otherwise" "$twinwalk" coverage report "$work/wrong.json"
}

bad_usage() {
    says 2 "not an action" "$twinwalk" coverage reports &&
        says 2 "which files" "$twinwalk" coverage report &&
        says 2 "where to" "$twinwalk" coverage merge "$work/all.json" &&
        says 2 "nothing.json" "$twinwalk" coverage report "$work/nothing.json" &&
        says 2 "not a file of coverage" "$twinwalk" coverage report <(echo '{}') &&
        says 2 "watches the model" run --engine rtl --random --cycles 1 --coverage "$work/rtl.json" &&
        says 2 "no/where" run --engine model --random --cycles 10 --coverage "$work/no/where.json" &&
        says 2 "neither lockstep nor model" "$twinwalk" coverage close --engine rtl
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
    says 0 "functional coverage: " "$twinwalk" regress --coverage -j 2 -o "$work/regress" "$work/plan.yaml" &&
        ! grep -q "already" "$work/said" &&
        says 0 "3 of the results were there already" "$twinwalk" regress --coverage -j 2 -o "$work/regress" "$work/plan.yaml" &&
        grep -q "functional coverage: " "$work/said" && grep -q 'href="coverage.html"' "$work/regress/report.html" &&
        says 0 "3 runs" "$twinwalk" coverage report "$work/regress/coverage.json"
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
echo "1..$number"
