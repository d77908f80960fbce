#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk sweep from end to end: points, messages, results, what is killed and
# what goes on, lockstep, other programs.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash
. tb/bugs/broken.bash

# sweep DIRECTORY SWEEP OPTION...
sweep() { "$twinwalk" sweep -j 2 -o "$work/$1" "$work/$2.yaml" "${@:3}"; }

# contents DIRECTORY: all that its database says but for times and what was tried how often.
contents() {
    sqlite3 "$work/$1/results.db" "
        SELECT * FROM sweep WHERE name <> 'file'; SELECT * FROM axes; SELECT * FROM axis_values; SELECT * FROM points;
        SELECT * FROM point_values; SELECT * FROM workloads; SELECT * FROM metrics;
        SELECT point, workload, key, kind, message, lockstep, command FROM runs;
        SELECT * FROM metric_values WHERE metric IN (SELECT metric FROM metrics WHERE source <> 'measured');
        SELECT key, what, kind, message, instructions, json_remove(data, '\$.bench.host_seconds',
            '\$.bench.host_user_seconds', '\$.bench.host_peak_memory', '\$.bench.host_cycle_rate',
            '\$.bench.host_access_rate') FROM evaluations ORDER BY key"
}

# same DIRECTORY DIRECTORY
same() { [ -n "$(contents "$1")" ] && diff <(contents "$1") <(contents "$2"); }

# ---- Points ----

cat >"$work/points.yaml" <<'END'
axes:
  - l1d.ways_4k: {range: 2-8, step: 3}
  - zip: {l2.sets: {powers_of_two: 64-256}, l2.latency: [7, 8, 8]}
  - config: [tiny, default]
constraints:
  - not (config = 'tiny' and l2.sets > 64)
  - l1d.ways_4k * l1d.sets_4k < l2.sets
workloads:
  - {name: u, trace: "synthetic:uniform,count=1000"}
END
points() {
    "$twinwalk" sweep --points "$work/points.yaml" >"$work/points" &&
        diff "$work/points" - <<'END'
0 l1d.ways_4k=2 l2.sets=64 l2.latency=7 config=tiny
1 l1d.ways_4k=2 l2.sets=64 l2.latency=7 config=default
2 l1d.ways_4k=2 l2.sets=128 l2.latency=8 config=default
3 l1d.ways_4k=2 l2.sets=256 l2.latency=8 config=default
4 l1d.ways_4k=5 l2.sets=64 l2.latency=7 config=tiny
5 l1d.ways_4k=5 l2.sets=128 l2.latency=8 config=default
6 l1d.ways_4k=5 l2.sets=256 l2.latency=8 config=default
7 l1d.ways_4k=8 l2.sets=64 l2.latency=7 config=tiny
8 l1d.ways_4k=8 l2.sets=256 l2.latency=8 config=default
END
}
check "ranges, powers of two, zipped axes, constraints" points

# Without --slurm the tasks of an earlier process are left to Slurm, and named.
left_tasks() {
    mkdir -p "$work/left/slurm/twinwalk-7-1" &&
        "$twinwalk" sweep -o "$work/left" "$work/points.yaml" >/dev/null 2>"$work/message" &&
        grep -q 'without --slurm they are not taken over: scancel --name=twinwalk-7-1 ends them' "$work/message" ||
        { cat "$work/message" && return 1; }
}
check "tasks that an earlier process left with Slurm are told" left_tasks

# wrong MESSAGE: the sweep on stdin is refused with that, at its place.
wrong() {
    cat >"$work/wrong.yaml"
    exits 2 "$twinwalk" sweep -o "$work/none" "$work/wrong.yaml" 2>"$work/message" || { cat "$work/message" && return 1; }
    grep -qF "wrong.yaml:$1" "$work/message" || { echo "not: $1" && cat "$work/message" && return 1; }
    [ ! -e "$work/none" ]
}

w='workloads: [{name: u, trace: "synthetic:uniform,count=1000"}]'
messages() {
    wrong '1:1: a sweep needs workloads' <<<'axes: [l2.sets: [64]]' &&
        wrong '1:1: a sweep needs axes' <<<"$w" &&
        wrong '1:1: axis: a sweep has no such key' <<<'axis: []' &&
        wrong '2:11: l2.set: there is no such key of a configuration' <<<$'axes:\n  - zip: {l2.set: [1]}\n'"$w" &&
        wrong '2:14: l2.sets: has 2 values, but l1d.sets_4k has 1: zipped' <<<$'axes: [zip: {l1d.sets_4k: [4],\n    l2.sets: [64, 128]}]\n'"$w" &&
        wrong '1:17: l2.sets: 64 is given twice' <<<$'axes: [l2.sets: [64, 64]]\n'"$w" &&
        wrong '1:17: l2.sets: 64 is given twice' <<<$'axes: [l2.sets: [64, 0x40]]\n'"$w" &&
        wrong '1:18: l2.split: true is given twice' <<<$'axes: [l2.split: [true, yes]]\n'"$w" &&
        wrong '1:24: l2.sets: another axis has it' <<<$'axes: [l2.sets: [64], {l2.sets: [128]}]\n'"$w" &&
        wrong '1:25: range: must be two numbers such as 1-8' <<<$'axes: [l2.sets: {range: 9-8}]\n'"$w" &&
        wrong '1:33: powers_of_two: both ends' <<<$'axes: [l2.sets: {powers_of_two: 3-8}]\n'"$w" &&
        wrong '2:23: constraint: no such column: l3.sets' <<<$'axes: [l2.sets: [64]]\nconstraints: [1 + 2 * l3.sets > 1]\n'"$w" &&
        wrong '2:15: constraint: is not one expression' <<<$'axes: [l2.sets: [64]]\nconstraints: ["1) FROM sqlite_schema; ATTACH (1"]\n'"$w" &&
        wrong '2:30: trace: no.trace: no such file' <<<$'axes: [l2.sets: [64]]\nworkloads: [{name: u, trace: no.trace}]' &&
        wrong '1:6: set: must be a list' <<<$'set: 1' &&
        wrong '1:11: aliases are not supported' <<<$'axes: &a [*a]' &&
        wrong '3:62: gives: x.a: there is a column' <<<$'axes: [l2.sets: [64]]\n'"$w"$'\nexternal: [{name: x, command: "{config}{output}", gives: [A, a]}]' &&
        wrong '3:62: gives: mpki.l1d: there is' <<<$'axes: [l2.sets: [64]]\n'"$w"$'\nexternal: [{name: mpki, command: "{config}{output}", gives: [l1d]}]' &&
        wrong '3:60: gives: l2.sets: there is' <<<$'axes: [l2.sets: [64]]\n'"$w"$'\nexternal: [{name: l2, command: "{config}{output}", gives: [sets]}]' &&
        wrong '4:59: gives: x.y.z: there is' <<<$'axes: [l2.sets: [64]]\n'"$w"$'\nexternal: [{name: x.y, command: "{config}{output}", gives: [z]},\n           {name: x, command: "{config}{output}", gives: [y.z]}]' &&
        wrong '3:58: gives: is empty' <<<$'axes: [l2.sets: [64]]\n'"$w"$'\nexternal: [{name: x, command: "{config}{output}", gives: []}]' &&
        wrong '2:20: name: all is what charts' <<<$'axes: [l2.sets: [64]]\nworkloads: [{name: all, trace: "synthetic:uniform"}]' &&
        wrong '2:30: trace: synthetic:uniform,write=600,fetch=600:1:11: write and fetch' <<<$'axes: [l2.sets: [64]]\nworkloads: [{name: u, trace: "synthetic:uniform,write=600,fetch=600"}]' &&
        wrong '3:11: mpki.l9: no such metric' <<<$'axes: [l2.sets: [64]]\n'"$w"$'\nmetrics: [mpki.l9]'
}
check "mistakes are told with their places" messages

# What is wrong in each point is told once, where it stands.
values() {
    a='axes: [l2.sets: [64]]'
    wrong "1:22: l2.sets: 'foo' is not a whole number" <<<$'axes: [l2.sets: [64, foo]]\n'"$w" &&
        wrong "1:22: l2.sets: '-16' is not a whole number" <<<$'axes: [l2.sets: [64, -16]]\n'"$w" &&
        wrong '1:18: l2.sets: ' <<<$'axes: [l2.sets: [99999999999999999999]]\n'"$w" &&
        wrong '1:25: l1d.ways_4k: 1000 is not in its range, 1 to 128' <<<$'axes: [l1d.ways_4k: [2, 1000]]\n'"$w" &&
        wrong '1:21: l1d.ways_4k: 129 is not in its range' <<<$'axes: [l1d.ways_4k: {range: 120-130}]\n'"$w" &&
        wrong '1:31: l1d.replacement: ' <<<$'axes: [l1d.replacement: [lru, fifo]]\n'"$w" &&
        wrong '1:23: nope: no such configuration' <<<$'axes: [config: [tiny, nope]]\n'"$w" &&
        wrong '1:7: nope: no such configuration' <<<$'base: nope\n'"$a"$'\n'"$w" &&
        wrong '2:25: memory.dram_latency: 100000 is not in its range' <<<$'base: tiny\nset: [memory.l1_kib=16, memory.dram_latency=100000]\n'"$a"$'\n'"$w" &&
        wrong '2:68: foo: unknown section' <<<"$a"$'\nworkloads: [{name: u, trace: "synthetic:uniform,count=1000", set: [foo.bar=1]}]' &&
        wrong '2:30: trace: synthetic:foo:1:11: expected' <<<"$a"$'\nworkloads: [{name: u, trace: "synthetic:foo"}]' &&
        wrong '2:30: trace: synthetic:uniform,bytes=-1:' <<<"$a"$'\nworkloads: [{name: u, trace: "synthetic:uniform,bytes=-1"}]' &&
        wrong '2:30: trace: synthetic:uniform,bytes=128TiB:' <<<"$a"$'\nworkloads: [{name: u, trace: "synthetic:uniform,bytes=128TiB"}]' &&
        wrong '2:30: trace: README.md:1: not a line of a Lackey trace' <<<"$a"$'\nworkloads: [{name: u, trace: README.md}]' &&
        wrong '2:69: image: README.md: ' <<<"$a"$'\nworkloads: [{name: u, trace: "synthetic:uniform,count=1000", image: README.md}]' &&
        wrong "1:7: seed: '9223372036854775808' is not a number from 1 to 2^63" <<<$'seed: 9223372036854775808\n'"$a"$'\n'"$w" &&
        wrong '1:8: limit: must be above 0' <<<$'limit: 0\n'"$a"$'\n'"$w"
}
check "wrong values are told with their places" values

constraints() {
    wrong '2:22: constraint: integer overflow' <<<"$a"$'\nconstraints: [1 = 1, abs(-9223372036854775807 - l2.sets / 64) > 0]\n'"$w" &&
        wrong '2:15: constraint: string or blob too big' <<<"$a"$'\nconstraints: [randomblob(1e12)]\n'"$w" &&
        wrong '2:15: constraint: no combination is left by it' <<<"$a"$'\nconstraints: [l2.sets > 64]\n'"$w" || return 1
    # Any number but 0 is true, also one below 1.
    printf '%s\nconstraints: [l2.sets / 200.0]\n%s\n' "$a" "$w" >"$work/share.yaml"
    exits 0 "$twinwalk" sweep --points "$work/share.yaml" >"$work/points" && grep -qx '0 l2.sets=64' "$work/points"
}
check "constraints that cannot be evaluated, that leave nothing, that are small" constraints

# ---- Results ----

cat >"$work/small.yaml" <<'END'
base: tiny
axes:
  - l1d.ways_4k: [1, 2, 3, 4]
  - memory.dram_latency: {range: 50-150, step: 50}
workloads:
  - {name: sqlite, trace: configs/traces/sqlite3.twt.zst, accesses: 100k, set: [trace.huge_pages=300]}
  - {name: chase, trace: "synthetic:uniform,count=20000,bytes=1MiB"}
  - {name: mix, random: true, accesses: 5k, seed: 7}
END

# The metrics are those of the run that the command repeats; a trace from memory is as one from its file.
repeated() {
    local command cycles
    exits 0 sweep small small || return 1
    answer small "SELECT count(*), sum(kind = '') FROM runs" "36|36" || return 1
    for workload in 0 1 2; do
        command=$(sqlite3 "$work/small/results.db" "SELECT command FROM runs WHERE point = 7 AND workload = $workload")
        bash -c "$command -q --json $work/again.json" || return 1
        cycles=$(sqlite3 :memory: "SELECT json_extract(readfile('$work/again.json'), '\$.bench.cycles')")
        answer small "SELECT CAST(value AS INTEGER) FROM metric_values WHERE point = 7 AND workload = $workload AND metric = 'cycles'" \
            "$cycles" || return 1
    done
    answer small "SELECT \"l1d.ways_4k\", \"memory.dram_latency\", \"mpki.l1d\" > 0, \"latency.p99\" >= \"latency.p50\" FROM results WHERE point = 11 AND workload = 'chase'" "4|150|1|1"
}
check "results are those of the runs that their commands repeat" repeated

files() {
    [ "$(wc -l <"$work/small/results.csv")" -eq 37 ] || return 1
    [ "$(sqlite3 :memory: "SELECT json_array_length(readfile('$work/small/results.json'), '\$.runs')")" -eq 36 ] || return 1
    # The three say the same, to the last digit.
    diff <(sqlite3 :memory: ".mode csv" ".import $work/small/results.csv r" 'SELECT point, workload, format("%!.17g", "latency.mean"), format("%!.17g", "mpki.l2") FROM r') \
        <(sqlite3 -csv "$work/small/results.db" 'SELECT point, workload, format("%!.17g", "latency.mean"), format("%!.17g", "mpki.l2") FROM results') &&
        [ "$(sqlite3 :memory: "SELECT group_concat(format('%!.17g', json_extract(value, '\$.metrics.\"latency.mean\"'))) FROM json_each(readfile('$work/small/results.json'), '\$.runs')")" = \
            "$(sqlite3 "$work/small/results.db" "SELECT group_concat(format('%!.17g', \"latency.mean\")) FROM results")" ] || return 1
    diff <(sqlite3 :memory: ".mode csv" ".import $work/small/results.csv r" 'SELECT point, workload, "walks" FROM r') \
        <(sqlite3 -csv "$work/small/results.db" 'SELECT point, workload, CAST("walks" AS INTEGER) FROM results' | tr -d '\r') &&
        [ "$(sqlite3 :memory: "SELECT group_concat(json_extract(value, '\$.metrics.walks')) FROM json_each(readfile('$work/small/results.json'), '\$.runs')" | sed 's/\.0//g')" = \
            "$(sqlite3 "$work/small/results.db" 'SELECT group_concat(CAST("walks" AS INTEGER)) FROM results')" ]
}
check "CSV, JSON and SQLite say the same" files

# The instructions that the trace tells are those of all of it: a part that a bound leaves has its fetches.
instructions() {
    cat >"$work/bounds.yaml" <<'END'
axes: [l2.sets: [64]]
workloads:
  - {name: some, trace: configs/traces/hash_join.twt.zst, accesses: 100}
  - {name: more, trace: configs/traces/hash_join.twt.zst, accesses: 4097}
  - {name: cycles, trace: configs/traces/hash_join.twt.zst, cycles: 100k}
  - {name: whole, trace: "synthetic:sequential,count=9000,fetch=1000"}
  - {name: none, random: true, accesses: 1k}
END
    exits 0 sweep bounds bounds || return 1
    answer bounds "SELECT group_concat(CAST(instructions AS INTEGER)) FROM results WHERE workload <> 'cycles'" "75,3072,9000,0" &&
        answer bounds "SELECT r.instructions = json_extract(data, '\$.mmu.fetches'), r.instructions BETWEEN 50000 AND 200000
            FROM results r JOIN runs USING(point) JOIN evaluations USING(key) WHERE r.workload = 'cycles' AND runs.workload = 2" "1|1" &&
        answer bounds "SELECT abs(\"mpki.l1d\" - 1000.0 * json_extract(data, '\$.l1d.misses') / 3072) < 1e-9
            FROM results r JOIN runs USING(point) JOIN evaluations USING(key) WHERE r.workload = 'more' AND runs.workload = 1" 1
}
check "instructions are those of what was played" instructions

again() {
    exits 0 sweep small small >"$work/said" && grep -qx '36 of the results were there already' "$work/said" || return 1
    # One value more on an axis costs its own runs.
    sed 's/\[1, 2, 3, 4\]/[1, 2, 3, 4, 5]/' "$work/small.yaml" >"$work/more.yaml"
    exits 0 sweep small more >"$work/said" && grep -qx '36 of the results were there already' "$work/said" &&
        answer small "SELECT count(*) FROM runs" 45 || return 1
    # Back again.
    exits 0 sweep small small >"$work/said" && answer small "SELECT count(*) FROM runs" 36
}
check "what is known is not computed again" again

# ---- What goes wrong ----

cat >"$work/faulty.yaml" <<'END'
base: tiny
axes:
  - l1d.sets_4k: [4, 5, 8]
  - walk_cache.sets_pde: [1, 3]
workloads:
  - {name: chase, trace: "synthetic:uniform,count=2000,bytes=1MiB"}
END
faulty() {
    exits 2 sweep faulty faulty >"$work/said" || return 1
    answer faulty "SELECT group_concat(kind) FROM runs" ",config,config,config,,config" &&
        answer faulty "SELECT count(*) FROM points WHERE error LIKE '%l1d.sets_4k: 5: sets must be a power of two%'" 2 &&
        grep -q 'to reproduce: .*walk_cache.sets_pde=3' "$work/said" && [ "$(grep -c '^2 x config: .*walk_cache.sets_pde' "$work/said")" = 1 ]
}
check "a point without a configuration is reported, the others go on" faulty

# Long enough to be killed.
sed 's/100k/1M/; s/20000/100000/; s/5k/50k/' "$work/small.yaml" >"$work/long.yaml"
check "a longer sweep, undisturbed" exits 0 sweep undisturbed long

stored() { [ "$(sqlite3 "$work/$1/results.db" 'SELECT count(*) FROM evaluations' 2>/dev/null || echo 0)" -ge "$2" ]; }

killed() {
    "$twinwalk" sweep -j 2 -o "$work/killed" "$work/long.yaml" &
    local runner=$! before
    until_true stored killed 3
    kill -KILL "$runner"
    wait "$runner" 2>/dev/null
    before=$(sqlite3 "$work/killed/results.db" 'SELECT count(*) FROM evaluations')
    [ "$before" -lt 36 ] || { echo "it was done already" && return 1; }
    exits 0 sweep killed long >"$work/said" || return 1
    grep -q 'of the results were there already' "$work/said" && same undisturbed killed && [ -z "$(ls "$work/killed/work")" ]
}
check "a sweep that was killed goes on to the same database" killed

# The runner has waited for its workers; what they had forked the kernel ends in its time.
no_process() { ! pgrep -f -- "$work/interrupted/work"; }
interrupted() {
    local status=0
    # What a shell starts in the background ignores the signal.
    env --default-signal=INT "$twinwalk" sweep -j 2 -o "$work/interrupted" "$work/long.yaml" >"$work/said" &
    local runner=$!
    until_true stored interrupted 3
    kill -INT "$runner"
    wait "$runner" || status=$?
    cat "$work/said" && grep -qE '^12 points, [0-9]+ of 36 runs done, 0 failed' "$work/said" || return 1
    [ "$status" -eq 3 ] && until_true no_process || return 1
    answer interrupted "SELECT count(*), sum(kind = 'pending') > 0 FROM runs" "36|1" || return 1
    exits 0 sweep interrupted long && same undisturbed interrupted
}
check "an interrupted sweep goes on to the same database" interrupted

worker_is_there() { pgrep -f -- "points $work/worker/work"; }
worker() {
    "$twinwalk" sweep -j 2 -o "$work/worker" "$work/long.yaml" >"$work/said" &
    local runner=$!
    until_true stored worker 3 && until_true worker_is_there && kill -KILL "$(pgrep -f -- "points $work/worker/work" | head -n 1)"
    wait "$runner" || return 1
    same undisturbed worker
}
check "a worker is killed: nothing is lost" worker

# limited NAME CYCLES: a sweep of one run, which has a hundredth of a minute.
limited() {
    cat >"$work/$1.yaml" <<END
base: tiny
limit: 0.01
axes: [l1d.ways_4k: [1]]
workloads: [{name: random, random: true, cycles: $2}]
END
}

late() {
    limited late 100G
    exits 3 sweep late late && answer late 'SELECT kind, attempts FROM runs' "timeout|2"
}
check "a run that does not end is killed, tried again and reported" late

# With more time the same run is tried again.
more_time() {
    limited time 60M
    exits 3 sweep time time && answer time 'SELECT kind FROM runs' timeout || return 1
    sed -i 's/limit: .*/limit: 5/' "$work/time.yaml"
    exits 0 sweep time time && answer time 'SELECT kind FROM runs' ''
}
check "what failed by its limit is tried again" more_time

# ---- Other programs ----

external() {
    cat >"$work/count" <<END
#!/bin/sh
echo "\$1" >>$work/counted
ways=\$(awk '/^l1d:/ {on = 1} on && /ways_4k:/ {print \$2; exit}' "\$1")
[ "\$ways" -ne 3 ] || { echo "three is too many" >&2; exit 1; }
echo "{\"entries\": \$((ways * 4))}" >"\$2"
END
    chmod +x "$work/count"
    { cat "$work/small.yaml" && printf 'external:\n  - {name: size, command: "%s {config} {output}", gives: [entries], hardware: true}\n' "$work/count"; } >"$work/external.yaml"
    exits 3 sweep small external >"$work/said" && grep -qx '1 x size of point 6: exit code 1: three is too many' "$work/said" &&
        grep -qx '4 evaluations by other programs, 1 failed' "$work/said" || return 1
    # Once for all points of one hardware.
    [ "$(wc -l <"$work/counted")" -eq 4 ] || return 1
    answer small 'SELECT group_concat("size.entries") FROM results WHERE workload = '"'mix'" "4.0,4.0,4.0,8.0,8.0,8.0,16.0,16.0,16.0" &&
        exits 3 sweep small external && [ "$(wc -l <"$work/counted")" -eq 4 ]
}
check "metrics of another program" external

# The workloads of a point may be of different hardware: each has the metrics of its own.
external_of_workload() {
    cat >"$work/own.yaml" <<END
axes: [memory.dram_latency: [50, 100]]
workloads:
  - {name: two, trace: "synthetic:uniform,count=1000", set: [l1d.ways_4k=2]}
  - {name: five, trace: "synthetic:uniform,count=1000", set: [l1d.ways_4k=5, trace.huge_pages=500]}
  - {name: none, trace: "synthetic:uniform,count=1000", set: [l1d.sets_4k=3]}
external: [{name: size, command: "$work/count {config} {output}", gives: [entries], hardware: true}]
END
    exits 2 sweep own own >"$work/said" || return 1
    grep -qx '2 evaluations by other programs, 0 failed' "$work/said" &&
        answer own 'SELECT group_concat(coalesce("size.entries", 0)) FROM results' "8.0,20.0,0,8.0,20.0,0"
}
check "metrics of another program are of what the workload sets" external_of_workload

dotted() {
    printf '#!/bin/sh\necho "{\\"c.d\\": 7}"\n' >"$work/seven" && chmod +x "$work/seven"
    { cat "$work/points.yaml" && printf 'external:\n  - {name: a.b, command: "%s {config} >{output}", gives: [c.d]}\n' "$work/seven"; } >"$work/dotted.yaml"
    exits 0 sweep dotted dotted >"$work/said" && answer dotted 'SELECT DISTINCT "a.b.c.d" FROM results' 7.0
}
check "dots in the names of another program's metrics" dotted

# Names and paths may have in them what tables and shells take for something else.
awkward() {
    local directory="it's \$HOME, here"
    cat >"$work/awkward.yaml" <<'END'
axes: [l1d.ways_4k: [4]]
workloads: [{name: u, trace: "synthetic:uniform,count=1000"}]
external: [{name: n, command: "wc -c <{config} | sed 's/.*/{\"a,b\": &}/' >{output}", gives: ["a,b"]}]
END
    exits 0 sweep "$directory" awkward && cp "$work/$directory/results.csv" "$work/awkward.csv" &&
        [ "$(sqlite3 :memory: ".import --csv $work/awkward.csv results" 'SELECT "n.a,b" > 1000 FROM results')" = 1 ]
}
check "names and paths that need to be quoted" awkward

# ---- What changes meanwhile ----

cp configs/tiny.yaml "$work/base.yaml"
cp configs/traces/sqlite3.twt.zst "$work/trace.twt.zst"
cat >"$work/changing.yaml" <<END
base: $work/base.yaml
axes: [l1d.ways_4k: [2, 4]]
workloads: [{name: t, trace: $work/trace.twt.zst, accesses: 20k}]
external: [{name: n, command: "[ ! -s $work/change ] || . $work/change; : {config}; echo '{\\"n\\": 1}' >{output}", gives: [n]}]
END

# changing CHANGE FILE: other programs come first; this one changes the file, which the runs after it read.
changing() {
    echo "$1" >"$work/change"
    exits 2 sweep changing changing -j 1 >"$work/said" && grep -qF "$2: was changed since the sweep began" "$work/said"
}
changed() {
    changing "touch -d '1 hour ago' $work/base.yaml" "$work/base.yaml" &&
        answer changing 'SELECT group_concat(kind) FROM runs' input,input &&
        answer changing "SELECT count(*) FROM evaluations WHERE kind = ''" 0 || return 1
    # Another file under its name, of the same size and age.
    changing "cp -p $work/trace.twt.zst $work/t && mv $work/t $work/trace.twt.zst" "$work/trace.twt.zst" || return 1
    : >"$work/change"
    exits 0 sweep changing changing && answer changing "SELECT count(*) FROM evaluations WHERE kind = ''" 4 || return 1
    # What is done again in lockstep reads it anew; another command has to be asked again.
    { sed 's/: {config};/: it {config};/' "$work/changing.yaml" && echo 'verify: 1'; } >"$work/verified.yaml"
    echo "touch -d '2 hours ago' $work/trace.twt.zst" >"$work/change"
    exits 2 sweep changing verified -j 1 && answer changing 'SELECT group_concat(lockstep) FROM runs' input,input || return 1
    : >"$work/change"
    exits 0 sweep changing verified && answer changing 'SELECT group_concat(lockstep) FROM runs' agrees,agrees
}
check "inputs that are changed meanwhile: nothing of it is kept" changed

# left SIZE COUNT: so many results that a killed sweep left are taken, whose trace had so many bytes.
left() {
    touch -d @1700000000 "$work/trace.twt.zst"
    printf '{"inputs": [{"path": "%s", "size": %s, "seconds": 1700000000, "nanoseconds": 0, "inode": %s}]}' \
        "$work/trace.twt.zst" "$1" "$(stat -c %i "$work/trace.twt.zst")" >"$work/changing/work/1-1.json"
    # Another program's, of whatever it likes.
    echo '{"inputs": [7]}' >"$work/changing/work/1-2.json"
    sqlite3 "$work/changing/results.db" "SELECT json_object('run', key, 'status', 0, 'seconds', 4321, 'instructions', 1,
        'statistics', json(data)) FROM evaluations WHERE what = 'model'" >"$work/changing/work/1-1.out"
    sqlite3 "$work/changing/results.db" "DELETE FROM evaluations WHERE what = 'model'"
    exits 0 sweep changing changing && [ -z "$(ls "$work/changing/work")" ] &&
        answer changing 'SELECT count(*) FROM evaluations WHERE seconds = 4321' "$2"
}
check "what a killed sweep left is taken" left "$(stat -c %s "$work/trace.twt.zst")" 2
check "what it left of inputs that were changed is not" left 1 0

# ---- Lockstep ----

cat >"$work/lockstep.yaml" <<'END'
base: tiny
set: [memory.jitter=20, random.weight_invlpg=200, random.op_rate=100]
verify: 0.5
axes: [memory.dram_latency: [50, 100, 150, 200]]
workloads: [{name: a, random: true, accesses: 5k, seed: 1}, {name: b, random: true, accesses: 5k, seed: 2},
  {name: c, trace: "synthetic:uniform,count=5000,bytes=1MiB"}]
END
lockstep() {
    exits 0 sweep lockstep lockstep >"$work/said" && answer lockstep "SELECT sum(lockstep = 'agrees'), sum(lockstep = '') FROM runs" "6|6" &&
        grep -qx '6 of 6 runs in lockstep with the RTL of their point gave the same statistics' "$work/said"
}
check "a part of the runs agrees in lockstep" lockstep

# The last way of a set is not looked at by INVLPG.
bug() {
    apply invlpg_skips_way && TWINWALK_RTL=$(realpath "$(build_rtl invlpg_skips_way tiny)") || return 1
    export TWINWALK_RTL
    local status=0
    exits 1 sweep lockstep lockstep >"$work/said" || status=1
    unset TWINWALK_RTL
    [ "$status" -eq 0 ] && answer lockstep "SELECT sum(lockstep = 'mismatch') > 0, sum(lockstep IN ('mismatch', 'agrees')), sum(kind = '') FROM runs" "1|6|12" &&
        grep -q 'in lockstep, mismatch' "$work/said"
}
check "an RTL with a bug: the runs in lockstep say so" bug

# What cannot be built says why.
unbuildable() {
    cp -r rtl "$work/rtl" && echo nonsense >>"$work/rtl/mmu.sv" || return 1
    RTL_DIR=$work/rtl exits 3 sweep lockstep lockstep &&
        answer lockstep "SELECT count(*) FROM runs WHERE lockstep = 'internal' AND lockstep_message LIKE '%Error%/rtl/mmu.sv:%'" 6
}
check "an RTL that cannot be built" unbuildable
plan
