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

# until_true COMMAND...: within two minutes.
until_true() {
    local tries=1200
    until "$@" >/dev/null 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || { echo "never: $*" && return 1; }
        sleep 0.1
    done
}

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

# same DIRECTORY: as the local one, and nothing is left.
same() {
    [ -n "$(contents "$1")" ] && diff <(contents local) <(contents "$1") || return 1
    diff <(cut -d, -f1-20 "$work/local/results.csv") <(cut -d, -f1-20 "$work/$1/results.csv") || return 1
    [ -z "$(squeue -h)" ] && [ ! -e "$work/$1/slurm" ] && [ -z "$(ls "$work/$1/work")" ] && ! pgrep -f -- "$work/$1/"
}

cat >"$work/sweep.yaml" <<'END'
base: tiny
axes:
  - memory.queue: {range: 1-8}
  - memory.dram_latency: {range: 50-250, step: 50}
workloads:
  - {name: sqlite, trace: configs/traces/sqlite3.twt.zst, accesses: 2M}
  - {name: uniform, trace: "synthetic:uniform,count=100000,bytes=1MiB"}
  - {name: mix, random: true, accesses: 20k}
verify: 0.02
external:
  - {name: size, command: "wc -c <{config} | sed 's/.*/{\"bytes\": &}/' >{output}", gives: [bytes], hardware: true}
END

# start DIRECTORY: in the background; sets `runner`.
start() {
    "$twinwalk" sweep -o "$work/$1" "$work/sweep.yaml" --slurm -j 2 &
    runner=$!
}

CPUS=3 "$here/cluster.sh" up "$cluster" || exit 1
export SLURM_CONF=$cluster/slurm.conf

check "locally" "$twinwalk" sweep -o "$work/local" "$work/sweep.yaml" -j 2

over_slurm() { "$twinwalk" sweep -o "$work/slurm" "$work/sweep.yaml" --slurm && same slurm; }
check "over Slurm: the same" over_slurm

stored() { [ "$(sqlite3 "$work/$1/results.db" 'SELECT count(*) FROM evaluations')" -ge "$2" ]; }
workers() { pgrep -f -- "points $work/$1/work"; }

# disturbed DIRECTORY COMMAND...: once some results are there and a worker runs.
disturbed() {
    local directory=$1 status=0
    shift
    start "$directory"
    until_true stored "$directory" 3 && until_true workers "$directory" || status=1
    "$@" || status=1
    wait "$runner" || status=1
    [ "$status" -eq 0 ] && same "$directory"
}

kill_worker() { kill -KILL "$(workers worker | head -n 1)"; }
check "a worker is killed: the same" disturbed worker kill_worker

node_is_down() { sinfo -h -o %t | grep -q down; }
lose_node() { "$here/cluster.sh" node-down "$cluster" && until_true node_is_down && sleep 1 && "$here/cluster.sh" node-up "$cluster"; }
check "the node dies with what runs there, and comes back: the same" disturbed node lose_node

resumed() {
    start resumed
    until_true stored resumed 3
    kill -"$1" "$runner"
    wait "$runner" 2>/dev/null
    "$twinwalk" sweep -o "$work/resumed" "$work/sweep.yaml" --slurm -j 2 >"$work/said" || { cat "$work/said" && return 1; }
    grep -q 'of the results were there already' "$work/said" && same resumed || return 1
    rm -r "$work/resumed"
}
check "the runner is told to end, and goes on: the same" resumed TERM
check "the runner is killed, and goes on: the same" resumed KILL
echo "1..$number"
