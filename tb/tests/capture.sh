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

# The tables of a compressor are in 2 MiB pages, if the policy says so.
huge_pages() {
    "$twinwalk" capture -q -o "$work/large.twt.zst" --skip 100k --accesses 800k -- xz -c /etc/passwd >"$work/out.xz" || return 1
    for where in anonymous advised; do
        "$twinwalk" run -q -c default --engine model --trace "$work/large.twt.zst" -s trace.huge_pages=1000 \
            -s trace.huge_where=$where --stats "$work/stats.$where" || return 1
    done
    is anonymous "$(statistic "$work/stats.anonymous" bench.walk_answers.2m)" "-ge 3" &&
        is advised "$(statistic "$work/stats.advised" bench.walk_answers.2m)" "-eq 0"
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

check "a whole program, as it was mapped" whole_program
check "in lockstep" lockstep
check "rights count" rights_count
check "huge pages where the policy has them" huge_pages
check "a part of a program" bounds
check "no Valgrind" without_valgrind
check "no such program" refused "build/no/program: no such program" -- build/no/program
check "no program named" refused "which program?"
check "beyond the end" refused "there are no accesses after the first" --skip 1G -- true
check "a name that is none of a trace" refused "the name of a trace ends in" -o "$work/none.txt" -- true
plan
