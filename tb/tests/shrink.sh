#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shrink.sh [--all]: twinwalk shrink with bugs of tb/bugs put in. The script that
# it leaves fails with the signature of the run, is small, and passes on the sound
# machine. --all: every bug that a random run finds, in both ways.
set -u
export LC_ALL=C
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(dirname "$twinwalk")/shrink-test
export TMPDIR=$work/tmp
rm -rf "$TMPDIR"
mkdir -p "$TMPDIR"
. tb/bugs/broken.bash
. tb/tests/tap.bash
largest=20 # statements that a result may have at most
accesses=30k

# failure FILE: kind and signature of the results of a run.
failure() { sed -n '/"failure"/,/}/s/.*"\(kind\|signature\)": "\(.*\)".*/\2/p' "$1" | paste -sd: -; }

# small SCRIPT: it has at most $largest statements.
small() {
    local count
    count=$(grep -cvE '^(#|$)' "$1")
    if [ "$count" -eq 0 ] || [ "$count" -gt "$largest" ]; then
        echo "$1 has $count statements"
        return 1
    fi
}

# shrunk NAME PROGRAM OPTION...: by that program, which has the bug, or has the RTL of RTL_DIR.
shrunk() {
    local name=$1 program=$2 script=$work/$1.tw command
    shift 2
    "$program" run -q "$@" --random --accesses "$accesses" --json "$work/run.json" >/dev/null 2>&1
    if [ -z "$(failure "$work/run.json")" ]; then
        echo "the random run does not find it"
        return 1
    fi
    rm -f "$script"
    exits 0 "$program" shrink "$@" --random --accesses "$accesses" -o "$script" >"$work/said" 2>"$work/errors" ||
        { cat "$work/errors" && return 1; }
    cat "$work/said" "$script"
    small "$script" || return 1
    # By the command that it names, as it stands.
    command=$(sed -n 's/^to run it: //p' "$work/said")
    exits 1 bash -c "$command -q --json $work/replay.json" 2>/dev/null || return 1
    [ "$(failure "$work/run.json")" = "$(failure "$work/replay.json")" ] || { failure "$work/replay.json" && return 1; }
    # The sound machine.
    command=${command#RTL_DIR=* }
    (unset RTL_DIR && exits 0 bash -c "${command/#$program/$twinwalk} -q")
}

both() {
    if build_model "$1"; then
        shrunk "$1" "$work/$1/twinwalk" -c tiny --engine model --judge
    else
        cat "$work/$1"/*.log
        return 1
    fi
}

rtl() {
    RTL_DIR=$work/$1/rtl shrunk "$1" "$twinwalk" -c tiny
}

if [ "${1:-}" = --all ]; then
    accesses=300k
    for patch in tb/bugs/*.patch; do
        name=$(basename "$patch" .patch)
        check "$name applies" apply "$name"
        check "$name in both twins" both "$name"
        check "$name in the RTL alone" rtl "$name"
    done
    plan
    echo "$((number - failed)) passed, $failed failed"
    exit $((failed > 0))
fi

model_bugs=(dirty_not_set nx_unchecked_on_hit merge_ignores_mode drain_never_ends pcid_ignored)
rtl_bugs=(invlpg_skips_way dirty_not_set fill_after_invalidation replacement_marks_other_way) # built for bugs.sh too
for name in $(printf '%s\n' "${model_bugs[@]}" "${rtl_bugs[@]}" | sort -u); do
    check "$name applies" apply "$name"
done
for name in "${model_bugs[@]}"; do
    check "$name in both twins" both "$name"
done
for name in "${rtl_bugs[@]}"; do
    check "$name in the RTL alone" rtl "$name"
done

bug=$work/nx_unchecked_on_hit/twinwalk
run=(-c tiny --engine model --judge)

same_with_any_jobs() {
    for jobs in 1 3; do
        exits 0 "$bug" shrink "${run[@]}" --random --accesses "$accesses" -j $jobs -o "$work/jobs.tw" || return 1
        mv "$work/jobs.tw" "$work/jobs.$jobs"
    done
    cmp "$work/jobs.1" "$work/jobs.3"
}

from_trace() {
    exits 0 "$work/dirty_not_set/twinwalk" shrink "${run[@]}" --trace configs/traces/sqlite3.twt.zst \
        -o "$work/trace.tw" && small "$work/trace.tw"
}

from_image() {
    exits 0 "$bug" shrink "${run[@]}" --random --image configs/images/linux-l4.tables.bin.zst --accesses "$accesses" \
        -o "$work/image.tw" && small "$work/image.tw" && ! grep '^[^#].*--image' "$work/image.tw"
}

# A result is an input too; it cannot become larger.
from_script() {
    exits 0 "$bug" shrink "${run[@]}" --script "$work/nx_unchecked_on_hit.tw" -o "$work/again.tw" &&
        [ "$(grep -cvE '^(#|$)' "$work/again.tw")" -le "$(grep -cvE '^(#|$)' "$work/nx_unchecked_on_hit.tw")" ]
}

time_over() {
    exits 0 "$bug" shrink "${run[@]}" --random --accesses "$accesses" --seconds 0.01 -o "$work/early.tw" 2>&1 |
        grep -q "'0.01' is not a number" || return 1
    exits 0 "$work/pcid_ignored/twinwalk" shrink "${run[@]}" --random --accesses "$accesses" --seconds 1 \
        -o "$work/early.tw" && exits 1 "$work/pcid_ignored/twinwalk" run -q "${run[@]}" --script "$work/early.tw"
}

# refused WANTED OPTION...: exit code 2, a message with WANTED, and no file.
refused() {
    local wanted=$1
    shift
    if ! exits 2 "$bug" shrink "$@" -o "$work/refused.tw" >"$work/refused" 2>&1 || [ -e "$work/refused.tw" ] ||
        ! grep -qF -- "$wanted" "$work/refused"; then
        cat "$work/refused"
        return 1
    fi
}

# What there is when it is interrupted is kept, and fails. Too early there is no script yet, too late it is
# done: the time that is waited grows until it was in between.
interrupted() {
    local program=$work/pcid_ignored/twinwalk kept=$work/interrupted.tw status shrinker wait
    for ((wait = 20; wait < 20000; wait += wait / 4)); do
        rm -f "$kept"
        status=0
        "$program" shrink "${run[@]}" --random --accesses "$accesses" -j 1 -o "$kept" 2>"$work/interrupted.errors" &
        shrinker=$!
        until [ -n "$(ls -d "$TMPDIR"/twinwalk-shrink-* 2>/dev/null)" ]; do
            sleep 0.01
            kill -0 "$shrinker" || return 1
        done
        sleep "${wait}e-3"
        kill -TERM "$shrinker"
        wait "$shrinker" || status=$?
        if [ "$status" -eq 3 ] && grep -q 'ended before there was a script' "$work/interrupted.errors"; then
            [ ! -e "$kept" ] || { echo "a script that fails otherwise" && return 1; }
            continue
        fi
        [ "$status" -eq 3 ] || { cat "$work/interrupted.errors" && echo "exit status $status after $wait ms" && return 1; }
        exits 1 "$program" run -q "${run[@]}" --script "$kept" 2>/dev/null
        return
    done
    echo "never in time"
    return 1
}

# Nothing but the scripts stays behind, beside them or in the temporary directory.
tidy() {
    local left
    left=$(find "$work" -maxdepth 1 -name '*.tw.*' && ls "$TMPDIR")
    [ -z "$left" ] || { echo "$left" && return 1; }
}

printf 'tables 0x100000 0x200000\ncr3 = 0x80000\nread 0x1000 expect ok\n' >"$work/expects.tw"
check "the same with any number of jobs" same_with_any_jobs
check "a trace" from_trace
check "an image" from_image
check "a script" from_script
check "a bound of time" time_over
check "a run that does not fail" refused "the run does not fail" -c tiny --engine model --random --accesses 100
check "a failed expectation" refused "fails by what its script expects" "${run[@]}" --script "$work/expects.tw"
check "no stimulus" refused "give one of --script, --trace and --random" "${run[@]}"
check "an option of run alone" refused "are for twinwalk run" "${run[@]}" --random --json "$work/x.json"
check "no such configuration" refused "nowhere" -c nowhere --random
check "interrupted" interrupted
check "nothing is left behind" tidy

plan
