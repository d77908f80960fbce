#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk regress from end to end: results, reports and exit codes; a runner
# killed in the middle; runs that are killed; an RTL with a bug.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash
. tb/bugs/broken.bash

regress() { "$twinwalk" regress -j 2 -o "$work/$1" "$work/$1.yaml"; }

cat >"$work/passes.yaml" <<'END'
runs:
  - name: random
    configs: [tiny]
    engine: model
    random: true
    seeds: 1-40
    cycles: 100k
  - name: timed
    configs: [tiny]
    engine: model
    scripts: [tb/scripts/invlpg.tw]
    minutes: 0.002
END

killed() {
    "$twinwalk" regress -j 2 -o "$work/passes" "$work/passes.yaml" &
    local runner=$! count=0
    for _ in {1..500}; do
        sleep 0.02
        count=$(sqlite3 "$work/passes/results.db" 'SELECT count(*) FROM runs' 2>/dev/null || echo 0)
        [ "${count:-0}" -lt 5 ] || break
    done
    kill -KILL "$runner"
    wait "$runner" 2>/dev/null
    [ "${count:-0}" -ge 5 ] || { echo "only $count results" && return 1; }
    count=$(sqlite3 "$work/passes/results.db" 'SELECT count(*) FROM runs')
    [ "$count" -lt 40 ] || { echo "it was done already" && return 1; }
}

resumed() {
    local before
    before=$(sqlite3 "$work/passes/results.db" 'SELECT count(*) FROM runs')
    exits 0 regress passes >"$work/summary" || return 1
    grep -qx "$before of the results were there already" "$work/summary" || { cat "$work/summary" && return 1; }
    answer passes "SELECT count(*), count(DISTINCT seed), sum(kind <> '') FROM runs WHERE entry = 'random'" "40|40|0" &&
        answer passes "SELECT sum(seconds) >= 0.12 FROM runs WHERE entry = 'timed'" 1
}

done_already() {
    exits 0 regress passes >"$work/summary" && grep -q 'of the results were there already' "$work/summary" &&
        [ "$(grep -c '<testcase' "$work/passes/junit.xml")" = "$(sqlite3 "$work/passes/results.db" 'SELECT count(*) FROM runs')" ] &&
        [ -z "$(ls "$work/passes/logs")" ]
}

check "a runner is killed in the middle" killed
check "it goes on where it was: every run once" resumed
check "what is done is not done again" done_already

cat >"$work/late.yaml" <<'END'
runs:
  - name: late
    configs: [tiny]
    engine: model
    random: true
    cycles: 100G
    limit: 0.005
END
late() {
    exits 3 regress late && answer late 'SELECT kind, attempts FROM runs' "timeout|2" &&
        grep -q '<error type="timeout"' "$work/late/junit.xml"
}
check "a run that does not end is killed, tried again and reported" late

interrupted() {
    # Not in the background of this shell, which would have it ignore the signal.
    timeout --foreground -s INT 1 "$twinwalk" regress -j 2 -o "$work/long" "$work/long.yaml"
    local status=$?
    echo "exit status $status"
    [ "$status" -eq 124 ] && ! pgrep -f -- "--json $work/long"
}
sed 's/limit: .*/limit: 10/; s/late/long/' "$work/late.yaml" >"$work/long.yaml"
check "nothing runs on after an interrupt" interrupted

cat >"$work/wrong.tw" <<'END'
read 0x1000 expect pa=0x7000
END
cat >"$work/wrong.yaml" <<END
runs:
  - name: script
    configs: [tiny, default]
    engine: model
    scripts: [$work/wrong.tw]
END
wrong() {
    exits 1 regress wrong && answer wrong 'SELECT kind, signature, runs FROM failures' "expectation|$work/wrong.tw:1|2"
}
check "a failed expectation is grouped by its line" wrong

check "a bad plan" exits 2 "$twinwalk" regress -o "$work/none" "$work/wrong.tw"
check "no such plan" exits 2 "$twinwalk" regress -o "$work/none" "$work/none.yaml"

# A bug in the RTL: the last way of a set is not looked at by INVLPG.
cat >"$work/bug.yaml" <<'END'
runs:
  - name: script
    configs: [tiny]
    set: [memory.jitter=20]
    scripts: [tb/scripts/invlpg.tw]
    seeds: 1-3
END
bug() {
    apply invlpg_skips_way && TWINWALK_RTL=$(realpath "$(RTL_TRACE=1 build_rtl invlpg_skips_way tiny)") || return 1
    export TWINWALK_RTL
    local status=0 command library=$TWINWALK_RTL
    exits 1 regress bug >"$work/summary" || status=1
    unset TWINWALK_RTL
    cat "$work/summary"
    [ "$status" -eq 0 ] || return 1
    # The one group of all three, and its line, without the environment of this shell.
    answer bug "SELECT count(*), sum(runs), min(kind) FROM failures" "1|3|mismatch" || return 1
    command=$(sed -n 's/^  to reproduce: //p' "$work/summary")
    exits 1 bash -c "$command" 2>"$work/again" && grep -q 'RTL and C model differ' "$work/again" || return 1
    # The minimal script of the group, linked from the page; it says itself how to run it.
    command=$(sed -n 's/^  minimal: //p' "$work/summary")
    grep -q "href=\"shrunk/${command##*/}\"" "$work/bug/report.html" && [ "$(grep -cvE '^(#|$)' "$command")" -le 20 ] || return 1
    exits 1 bash -c "$(sed -n '/^# in cycle/{n;s/^# *//p}' "$command")" 2>"$work/again" &&
        grep -q 'RTL and C model differ' "$work/again" || return 1
    # And its wave, likewise.
    command=$(sed -n 's/^  wave: //p' "$work/summary")
    grep -q "href=\"shrunk/${command##*/}\"" "$work/bug/report.html" && grep -qF "explain $command" "$work/bug/report.html" &&
        exits 1 "$twinwalk" explain "$command" >"$work/again" && grep -q '^RTL and C model first differ in cycle' "$work/again" || return 1
    # Not when it is not wanted.
    TWINWALK_RTL=$library exits 1 "$twinwalk" regress -j 2 -o "$work/no_waves" --no-waves "$work/bug.yaml" >"$work/summary" &&
        grep -q '^  minimal: ' "$work/summary" && ! grep -q '^  wave: ' "$work/summary"
}
check "an RTL with a bug: one group, a line that repeats it, and a minimal script" bug
plan
