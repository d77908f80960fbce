#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The second half of make bench: points times accesses per second of the stack
# engine, which counts the misses of all points in one pass, and of the C model,
# which runs them one by one; see docs/stack.md. A point is an L1 TLB for data and one
# for instructions. Both sides' misses are compared on the way. A table on stdout and
# JSON in build/bench_stack.json; times are in user mode, medians.
#
# From the environment: BENCH_REPEAT; BENCH_ACCESSES of each trace; BENCH_STACK_JSON,
# where the JSON goes.
set -u
cd "$(dirname "$0")/.." || exit 3
twinwalk=${TWINWALK:-build/twinwalk}
repeat=${BENCH_REPEAT:-3}
accesses=${BENCH_ACCESSES:-3000000}
json=${BENCH_STACK_JSON:-build/bench_stack.json}
traces=(sqlite3 compiler hash_join)
shapes=("1 64" "16 4" "32 2" "8 16" "128 12") # sets and ways

for number in "$repeat" "$accesses"; do
    [[ $number =~ ^[1-9][0-9]*$ ]] || { echo "bench: '$number' is not a number above 0" >&2 && exit 2; }
done
mkdir -p build "$(dirname "$json")"
work=$(mktemp -d build/bench.XXXXXX) || exit 3
trap 'rm -rf "$work"' EXIT

say() { [ ! -t 2 ] || printf '\r\033[K%s' "$1" >&2; }

fail() {
    say ''
    echo "bench: $1" >&2
    [ ! -e "$work/out" ] || cat "$work/out" >&2
    exit 1
}

# run ENGINE TRACE [OPTION...]
run() {
    "$twinwalk" run -q -c default --engine "$1" --trace "configs/traces/$2.twt.zst" --accesses "$accesses" "${@:3}" \
        >"$work/out" 2>&1 || fail "$2, $1: exit status $?"
}

# The misses of one point: of a TLB of the stack engine's CSV.
stack_misses() { awk -F, -v tlb="$1" -v sets="$2" -v ways="$3" '$1 == tlb && $2 == "4k" && $3 == sets && $4 == ways {print $7}' "$work/csv"; }

statistic() { awk -v name="$1" '$1 == name {print $2}' "$work/stats"; }

for ((i = 0; i < repeat; i++)); do
    for trace in "${traces[@]}"; do
        say "$trace, stack"
        run stack "$trace" --csv "$work/csv" --json "$work/json"
        points=$(grep -c '^l1d,4k,' "$work/csv")
        seconds=$(sed -n 's/^ "user_seconds": \([0-9.e-]*\),$/\1/p' "$work/json")
        done_accesses=$(sed -n 's/^ "accesses": \([0-9]*\),$/\1/p' "$work/json")
        echo "$trace stack $points $done_accesses $seconds" >>"$work/runs"
        for shape in "${shapes[@]}"; do
            read -r sets ways <<<"$shape"
            say "$trace, model, $sets sets of $ways ways"
            run model "$trace" --stats "$work/stats" -s trace.in_flight=1 -s l1d.replacement=lru -s l1i.replacement=lru \
                -s l1d.sets_4k="$sets" -s l1d.ways_4k="$ways" -s l1i.sets_4k="$sets" -s l1i.ways_4k="$ways"
            for tlb in l1d l1i; do
                [ "$(statistic $tlb.misses)" = "$(stack_misses $tlb "$sets" "$ways")" ] ||
                    fail "$trace, $tlb, $sets sets of $ways ways: $(statistic $tlb.misses) misses, the stack engine has $(stack_misses $tlb "$sets" "$ways")"
            done
            echo "$trace model 1 $(statistic bench.accesses) $(statistic bench.host_user_seconds)" >>"$work/runs"
        done
    done
done
say ''

sort -k1,2 -k5g "$work/runs" | awk -v json="$work/bench.json" '
    function finish() {
        if (key == "")
            return
        middle = n % 2 ? seconds[(n + 1) / 2] : (seconds[n / 2] + seconds[n / 2 + 1]) / 2
        rate[key] = middle > 0 ? points * accesses / middle : 0
        printf "%-12s %-8s %8d %12d %12.4f %16.2f\n", trace, engine, points, accesses, middle, rate[key] / 1e6
        line[++lines] = sprintf("{\"trace\": \"%s\", \"engine\": \"%s\", \"points\": %d, \"accesses\": %d, \"seconds\": %g, \"points_times_accesses_per_second\": %.6g}",
                                trace, engine, points, accesses, middle, rate[key])
    }
    BEGIN {
        print "Points times accesses per second of time in user mode, 4 KiB pages. Medians."
        printf "%-12s %-8s %8s %12s %12s %16s\n", "trace", "engine", "points", "accesses", "seconds", "millions/s"
    }
    key != $1 " " $2 {
        finish()
        key = $1 " " $2; trace = $1; engine = $2; points = $3; accesses = $4; n = 0
    }
    {seconds[++n] = $5}
    END {
        finish()
        print "{\n  \"runs\": [" >json
        for (i = 1; i <= lines; i++)
            print "    " line[i] (i < lines ? "," : "") >json
        print "  ]\n}" >json
        for (name in rate) {
            split(name, part)
            if (part[2] != "model")
                continue
            if (rate[name] > 0 && rate[part[1] " stack"] > 0)
                printf "%s: the stack engine is %.0f times as fast as one point after the other\n", part[1],
                       rate[part[1] " stack"] / rate[name]
            else
                printf "%s: too short for a ratio\n", part[1]
        }
    }' && mv "$work/bench.json" "$json" && echo "written to $json"
