#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The part of `make bench` about waves: what keeping snapshots costs while
# nothing fails, and what writing a wave costs. Runs that are compared take
# turns, BENCH_REPEAT times, the one or the other first; what counts is the least
# processor time, as what else goes on only adds to it, the system's share
# included: that is where snapshots are made. The goal is a figure, no test. From
# the environment: BENCH_REPEAT; BENCH_SNAPSHOT_CYCLES of a run with snapshots,
# BENCH_WAVE_CYCLES of one that is written.
set -u
cd "$(dirname "$0")/.." || exit 3
twinwalk=${TWINWALK:-build/twinwalk}
repeat=${BENCH_REPEAT:-5}
cycles=${BENCH_SNAPSHOT_CYCLES:-20000000}
written=${BENCH_WAVE_CYCLES:-30000}
for number in "$repeat" "$cycles" "$written"; do
    [[ $number =~ ^[1-9][0-9]*$ ]] || { echo "bench: '$number' is not a number above 0" >&2 && exit 2; }
done
work=$(mktemp -d build/bench.XXXXXX) || exit 3
trap 'rm -rf "$work"' EXIT

say() { [ ! -t 2 ] || printf '\r\033[K%s' "$1" >&2; }

# measure NAME CYCLES ARGUMENT...: a line "NAME seconds cycles" of $work/runs.
measure() {
    local name=$1 length=$2 status=0 times
    shift 2
    say "waves: $name"
    TIMEFORMAT='%U %S'
    times=$({ time "$twinwalk" run -q --random --seed 9 --cycles "$length" "$@" 2>"$work/err"; } 2>&1) || status=$?
    [ "$status" -eq 0 ] || { cat "$work/err" >&2; exit 1; }
    echo "$name $length $times" >>"$work/runs"
}

for config in tiny default; do
    for ((i = 0; i < repeat; i++)); do
        [ $((i % 2)) = 0 ] || measure "$config snapshots" "$cycles" -c "$config" --wave-on-failure="$work/none.fst"
        measure "$config plain" "$cycles" -c "$config"
        [ $((i % 2)) = 1 ] || measure "$config snapshots" "$cycles" -c "$config" --wave-on-failure="$work/none.fst"
        measure "$config started" 100 -c "$config"
        measure "$config written" "$written" -c "$config" --wave="$work/all.fst"
        measure "$config unwritten" "$written" -c "$config"
    done
    echo "$config size $(stat -c %s "$work/all.fst")" >>"$work/sizes"
done
say ''
# Start-up is the same in all and drops out.
awk -v written="$written" '
    FILENAME ~ /sizes$/ {size[$1] = $3; next}
    {key = $1 " " $2; if (!(key in least) || $4 + $5 < least[key]) least[key] = $4 + $5; if (!($1 in seen)) order[++count] = $1; seen[$1] = 1}
    END {
        print "Waves: processor time, of the system too. The least of several runs."
        for (i = 1; i <= count; i++) {
            c = order[i]
            start = least[c " started"]
            plain = least[c " plain"] - start
            cost = 100 * ((least[c " snapshots"] - start) / plain - 1)
            slow = (least[c " written"] - start) / (least[c " unwritten"] - start)
            printf "%-48s %8.2f  goal < 3 %%: %s\n", "snapshots while nothing fails, " c, cost, cost < 3 ? "met" : "missed"
            printf "%-48s %8.0f  thousand cycles/s, %.1f times slower, %.0f bytes a cycle\n", "a wave of everything, " c,
                   written / (least[c " written"] - start) / 1e3, slow, size[c] / written
        }
    }' "$work/runs" "$work/sizes"
