#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk sweep --slurm on a cluster of this machine: the results are bit by bit
# those of local processes, also when a worker, the node or the runner is killed
# meanwhile. Needs root; `make test-slurm` installs what it needs.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
here=$(dirname "$0")
work=$(mktemp -d)
# Not for root alone: munge's socket is in it.
chmod 755 "$work"
cluster=$work/cluster
trap '"$here/cluster.sh" down "$cluster"; rm -rf "$work"' EXIT
. tb/tests/tap.bash

# contents DIRECTORY: all that its database says but for times and what was tried how often.
contents() {
    sqlite3 "$work/$1/results.db" "
        SELECT * FROM sweep; SELECT * FROM axes; SELECT * FROM axis_values; SELECT * FROM points;
        SELECT * FROM point_values; SELECT * FROM workloads; SELECT * FROM metrics;
        SELECT point, workload, key, kind, message, lockstep, command FROM runs;
        SELECT * FROM metric_values WHERE metric IN (SELECT metric FROM metrics WHERE source <> 'measured');
        SELECT key, what, kind, message, instructions, json_remove(data, '\$.bench.host_seconds',
            '\$.bench.host_user_seconds', '\$.bench.host_peak_memory', '\$.bench.host_cycle_rate',
            '\$.bench.host_access_rate') FROM evaluations ORDER BY key"
}

# Slurm itself takes a moment to forget a task that has ended.
no_process_is_left() { [ -z "$(squeue -h)" ] && ! pgrep -f -- "$work/$1/"; }

# same DIRECTORY: as the local one, and nothing is left.
same() {
    [ -n "$(contents "$1")" ] && diff <(contents local) <(contents "$1") || return 1
    diff <(cut -d, -f1-20 "$work/local/results.csv") <(cut -d, -f1-20 "$work/$1/results.csv") || return 1
    until_true no_process_is_left "$1" || return 1
    diff <(echo "$work/$1/work") <(find "$work/$1/work" "$work/$1/slurm" 2>/dev/null)
}

cat >"$work/sweep.yaml" <<'END'
base: tiny
axes:
  - memory.queue: [1, 2, 4, 8]
  - memory.dram_latency: {range: 50-250, step: 50}
workloads:
  - {name: sqlite, trace: configs/traces/sqlite3.twt.zst, accesses: 2M}
  - {name: uniform, trace: "synthetic:uniform,count=100000,bytes=1MiB"}
  - {name: mix, random: true, accesses: 20k}
verify: 0.02
external:
  - {name: size, command: "wc -c <{config} | sed 's/.*/{\"bytes\": &}/' >{output}", gives: [bytes], hardware: true}
END
runs=60

CPUS=3 "$here/cluster.sh" up "$cluster" || exit 1
export SLURM_CONF=$cluster/slurm.conf

check "locally" "$twinwalk" sweep -o "$work/local" "$work/sweep.yaml" -j 2

over_slurm() { "$twinwalk" sweep -o "$work/slurm" "$work/sweep.yaml" --slurm && same slurm; }
check "over Slurm: the same" over_slurm

# ---- What is killed ----
#
# First a worker is stopped within a run: the sweep cannot end before what is to happen to it has, and
# that run has to be done twice.

stored() { [ "$(sqlite3 "$work/$1/results.db" 'SELECT count(*) FROM evaluations')" -ge "$2" ]; }
workers() { pgrep -f -- "points $work/$1/work/"; }
batch() { tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | sed -n 3p; }

# hold DIRECTORY: a worker and its run stop; sets `held` and `batch`. Fails when none is within a run.
hold() {
    local pid parent
    for pid in $(workers "$1"); do
        # A run is a child of its worker, and has its command line.
        batch=$(batch "$pid")
        parent=$(ps -o ppid= -p "$pid" | tr -d ' ')
        [ -n "$batch" ] && [ "$(batch "$parent")" != "$batch" ] || continue
        if stop "$pid" && within_a_run "$batch"; then
            held=$pid
            pkill -STOP -P "$held"
            return 0
        fi
        kill -CONT "$pid" 2>/dev/null
    done
    return 1
}

# within_a_run BATCH: it is begun and not done. A worker that still reads its trace, or is between two runs, is not.
within_a_run() {
    [ -s "$1.out" ] && [ "$(grep -c '^{"begin":' "$1.out")" -gt "$(grep -c '^{"run":' "$1.out")" ]
}

is_held() { [ "$(state "$held")" = T ] && within_a_run "$batch"; }

# start DIRECTORY: in the background; returns when a worker is held and others have stored results. Sets `runner`.
start() {
    "$twinwalk" sweep -o "$work/$1" "$work/sweep.yaml" --slurm -j 2 >"$work/said" &
    runner=$!
    until_true hold "$1" && until_true stored "$1" 3 && is_held && [ "$(state "$runner")" != Z ]
}

# disturbed DIRECTORY COMMAND...: COMMAND ends the held worker; its runs are done again.
disturbed() {
    local directory=$1 status=0
    shift
    start "$directory" && "$@" || status=1
    ! is_held || { echo "the worker is still there" && kill -CONT "$held" && status=1; }
    wait "$runner" || status=1
    cat "$work/said"
    [ "$status" -eq 0 ] && grep -qE '^[0-9]+ runs? done twice, ' "$work/said" && same "$directory"
}

kill_worker() { kill -KILL "$held" && until_true gone "$held"; }
check "a worker is killed: the same" disturbed worker kill_worker

node_is_down() { sinfo -h -o %t | grep -q down; }
lose_node() { "$here/cluster.sh" node-down "$cluster" && until_true node_is_down && sleep 1 && "$here/cluster.sh" node-up "$cluster"; }
check "the node dies with what runs there, and comes back: the same" disturbed node lose_node

# ---- The runner ----

# resumed SIGNAL STATUS: the runner gets it and ends so; what it has begun goes on meanwhile, if it lets it.
resumed() {
    local directory=resumed-$1 status=0 before
    start "$directory" && kill -"$1" "$runner" || status=1
    kill -CONT "$held"
    pkill -CONT -P "$held"
    wait "$runner" || [ $? -eq "$2" ] || status=1
    [ "$status" -eq 0 ] || return 1
    before=$(sqlite3 "$work/$directory/results.db" 'SELECT count(*) FROM evaluations')
    [ "$before" -ge 3 ] && [ "$before" -lt "$runs" ] || { echo "$before were done" && return 1; }
    "$twinwalk" sweep -o "$work/$directory" "$work/sweep.yaml" --slurm -j 2 >"$work/said" || { cat "$work/said" && return 1; }
    cat "$work/said"
    grep -q 'of the results were there already' "$work/said" && same "$directory"
}
check "the runner is told to end, and goes on: the same" resumed TERM 3
check "the runner is killed, and goes on: the same" resumed KILL 137
plan
