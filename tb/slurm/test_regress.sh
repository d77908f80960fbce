#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk regress --slurm on a cluster of this machine: the results are those of
# local processes, whatever is killed meanwhile: runs, tasks, the node, the
# runner. Needs root; `make test-slurm` installs what it needs.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
here=$(dirname "$0")
work=$(mktemp -d)
# Not for root alone: munge's socket is in it.
chmod 755 "$work"
cluster=$work/cluster
trap '"$here/cluster.sh" down "$cluster"; rm -rf "$work"' EXIT
. tb/tests/tap.bash

# regress DIRECTORY PLAN OPTION...
regress() { "$twinwalk" regress -o "$work/$1" "$work/$2.yaml" "${@:3}"; }

# The results but for times: identical in the two directories; and no task is left.
same_results() {
    local columns='key, entry, config, stimulus, seed, kind, signature, cycle, cycles, accesses, command' count
    count=$(sqlite3 "$work/$1/results.db" "ATTACH '$work/$2/results.db' AS other;
        SELECT count(*) FROM (SELECT $columns FROM runs EXCEPT SELECT $columns FROM other.runs);
        SELECT count(*) FROM (SELECT $columns FROM other.runs EXCEPT SELECT $columns FROM runs);
        SELECT count(*) > 0 FROM runs" | tr '\n' ' ')
    [ "$count" = "0 0 1 " ] || { echo "runs only here, only there, any at all: $count" && return 1; }
    nothing_is_left "$2"
}

nothing_is_left() {
    squeue -h
    [ -z "$(squeue -h)" ] && [ ! -e "$work/$1/slurm" ] && ! pgrep -f -- "$work/$1" && ! ls "$work/$1"/logs/*.json
}

# Long enough to be killed: half a second and more each.
cat >"$work/long.yaml" <<'END'
runs:
  - name: long
    configs: [tiny]
    engine: model
    random: true
    seeds: 1-8
    cycles: 6M
END
cat >"$work/wrong.tw" <<'END'
read 0x1000 expect pa=0x7000
END
printf 'nonsense\n' >"$work/bad.tw"
cat >"$work/mixed.yaml" <<END
runs:
  - name: random
    configs: [tiny, default]
    engine: model
    random: true
    seeds: 1-60
    cycles: 100k
  - name: lockstep
    configs: [tiny]
    scripts: [tb/scripts/*.tw]
    seeds: 1-2
  - name: failing
    configs: [tiny]
    engine: model
    scripts: [$work/wrong.tw, $work/bad.tw]
END

# ---- Without a cluster ----

no_commands() {
    mkdir "$work/path"
    says "is slurm-client installed?" 2 env PATH="$work/path" "$(realpath "$twinwalk")" regress --slurm -o "$work/none" "$work/long.yaml"
}
check "without Slurm's commands" no_commands
cat >"$work/none.conf" <<'END'
ClusterName=none
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=9
MessageTimeout=2
NodeName=none
PartitionName=none Nodes=none
END
check "without a controller" says "Slurm cannot be used" 2 env SLURM_CONF="$work/none.conf" "$twinwalk" regress --slurm -o "$work/none" "$work/long.yaml"

CPUS=3 MAX_ARRAY_SIZE=7 "$here/cluster.sh" up "$cluster" || exit 1
export SLURM_CONF=$cluster/slurm.conf

# ---- The same results ----

same() {
    exits 1 regress local mixed -j 2 && exits 1 regress slurm mixed --slurm && same_results local slurm || return 1
    answer slurm "SELECT count(*), sum(attempts) FROM runs" "$(sqlite3 "$work/local/results.db" 'SELECT count(*), count(*) FROM runs')" || return 1
    # What failing runs say is there too, and the reports are the same but for times.
    diff <(cd "$work/local/logs" && cat -- *) <(cd "$work/slurm/logs" && cat -- *) &&
        diff <(grep -oE '(name|message|type)="[^"]*"|^  to reproduce.*' "$work/local/junit.xml" | sort) \
            <(grep -oE '(name|message|type)="[^"]*"|^  to reproduce.*' "$work/slurm/junit.xml" | sort)
}
check "the results are those of local processes" same

arrays() {
    exits 1 regress arrays mixed --slurm -j 20 && same_results local arrays || return 1
    # 180 runs in 20 tasks, of which an array may have 7.
    [ "$(grep -c '_slurm_rpc_submit_batch_job' "$cluster/slurmctld.log")" -ge 3 ]
}
check "more tasks than an array may have" arrays

minutes() {
    cat >"$work/minutes.yaml" <<'END'
runs:
  - name: timed
    configs: [tiny]
    engine: model
    scripts: [tb/scripts/invlpg.tw]
    minutes: 0.01
END
    exits 0 regress minutes minutes --slurm && answer minutes "SELECT sum(seconds) >= 0.6 FROM runs" 1
}
check "minutes for a bound" minutes

limit() {
    sed 's/seeds: .*/limit: 0.01/; s/6M/100G/' "$work/long.yaml" >"$work/limit.yaml"
    exits 3 regress limit limit --slurm && answer limit 'SELECT kind, attempts FROM runs' "timeout|2" && nothing_is_left limit
}
check "a run that does not end is killed, tried again and reported" limit

# ---- What is killed ----

check "long runs, locally" exits 0 regress long-local long

# running DIRECTORY: processes of runs there.
running() { pgrep -f -- "run .*--json $work/$1/"; }
run_at_once() { [ "$(running "$1" | wc -l)" -ge "$2" ]; }
tasks() { pgrep -f -- "twinwalk task $work/$1/"; }

# start DIRECTORY PLAN: in the background; sets `runner`.
start() {
    "$twinwalk" regress -o "$work/$1" "$work/$2.yaml" --slurm -j 2 &
    runner=$!
}

# while_running DIRECTORY COMMAND...: starts the long runs, does COMMAND once two are at work, and waits for the end.
while_running() {
    local directory=$1 status=0
    shift
    start "$directory" long
    until_true run_at_once "$directory" 2 || status=1
    "$@" || status=1
    wait "$runner" || status=1
    [ "$status" -eq 0 ] && same_results long-local "$directory"
}

kill_run() {
    local pid
    for pid in $(running killed-run); do
        stop "$pid" && kill -KILL "$pid" && return
    done
    return 1
}
killed_run() {
    while_running killed-run until_true kill_run && answer killed-run "SELECT count(*), sum(attempts) FROM runs" "8|9" &&
        ls "$work/killed-run/logs/"*.first.log
}
check "a run is killed: it is done again, the others once" killed_run

# One that is between two runs would lose none.
kill_task() {
    local pid
    for pid in $(tasks killed-task); do
        stop "$pid" && pgrep -P "$pid" -f -- "--json $work/killed-task/" && kill -KILL "$pid" && return
        kill -CONT "$pid"
    done
    return 1
}
killed_task() {
    while_running killed-task until_true kill_task && answer killed-task "SELECT count(*), sum(attempts) FROM runs" "8|9"
}
check "a task is killed: its run is done again, the others once" killed_task

stop_daemon() { kill -KILL "$(cat "$cluster/slurmd.pid")" && sleep 1 && "$here/cluster.sh" node-up "$cluster"; }
killed_daemon() { while_running killed-daemon stop_daemon && answer killed-daemon "SELECT count(*) FROM runs" 8; }
check "slurmd is killed and comes back" killed_daemon

# hold_two DIRECTORY: two runs stop, so that neither can end before what is to happen to it has.
hold_two() {
    local pid count=0
    for pid in $(running "$1"); do
        stop "$pid" && count=$((count + 1))
    done
    [ "$count" -eq 2 ] || { pkill -CONT -f -- "run .*--json $work/$1/" && return 1; }
}

node_is_down() { sinfo -h -o %t | grep -q down; }
lose_node() {
    until_true hold_two lost-node || return 1
    "$here/cluster.sh" node-down "$cluster"
    until_true node_is_down || return 1
    sleep 1
    "$here/cluster.sh" node-up "$cluster"
}
lost_node() {
    while_running lost-node lose_node && answer lost-node "SELECT count(*), sum(attempts), sum(kind <> '') FROM runs" "8|10|0"
}
check "the node dies with what runs there, and comes back: nothing is lost" lost_node

other_runs() { running cancelled | grep -vqx "$1"; }
cancelled() {
    sed 's/seeds: .*//; s/6M/100G/' "$work/long.yaml" >"$work/cancelled.yaml"
    start cancelled cancelled
    local status=0 first
    until_true running cancelled && first=$(running cancelled) && scancel -u root &&
        until_true other_runs "$first" && scancel -u root
    wait "$runner" || status=$?
    [ "$status" -eq 3 ] && answer cancelled "SELECT kind, signature, attempts FROM runs" "crash|its Slurm task was lost: CANCELLED|2" &&
        nothing_is_left cancelled
}
check "tasks are cancelled by others: tried again once, then reported" cancelled

# ---- The runner ----

results_in() { [ "$(sqlite3 "$work/$1/results.db" 'SELECT count(*) FROM runs')" -gt 0 ]; }
interrupted() {
    local before status=0
    # What a shell starts in the background ignores the signal.
    env --default-signal=INT "$twinwalk" regress -o "$work/interrupted" "$work/long.yaml" --slurm -j 2 &
    local runner=$!
    until_true results_in interrupted && kill -INT "$runner"
    wait "$runner" || status=$?
    [ "$status" -eq 3 ] && nothing_is_left interrupted || return 1
    before=$(sqlite3 "$work/interrupted/results.db" 'SELECT count(*) FROM runs')
    [ "$before" -gt 0 ] && [ "$before" -lt 8 ] || { echo "$before were done" && return 1; }
    says "$before of the results were there already" 0 regress interrupted long --slurm && same_results long-local interrupted &&
        answer interrupted 'SELECT sum(attempts) FROM runs' 8
}
check "an interrupt cancels what is queued, and the same command goes on" interrupted

# Its tasks run on; those that end meanwhile are not done again, and those that run are waited for.
another_ended() { grep -q ^end "$work"/killed-runner/slurm/*/*.out; }
killed_runner() {
    local first
    start killed-runner long
    until_true running killed-runner || return 1
    sleep 1
    kill -KILL "$runner"
    wait "$runner" 2>/dev/null
    first=$(squeue -h -o %F | sort -u)
    until_true another_ended && running killed-runner || return 1
    exits 0 regress killed-runner long --slurm -j 2 && same_results long-local killed-runner &&
        answer killed-runner 'SELECT sum(attempts) FROM runs' 8 || return 1
    # Nothing but what the first had submitted.
    [ "$(squeue -h --states=all -o %F | sort -n | tail -n 1)" = "$first" ]
}
check "the runner is killed: the next takes its tasks over" killed_runner

# ---- A cluster that does not want ----

refused() { says "Slurm refuses the tasks" 3 env SBATCH_PARTITION=nosuch "$twinwalk" regress --slurm -o "$work/refused" "$work/long.yaml" && nothing_is_left refused; }
check "a submission is refused" refused

reason_is_said() { grep -q 'Slurm starts no task: PartitionDown' "$work/said"; }
held() {
    local status=0
    scontrol update PartitionName=main State=DOWN
    # What a shell starts in the background ignores the signal.
    env --default-signal=INT "$twinwalk" regress -o "$work/held" "$work/long.yaml" --slurm >"$work/said" 2>&1 &
    local runner=$!
    until_true reason_is_said || status=1
    kill -INT "$runner"
    wait "$runner"
    scontrol update PartitionName=main State=UP
    cat "$work/said"
    [ "$status" -eq 0 ] && nothing_is_left held
}
check "tasks that are not started: it is said why" held

# Drained: a node that is set down comes back when its slurmd registers next.
no_node() {
    local status=0
    scontrol update NodeName="$(uname -n)" State=DRAIN Reason=test
    says "no node that is up" 2 regress none long --slurm || status=1
    scontrol update NodeName="$(uname -n)" State=RESUME
    return $status
}
check "no node is up" no_node

no_task() { [ -z "$(squeue -h)" ]; }
absent() {
    local controller status=0 continuer
    controller=$(cat "$cluster/slurmctld.pid")
    start absent long
    until_true run_at_once absent 2 || status=1
    # Slurm's commands give up after MessageTimeout, 10 s.
    kill -STOP "$controller"
    (sleep 12 && kill -CONT "$controller") &
    continuer=$!
    wait "$runner" || status=1
    # Of tasks that ended meanwhile it hears only now.
    wait "$continuer" && until_true no_task || status=1
    [ "$status" -eq 0 ] && same_results long-local absent && answer absent 'SELECT sum(attempts) FROM runs' 8
}
check "the controller does not answer for a while" absent

down() {
    local pids
    pids=$(cat "$cluster"/*.pid)
    "$here/cluster.sh" down "$cluster"
    [ ! -e "$cluster" ] || return 1
    for pid in $pids; do
        gone "$pid" || { echo "$pid is there" && return 1; }
    done
    ! pgrep -f -- "$work"
}
check "the cluster is taken down with nothing left behind" down
plan
