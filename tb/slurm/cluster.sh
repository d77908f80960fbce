#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A Slurm cluster of this one machine, without systemd, in a directory of its own:
#
#   cluster.sh up DIR          munged, slurmctld and slurmd; returns when the node is idle
#   cluster.sh node-down DIR   kills slurmd, as if the node had died, with what runs there
#   cluster.sh node-up DIR     starts slurmd again
#   cluster.sh down DIR        ends everything and removes DIR
#
# Needs root and the packages of .ci/packages-slurm. Its commands (sbatch, ...)
# are those with SLURM_CONF=DIR/slurm.conf. CPUS: processors of the node;
# MAX_ARRAY_SIZE: Slurm's limit of that name.
set -eu

usage() {
    sed -n '3,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1
dir=$2
host=$(uname -n)
export SLURM_CONF=$dir/slurm.conf

die() {
    echo "cluster: $*" >&2
    exit 3
}

# until SECONDS COMMAND...: whether it succeeds in that time.
until_true() {
    local tries=$(($1 * 10))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

# free_ports N: ports of this machine that nothing listens on; the kernel names listeners in hexadecimal.
free_ports() {
    local port count=0
    for port in $(shuf -i 20000-29999 -n 100); do
        grep -qi ":$(printf %04x "$port") 0*:0000 0A" /proc/net/tcp && continue
        echo "$port"
        [ $((count += 1)) -lt "$1" ] || return 0
    done
    die "no free port"
}

configure() {
    local controller_port node_port
    { read -r controller_port && read -r node_port; } < <(free_ports 2)
    cat >"$dir/slurm.conf" <<END
ClusterName=twinwalk
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MaxArraySize=${MAX_ARRAY_SIZE:-10001}
MaxJobCount=20000
SlurmdParameters=config_overrides
SlurmdTimeout=5
KillWait=2
InactiveLimit=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=${CPUS:-2} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    echo 'CgroupPlugin=cgroup/v1' >"$dir/cgroup.conf"
}

start_node() {
    slurmd -f "$SLURM_CONF" || die "slurmd does not start, see $dir/slurmd.log"
    until_true 30 is_usable || die "the node does not become usable, see $dir/slurmd.log"
}

is_usable() { sinfo -h -o %t | grep -qE '^(idle|mix|alloc)$'; }

up() {
    [ "$(id -u)" -eq 0 ] || die "must be started by root"
    mkdir "$dir" || die "$dir: must not be there yet"
    # Not for root alone: munge asks for that.
    chmod 755 "$dir"
    mkdir "$dir/state" "$dir/spool"
    configure
    (umask 077 && head -c 128 /dev/urandom >"$dir/munge.key")
    munged --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
        --seed-file="$dir/munge.seed" --log-file="$dir/munged.log" --num-threads=2 ||
        die "munged does not start, see $dir/munged.log"
    slurmctld -f "$SLURM_CONF" || die "slurmctld does not start, see $dir/slurmctld.log"
    start_node
}

# The process in a file of its number, and by its name as the number may be another's by now.
pid_of() {
    local pid
    pid=$(cat "$dir/$1.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] && echo "$pid"
}

# Also when nobody has waited for its end.
is_gone() { ! grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status" 2>/dev/null; }

# end DAEMON SIGNAL: waits until it is gone.
end() {
    local pid
    pid=$(pid_of "$1") || return 0
    kill "-$2" "$pid"
    until_true 30 is_gone "$pid" || kill -KILL "$pid"
}

# What slurmd has started for jobs outlives it.
end_steps() {
    local pid
    for pid in $(pgrep -x slurmstepd); do
        # Of this cluster: they are where slurmd writes its log.
        [ "$(readlink "/proc/$pid/cwd")" = "$(realpath "$dir")" ] || continue
        # The job's processes: children of the step, and theirs.
        kill_tree "$pid"
    done
}

kill_tree() {
    local child children
    # Of a dead parent they would be found no more.
    children=$(pgrep -P "$1") || true
    kill -KILL "$1" 2>/dev/null || true
    for child in $children; do kill_tree "$child"; done
}

case $action in
up) up ;;
node-down)
    end slurmd KILL
    end_steps
    ;;
node-up) start_node ;;
down)
    # Without their file Slurm's commands look for one for two minutes.
    [ -e "$SLURM_CONF" ] || exit 0
    scancel -u "$(id -un)" 2>/dev/null || true
    until_true 10 sh -c '[ -z "$(squeue -h)" ]' || true
    end slurmd TERM
    end_steps
    end slurmctld TERM
    end munged TERM
    rm -rf "$dir"
    ;;
*) usage ;;
esac
