#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk debug from a pipe, from a file and from a terminal: steps, breaks,
# every table, a run that fails, wrong commands.
set -u
export LC_ALL=C
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash
. tb/bugs/broken.bash
random=(-c tiny --random --seed 7 --accesses 1000)

# debug STATUS COMMANDS RUN-OPTION...: what it prints is in $work/told and $work/err.
debug() {
    local expected=$1 commands=$2 status=0
    shift 2
    printf '%s\n' "$commands" | "$twinwalk" debug -- run "$@" >"$work/told" 2>"$work/err" || status=$?
    cat "$work/err"
    [ "$status" -eq "$expected" ] || { head -n 30 "$work/told"; echo "exit status $status"; return 1; }
}

# Every cycle can be stopped in, also those that the C model alone passes over.
steps() {
    local engine
    for engine in lockstep model; do
        debug 0 $'step\nstep 4\nuntil 137\nuntil 138\ns' "${random[@]}" --engine $engine &&
            [ "$(tr '\n' ' ' <"$work/told")" = 'cycle 1 cycle 5 cycle 137 cycle 138 cycle 139 ' ] || return 1
    done
}

same_end() {
    local cycles
    cycles=$("$twinwalk" run "${random[@]}" | sed -nE 's/^cycles +([0-9,]+).*/\1/p' | tr -d ,)
    debug 0 $'break any\nstep 3\ndelete\nrun' "${random[@]}" && in_order "$work/told" "^the run ends in cycle $cycles: all agreed$"
}

breaks() {
    debug 0 $'break walk_fault & va=0xffffa55ce6fe8cb5\nbreak op=INVPCID\nbreaks\nrun\ndelete\nbreak walk_fault & access=4\nrun\nuntil complete\nbreaks' "${random[@]}" &&
        in_order "$work/told" '^break 1: walk_fault & va=0xffffa55ce6fe8cb5$' '^break 2: op=INVPCID$' '^break 1: ' '^break 2: ' \
            '^break 2: 149: operation accepted: INVPCID type 3' '^cycle 150$' \
            '^break 1: walk_fault & access=4$' '^break 1: 281: walker 1, access 4, .* ends in a page fault' '^cycle 282$' \
            '^until: 428: operation complete$' '^cycle 429$' '^break 1: walk_fault & access=4$'
}

tables() {
    debug 0 $'until 160\nprint queue\nprint control\nuntil 364\nprint walkers\nprint ports\nprint l1d\nprint l2 set 0\nprint l1i\nprint walk_cache\nprint l2i\nprint accesses\nprint walk 0xffffa55ce6fe8cb5\nprint table 0xbffffd2000\nprint memory 0xbffffd2f40 2\nprint events 1\nprint difference\nstep\nstep\nprint access 5' "${random[@]}" &&
        in_order "$work/told" '^miss queue: 6 of 8 entries in use' '^ +0  WALK_PEND +0 +0 +0  0xffffa55ce6fe6396  supervisor fetch AC' '^ +5  PEND ' \
            '^  state      IDLE' '^  CR3        0x1000000' '^  mode  .*PCIDE' \
            '^ +0  REQUEST +7  PTE   at 0x.* from a walk cache$' '^ +1  WAIT +6  PTE   at 0x' '^request register: empty' '^result register: empty' '^port 2: ' \
            '^l1d.4k: sets 2, ways 2, lru, valid 2' '^ +0 +1.  VA 0xffffa55ce6fe8000 .* 363 for access 5' \
            '^l2.4k: ' '^ +0 +0.  VA 0xffffa55ce6fe8000' '^l1i.4k: ' '^walk_cache.pde: ' '^this configuration has no such array' \
            '^under way: ' '^access 5: ' '^VA 0xffffa55ce6fe8cb5  4 levels' '^  PTE    0x000bffffd2f40  0x0000000097a35061' \
            '^ +488  0x000bffffd2f40  0x0000000097a35061  P A D PAT 0 key 0, 4K page 0x97a35000' ' of 512 entries are present$' \
            '^  0x000bffffd2f40  0x0000000097a35061' ' 363  fills l1d.4k' '^RTL and C model are equal' \
            '^access 5: .* answered in cycle 365' '^legal: '
}

log() {
    debug 0 $'log walker,inval\nuntil 151\nlog off\nuntil 200' "${random[@]}" --engine model &&
        in_order "$work/told" '^  149: operation accepted: INVPCID' '^  150: broadcast of INVPCID' '^cycle 151$' '^cycle 200$' &&
        [ "$(grep -c '^  1[5-9][1-9]:' "$work/told")" -eq 0 ]
}

from_a_file() {
    printf 'until 100 # a comment\n\nprint control\n' >"$work/commands"
    "$twinwalk" debug --commands "$work/commands" -- run "${random[@]}" --engine model >"$work/told" 2>"$work/err" &&
        in_order "$work/told" '^cycle 100$' '^  state '
}

# Where RTL and model differ it stops, and one can look.
difference() {
    apply invlpg_skips_way || return 1
    local -x RTL_DIR=$work/invlpg_skips_way/rtl
    debug 1 $'run\nprint difference\nprint l1d set 1\nprint events 2' -c tiny --script tb/scripts/invlpg.tw &&
        in_order "$work/told" '^cycle 245: RTL and C model differ$' '^  l1d.4k set 1 way 1$' '^  l1d.4k set 1 way 1$' '^l1d.4k: ' ' 244  dropped from l1d.4k set 1 way 1' &&
        debug 2 $'run\nstep' -c tiny --script tb/scripts/invlpg.tw && grep -qx 'standard input:2: the run has ended' "$work/err"
}

# On a terminal: a prompt, and a wrong command does not end it.
terminal() {
    printf 'until 7\ndance\nstep\n\nquit\n' | script -qec "$twinwalk debug -- run ${random[*]} --engine model" /dev/null >"$work/told" 2>"$work/err" &&
        tr '\r(' '\n' <"$work/told" >"$work/lines" && mv "$work/lines" "$work/told" &&
        in_order "$work/told" '^cycle 0\)' "^cycle 7\).*'dance' is not a command" '^cycle 7\)' '^cycle 8\)' '^cycle 9\)'
}

help() {
    debug 0 $'help\nhelp conditions\nhelp flags' "${random[@]}" --engine model &&
        in_order "$work/told" '^  s  step \[N\]' '^     walk ADDRESS' '^  walk_fault ' '^  va=X ' '^  Walker '
}

# refused MESSAGE COMMANDS: the line is named, and nothing after it is done.
refused() {
    debug 2 "$2"$'\nuntil 500' "${random[@]}" --engine model && grep -qF -- "standard input:$1" "$work/err" &&
        ! grep -q 'cycle 500' "$work/told"
}

# Of a table its level is found by the walks that come to it; of any other address there is none.
levels() {
    debug 0 $'until 364\nprint table 0x1000000\nprint table 0xbffffd2000\nprint table 0xbffffd2000 2\nprint table 0x97a35000' "${random[@]}" --engine model &&
        in_order "$work/told" '^  index  PML4E at ' ', table 0x[0-9a-f]+$' '^  index  PTE   at ' ', 4K page 0x97a35000$' '^  index  PDE   at ' '^no walk from CR3 leads to this table: its level is not known$' ||
        return 1
    # What PTEs lead to is no table.
    [ "$(grep -c '^no walk' "$work/told")" -eq 1 ]
}

# At the prompt Ctrl-C begins a new line.
interrupted() {
    { printf 'until 7\n'; sleep 2; printf '\003'; sleep 1; printf 'step\nquit\n'; } |
        script -qec "$twinwalk debug -- run ${random[*]} --engine model" /dev/null >"$work/told" 2>"$work/err"
    tr '\r' '\n' <"$work/told" | tr '(' '\n' >"$work/lines" &&
        in_order "$work/lines" '^cycle 7\)' '^cycle 7\)' '^cycle 8\)'
}

check "steps, to the cycle" steps
check "the end is that of the run" same_end
check "breaks" breaks
check "tables" tables
check "log" log
check "commands from a file" from_a_file
check "a run that fails" difference
check "a terminal" terminal
check "help" help
check "no such command" refused "1: 'dance' is not a command" dance
check "no such table" refused "2: 'l3' cannot be printed" $'step\nprint l3'
check "no such event" refused "1: column 7: no kind of event: 'walks'" 'break walks'
check "no number" refused "1: 'x' is not a number" 'step x'
check "a cycle that is over" refused "2: cycle 5 is over" $'until 9\nuntil 5'
check "an access that has not come" refused "1: access 900 has not come yet" 'print access 900'
check "no such break" refused "1: there is no break 3" 'delete 3'
check "an address that is none" refused "1: the address is a multiple of 8" 'print memory 0x1234567'
check "a table at no page" refused "1: the address is a multiple of 4096" 'print table 0x1234'
check "no C model" refuses "use --engine lockstep or model" "$twinwalk" debug -- run --random --engine rtl < <(echo)
check "no run" refuses "the run is missing" "$twinwalk" debug </dev/null
check "no such file" refuses "none: No such file" "$twinwalk" debug --commands "$work/none" -- run --random --engine model
check "the level of a table" levels
check "Ctrl-C at the prompt" interrupted
check "too many words" refused "1: '6' is too much: step [N]" 'step 5 6'
check "too much to print" refused "1: 'extra' is too much: print control" 'print control extra'
check "too many words for a set" refused "1: '4' is too much: print l1d [set N]" 'print l1d set 0 4'
check "no such set" refused "1: l1d has no set 99" 'print l1d set 99'
check "the column within the line" refused "1: column 17: no kind of event: 'walks'" '  break   hit & walks'
check "a directory of commands" refuses "$work: Is a directory" "$twinwalk" debug --commands "$work" -- run --random --engine model
check "nowhere to write to" eval 'echo "print l1d" | "$twinwalk" debug -- run --random --engine model >/dev/full 2>"$work/err"; [ $? -eq 3 ] && grep -q "standard output: No space left" "$work/err"'
plan
