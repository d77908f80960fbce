#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk capture, with real programs under a real Valgrind.
set -u
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

# info_of FILE WORD: the first number behind WORD in what `trace info` says.
info_of() { "$twinwalk" trace info "$1" | awk -v word="$2" '$1 == word {print $2}'; }

# statistic FILE NAME
statistic() { awk -v name="$2" '$1 == name {print $2}' "$1"; }

# is WHAT GOT CONDITION: complains unless the number meets the condition, such as "-gt 5".
is() {
    # shellcheck disable=SC2086  # two words
    test "$2" $3 || { echo "$1: $2 is not $3" && return 1; }
}

# The program, its libraries and stack: no access is outside of what is mapped, none breaks its rights,
# and what the loader unmaps is invalidated.
whole_program() {
    echo hello >"$work/in"
    "$twinwalk" capture -o "$work/cat.twt.zst" -- cat <"$work/in" >"$work/cat.out" &&
        grep -qx hello "$work/cat.out" &&
        grep -q "accesses written to $work/cat.twt.zst, after 0; 0 outside" "$work/cat.out" &&
        is accesses "$(info_of "$work/cat.twt.zst" accesses)" "-gt 50000" &&
        is mappings "$(info_of "$work/cat.twt.zst" mappings)" "-gt 20" &&
        is outside "$(info_of "$work/cat.twt.zst" outside)" "-eq 0" &&
        "$twinwalk" run -q -c tiny --engine model --judge --trace "$work/cat.twt.zst" --stats "$work/stats" &&
        is "page faults" "$(statistic "$work/stats" bench.page_faults)" "-eq 0" &&
        is INVLPG "$(statistic "$work/stats" bench.ops.invlpg)" "-gt 5"
}

# The same in lockstep with the RTL: operations in the middle of the trace.
lockstep() {
    "$twinwalk" run -q -c tiny --trace "$work/cat.twt.zst" --accesses 100k
}

# A write to where the program may not write faults: the rights in the trace do mean something.
rights_count() {
    {
        printf 'twtrace\2'
        printf '\x0b\x01\x10\x01' # page 0x10, one page, readable
        printf '\x81\x80\x20'     # write 0x10000
        printf '\x03\x01\x00'
    } >"$work/rights.twt"
    "$twinwalk" run -q -c tiny --engine model --judge --trace "$work/rights.twt" --stats "$work/stats" &&
        is "page faults" "$(statistic "$work/stats" bench.page_faults)" "-eq 1"
}

# huge FILE WHERE: how many walks of a trace found a 2 MiB page under that policy; statistics in $work/stats.
huge() {
    "$twinwalk" run -q -c default --engine model --judge --trace "$1" --stats "$work/stats" \
        -s trace.huge_pages=1000 -s trace.huge_where="$2" && statistic "$work/stats" bench.walk_answers.2m
}

# The tables of a compressor are in 2 MiB pages, if the policy says so; it advises nothing.
huge_pages() {
    "$twinwalk" capture -q -o "$work/large.twt.zst" --skip 100k --accesses 800k -- xz -c /etc/passwd >"$work/out.xz" &&
        is anonymous "$(huge "$work/large.twt.zst" anonymous)" "-ge 3" &&
        is advised "$(huge "$work/large.twt.zst" advised)" "-eq 0"
}

# A program whose threads touch two 2 MiB regions each, give one back and touch it again, and wait for each other. With
# an argument it first advises huge pages for half of the threads.
advising_program() {
    cat >"$work/advise.c" <<'END'
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>

enum { MIB = 1 << 20, THREADS = 4 };

static char *regions;

static void *work(void *argument)
{
    volatile char *mine = argument;
    mine[0] = mine[2 * MIB] = 1;
    sched_yield();
    madvise(argument, 2 * MIB, MADV_DONTNEED);
    mine[0] = 1;
    for (int i = 0; i < 20; i++) {
        sched_yield();
        madvise((void *)(mine + 2 * MIB), 4096, MADV_NORMAL);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    (void)argv;
    regions = mmap(NULL, (THREADS * 4 + 2) * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    regions += -(uintptr_t)regions % (2 * MIB);
    if (argc > 1)
        madvise(regions, THREADS / 2 * 4 * MIB, MADV_HUGEPAGE);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, regions + i * 4 * MIB);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
END
    gcc -O1 -o "$work/advise" "$work/advise.c" -lpthread
}

# Advice is kept, and pages are gone after MADV_DONTNEED: of each thread two walks for its regions, and one for that
# which came again.
advice() {
    advising_program &&
        "$twinwalk" capture -q -o "$work/advised.twt" -- "$work/advise" yes &&
        "$twinwalk" capture -q -o "$work/unadvised.twt" -- "$work/advise" &&
        is outside "$(info_of "$work/advised.twt" outside)" "-eq 0" &&
        is "advised, of those" "$(huge "$work/advised.twt" advised)" "-eq 6" &&
        is "page faults" "$(statistic "$work/stats" bench.page_faults)" "-eq 0" &&
        is "not advised" "$(huge "$work/unadvised.twt" advised)" "-eq 0" &&
        is "advised, of all" "$(huge "$work/unadvised.twt" anonymous)" "-ge 12"
}

# Lines of several threads: the trace has each instruction that Valgrind counted.
threads() {
    valgrind --tool=lackey --trace-mem=yes --trace-syscalls=yes --log-file="$work/advise.log" "$work/advise" yes &&
        is instructions "$(info_of "$work/advise.log" instructions)" \
            "-eq $(awk '/guest instrs:/ {gsub(",", ""); print $4}' "$work/advise.log")"
}

# The program would run for ever, but does not.
bounds() {
    "$twinwalk" capture -q -o "$work/bounds.twt" --skip 1000 --accesses 20k -- \
        sh -c "echo \$\$ >$work/pid; while :; do :; done" &&
        is "at most" "$(info_of "$work/bounds.twt" accesses)" "-le 20000" &&
        is "at least" "$(info_of "$work/bounds.twt" accesses)" "-ge 19990" &&
        is instructions "$(info_of "$work/bounds.twt" instructions)" "-lt 20000" &&
        ! kill -0 "$(cat "$work/pid")"
}

# interrupted SIGNAL: the program and Valgrind end at once, and what was written is a whole trace.
interrupted() {
    local capture status=0
    rm -f "$work"/pid "$work"/stopped.*
    env --default-signal "$twinwalk" capture -o "$work/stopped.twt.zst" -- \
        sh -c "echo \$\$ >$work/pid; while :; do :; done" >"$work/stopped.out" 2>&1 &
    capture=$!
    until_true test -s "$work/pid" || return 1
    kill -"$1" $capture
    wait $capture || status=$?
    cat "$work/stopped.out"
    [ "$status" = 3 ] && gone "$(cat "$work/pid")" &&
        grep -qx "twinwalk capture: interrupted; the trace ends there" "$work/stopped.out" &&
        is accesses "$(info_of "$work/stopped.twt.zst" accesses)" "-gt 50000" &&
        [ "$(cd "$work" && echo stopped.*)" = "stopped.out stopped.twt.zst" ]
}

# Where nothing is to be written yet there is no file either.
interrupted_early() {
    local capture status=0
    rm -f "$work/pid"
    "$twinwalk" capture -o "$work/early.twt.zst" --skip 1G -- sh -c "echo \$\$ >$work/pid; while :; do :; done" \
        >"$work/early" 2>&1 &
    capture=$!
    until_true test -s "$work/pid" || return 1
    kill $capture
    wait $capture || status=$?
    cat "$work/early"
    [ "$status" = 3 ] && gone "$(cat "$work/pid")" &&
        grep -qx "twinwalk capture: interrupted; there is no trace" "$work/early" &&
        ! ls "$work"/early.* 2>/dev/null
}

# Not even where the capture cannot do anything any more.
killed() {
    rm -f "$work/pid"
    "$twinwalk" capture -o "$work/killed.twt.zst" -- sh -c "echo \$\$ >$work/pid; while :; do :; done" &
    until_true test -s "$work/pid" || return 1
    kill -KILL $!
    until_true gone "$(cat "$work/pid")"
}

# refused MESSAGE ARGUMENT...: exit code 2, the message, and no file.
refused() {
    local message=$1 status=0
    shift
    PATH=${program_path:-$PATH} "$twinwalk" capture -o "$work/none.twt" "$@" >"$work/refused" 2>&1 || status=$?
    [ "$status" = 2 ] && grep -qF -- "$message" "$work/refused" && ! ls "$work"/none.* 2>/dev/null && return
    echo "exit status $status"
    cat "$work/refused"
    return 1
}

without_valgrind() {
    mkdir -p "$work/bin"
    program_path=$work/bin refused "needs valgrind (Debian package valgrind)" -- /bin/true
}

# Half a program.
not_started() {
    head -c 4000 /bin/true >"$work/half"
    chmod +x "$work/half"
    refused "Valgrind could not start the program" -- "$work/half"
}

# Only the first of what a process executes is traced; an attempt that failed has not replaced it.
replaced() {
    "$twinwalk" capture -q -o "$work/env.twt.zst" -- env PATH="/nowhere:$PATH" cat /dev/null 2>"$work/said" &&
        grep -qE '^twinwalk capture: warning: env became /.*/cat by execve\(\)' "$work/said" || return 1
    "$twinwalk" capture -q -o "$work/env.twt.zst" -- env /nowhere/cat 2>"$work/said"
    cat "$work/said"
    grep -q 'exit status 127' "$work/said" && ! grep -q became "$work/said"
}

check "a whole program, as it was mapped" whole_program
check "in lockstep" lockstep
check "rights count" rights_count
check "huge pages where the policy has them" huge_pages
check "advice, and pages given back" advice
check "several threads" threads
check "a program that becomes another" replaced
check "a part of a program" bounds
check "Ctrl-C" interrupted INT
check "ended by TERM" interrupted TERM
check "the terminal is gone" interrupted HUP
check "ended before the first access" interrupted_early
check "killed" killed
check "no Valgrind" without_valgrind
check "no such program" refused "build/no/program: no such program" -- build/no/program
check "a directory" refused "build: no such program" -- ./build
check "what cannot be started" not_started
check "no accesses" refused "--accesses: at least 8" --accesses 0 -- true
check "no program named" refused "which program?"
check "beyond the end" refused "there are no accesses after the first" --skip 1G -- true
check "a name that is none of a trace" refused "the name of a trace ends in" -o "$work/none.txt" -- true
plan
