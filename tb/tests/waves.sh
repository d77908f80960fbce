#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# waves.sh: waves from the command line: what is refused, what a run leaves
# behind when it is stopped, and save files for GTKWave. GTKWave itself is in
# `make test-waves`.
set -u
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(dirname "$twinwalk")/waves_test
rm -rf "$work"
mkdir -p "$work"
. tb/tests/tap.bash
. tb/bugs/broken.bash

run=("$twinwalk" run -q -c tiny --random --cycles 100k)
check "a condition that is none" refuses "column 9: no kind of event: 'colour'" "${run[@]}" --wave="$work/x.fst" --wave-on 'fault & colour'
check "a scope that is none" refuses "'u_nothing' is no scope" "${run[@]}" --wave="$work/x.fst" --wave-signals events,u_nothing
check "an empty window" refuses "--wave-to must be above --wave-from" "${run[@]}" --wave="$work/x.fst" --wave-from 10 --wave-to 10
check "options without a wave" refuses "need --wave or --wave-on-failure" "${run[@]}" --wave-from 10
check "waves of the model" refuses "waves need the RTL" "${run[@]}" --engine model --wave
check "both kinds" refuses "give --wave or --wave-on-failure once" "${run[@]}" --wave --wave-on-failure
check "a window around a failure" refuses "go with --wave" "${run[@]}" --wave-on-failure --wave-from 10
check "what goes with copies of the run" refuses "--wave-before and --wave-every go with" "${run[@]}" --wave="$work/x.fst" --wave-before 10
check "no snapshots" refuses "--wave-every: must be above 0" "${run[@]}" --wave-on-failure --wave-every 0
check "a directory that is not there" refuses "No such file or directory" "${run[@]}" --wave="$work/nowhere/x.fst" --wave-to 10
check "a wave that is none" refuses "is not an FST file" "$twinwalk" wave --no-open tb/tests/waves.sh
check "a view that is none" refuses "is no view" "$twinwalk" wave --no-open --view nothing "$work/x.fst"
check "nothing was left by these" [ -z "$(find "$work" -name 'x*')" ]

# Nothing fails: no wave, no process, the same results.
same() {
    "${run[@]}" --seed 3 --results "$work/plain.jsonl" &&
        "${run[@]}" --seed 3 --results "$work/watched.jsonl" --wave-on-failure="$work/none.fst" --wave-every 7k &&
        cmp "$work/plain.jsonl" "$work/watched.jsonl" && [ ! -e "$work/none.fst" ]
}
check "a run with snapshots is the same run" same

# none_left GROUP: all its processes end; the kernel needs a moment to tell them.
none_left() {
    for _ in {1..20}; do
        [ -z "$(ps -o pid= -s "$1")" ] && return 0
        sleep 0.1
    done
    ps -o pid,args -s "$1"
    return 1
}

# stopped SIGNAL SECONDS ARGUMENT...: the run ends by it, and all its processes
stopped() {
    local signal=$1 seconds=$2 group
    shift 2
    # A group of its own, as a terminal gives it; the shell would have it ignore Ctrl-C.
    setsid env --default-signal "$twinwalk" run -q -c tiny --random --cycles 30M "$@" 2>"$work/err" &
    group=$!
    sleep "$seconds"
    [ "$(ps -o pid= -s "$group" | wc -l)" -gt 1 ] || [ "${signal%-wave}" != "$signal" ] || { echo "no snapshot"; kill -9 "$group"; return 1; }
    case $signal in
    INT) kill -INT -- "-$group" ;;
    *-wave) kill "-${signal%-wave}" "$group" ;;
    *) kill "-$signal" "$group" ;;
    esac
    wait "$group"
    [ $? -gt 128 ] && none_left "$group"
}
check "the RTL for waves, before runs with it are stopped" "$twinwalk" run -q -c tiny --random --cycles 1k --wave="$work/first.fst"
check "Ctrl-C ends the snapshots too" stopped INT 1 --wave-on-failure="$work/none.fst" --wave-every 20k
check "so does a kill of the run" stopped TERM 1 --wave-on-failure="$work/none.fst" --wave-every 20k
check "so does kill -9" stopped KILL 1 --wave-on-failure="$work/none.fst" --wave-every 20k
check "nothing is left by these" [ -z "$(find "$work" -name 'none*')" ]
check "a hangup while a wave is written" stopped HUP-wave 2 --wave="$work/hangup.fst"
check "leaves it too" [ "$(find "$work" -name 'hangup*' | wc -l)" -eq 1 ]
check "Ctrl-C while a wave is written" stopped INT-wave 2 --wave="$work/part.fst"
check "leaves the wave so far" [ -s "$work/part.fst" ]
check "and nothing else" [ "$(find "$work" -name 'part*' | wc -l)" -eq 1 ]

# A wave that cannot be written is no success, and nothing of it stays.
limited() {
    local status=0
    (ulimit -f 40; exec "$twinwalk" run -q -c tiny --random --cycles 20k --wave="$work/limited.fst") 2>"$work/err" || status=$?
    [ "$status" -eq 2 ] || [ "$status" -eq 3 ] || { cat "$work/err"; return 1; }
    grep -q "no room left" "$work/err" && [ -z "$(find "$work" -name 'limited*')" ]
}
check "no room for a wave" limited
for path in "$work/nowhere/x.fst" /dev/null "$work"; do
    check "a place for no wave, $(basename "$path")" refuses "$path: " "$twinwalk" run -q -c tiny --random --cycles 1k --wave-on-failure="$path"
done
check "cycles that the run does not reach" says "wave: none: the run ended in cycle" 0 "$twinwalk" run -q -c tiny --random --cycles 1k --wave="$work/x.fst" --wave-from 5k

# Damaged waves: an error, whatever the FST library makes of them.
damaged() {
    local size at number status
    "$twinwalk" run -q -c tiny --script tb/scripts/invlpg.tw --wave="$work/whole.fst" 2>"$work/err" || return 1
    size=$(stat -c %s "$work/whole.fst")
    for number in {1..12}; do
        at=$((number * size / 13))
        if [ $((number % 2)) = 0 ]; then
            head -c "$at" "$work/whole.fst" >"$work/damaged.fst"
        else
            cp "$work/whole.fst" "$work/damaged.fst"
            head -c 64 /dev/zero | dd of="$work/damaged.fst" bs=1 seek="$at" conv=notrunc status=none
        fi
        for command in "explain" "wave --no-open"; do
            status=0
            # shellcheck disable=SC2086
            timeout 120 "$twinwalk" $command "$work/damaged.fst" >/dev/null 2>"$work/err" || status=$?
            [ "$status" -eq 2 ] || { [ "$status" -le 1 ] && [ $((number % 2)) = 1 ]; } ||
                { echo "$command of a wave damaged at $at: exit status $status"; cat "$work/err"; return 1; }
        done
    done
}
check "damaged waves" damaged

# fails REGEX COMMAND...: exit status 1, and a line like that on stderr.
fails() {
    exits 1 "${@:2}" 2>"$work/err" || { cat "$work/err"; return 1; }
    in_order "$work/err" "$1"
}

# A failed expectation; the script goes on after it.
sed 's/pa=0x40400000/pa=0x40600000/' tb/scripts/invlpg.tw >"$work/wrong.tw"
mkdir -p "$work/include"
cp tb/scripts/include/* "$work/include"
expectation() {
    fails '^wave: .*wrong.fst: cycles 0 to' "$twinwalk" run -q -c tiny --script "$work/wrong.tw" --wave-on-failure="$work/wrong.fst" &&
        [ -s "$work/wrong.fst" ]
}
check "a failed expectation has its wave" expectation
as_expected() { "$twinwalk" run -q -c tiny --script tb/scripts/invlpg.tw --wave-on-failure="$work/x.fst" && [ ! -e "$work/x.fst" ]; }
check "a script whose expectations hold has none" as_expected

# A run is played again; a trace that has been read from a pipe cannot be. A script is read at once.
trace=configs/traces/hash_join.twt.zst
piped() {
    refuses "/dev/stdin: the run is played again for the wave" "$twinwalk" "$@" --trace /dev/stdin < <(cat "$trace")
}
check "a trace from a pipe" piped run -c tiny --wave-on-failure="$work/x.fst"
check "a trace from a pipe, and a condition" piped run -c tiny --wave="$work/x.fst" --wave-on fault
check "a trace from a pipe without playing it again" "$twinwalk" run -q -c tiny --accesses 100 --wave="$work/piped.fst" --trace /dev/stdin < <(cat "$trace")
script_piped() {
    sed "s|include \"|&$PWD/tb/scripts/|" "$work/wrong.tw" |
        fails '^wave: .*script.fst: cycles 0 to' "$twinwalk" run -q -c tiny --script /dev/stdin --wave-on-failure="$work/script.fst"
}
check "a script from a pipe" script_piped

# Save files: every view, every signal of them in the wave (GTKWave is asked in make test-waves).
views() {
    local view
    "$twinwalk" wave --list >"$work/views" && [ "$(wc -l <"$work/views")" -ge 5 ] || return 1
    while read -r view _; do
        "$twinwalk" wave --no-open --view "$view" "$work/wrong.fst" || return 1
        grep -q "^\[dumpfile\] \"/" "$work/wrong.$view.gtkw" && [ "$(grep -c '^+{RTL \|^+{C \|^+{events' "$work/wrong.$view.gtkw")" -gt 10 ] || return 1
    done <"$work/views"
}
check "every view can be made" views
# bad MESSAGE LINE...: a view of these lines is refused.
bad() {
    printf '%s\n' "${@:2}" >"$work/bad.view"
    refuses "bad.view:$1" "$twinwalk" wave --no-open --view "$work/bad.view" "$work/wrong.fst"
}
bad_view() {
    bad "3: the wave has no signal 'no.such.signal'" 'title x' 'group a' 'show no.such.signal' &&
        bad '2: a group is not closed' 'title x' 'group a' &&
        bad "1: not a line of a view: 'colour'" 'colour x' &&
        bad "1: a radix is hex, dec or bin, not 'octal'" 'show events.fill octal'
}
check "a view with a mistake says where" bad_view

# Waves of some scopes, and of the RTL alone: a view shows what there is, and tells of the rest.
views_of() {
    local lacking=$1 view title warned
    shift
    "$twinwalk" run -q -c tiny --random --cycles 2000 "$@" --wave="$work/some.fst" 2>"$work/err" || return 1
    while read -r view title; do
        "$twinwalk" wave --no-open --view "$view" "$work/some.fst" >"$work/out" 2>"$work/err" &&
            grep -q '^+{marks/cycle} marks.cycle' "$work/some.$view.gtkw" || { echo "# $view: $title" && sed 's/^/# /' "$work/err" && return 1; }
        warned=$(grep -cE "/$view.view: this wave has nothing for [0-9]+ of [0-9]+ lines, the first '" "$work/err")
        [ "$warned" -eq "$lacking" ] && [ "$(wc -l <"$work/err")" -eq "$lacking" ] || { echo "# $view warns:" && sed 's/^/# /' "$work/err" && return 1; }
    done <"$work/views"
}
check "views of a whole wave lack nothing" views_of 0
check "views of the RTL alone lack nothing" views_of 0 --engine rtl
check "views of a block's wave" views_of 1 --wave-signals u_page_walker
check "views of the RTL's signals and no others" views_of 1 --wave-signals rtl
check "views of differences and a block" views_of 1 --wave-signals diff,rtl.u_l2
# tells_of_nothing WANTED SCOPES: so many of the scopes have nothing in the wave, and each is named.
tells_of_nothing() {
    "$twinwalk" run -q -c tiny --random --cycles 2000 --wave-signals "$2" --wave="$work/some.fst" 2>"$work/err" || return 1
    [ "$(grep -c "^twinwalk: --wave-signals: the wave has nothing of '[a-z0-9_.]*nothing'$" "$work/err")" -eq "$1" ] &&
        [ "$(grep -c 'has nothing of' "$work/err")" -eq "$1" ] || { sed 's/^/# /' "$work/err" && return 1; }
}
check "scopes that have signals" tells_of_nothing 0 rtl,cmodel.u_walk_cache,u_l2,diff.u_lookup_stage.u_l1d,states,states.rtl,rtl.u_l2.array_4k,events,judge,marks
check "scopes in a block that are not there" tells_of_nothing 3 rtl.u_l2.nothing,cmodel.u_walk_cache.nothing,u_l2,u_l2.nothing
misspelt() {
    bad "2: the wave has no signal 'events.fil'" 'show marks.cycle' 'show events.fil' &&
        bad "1: the wave has no signal 'u_control.stat_q'" 'twin u_control.stat_q' 'show marks.cycle'
}
check "a misspelt signal among others" misspelt

# looks MARKERS NAMES ARGUMENT...: cursor and markers at these times, under these names.
looks() {
    local markers=$1 names=$2
    shift 2
    "$twinwalk" wave --no-open "$@" >"$work/out" 2>"$work/err" && grep -q "^\*-[0-9.]* $markers -1" "$work/wrong.mismatch.gtkw" &&
        [ "$(sed -n 's/^\[markername\] .//p' "$work/wrong.mismatch.gtkw" | tr '\n' ' ')" = "$names " ] ||
        { sed 's/^/# /' "$work/err" && grep '^\*\|^.marker' "$work/wrong.mismatch.gtkw" | sed 's/^/# /' && return 1; }
}
check "an access is marked" looks "574 574 568 -1 666 -1" "accept inval fail+answer" --access 7 "$work/wrong.fst"
check "a cycle is marked" looks "600 574 568 -1 666 -1 600" "accept inval fail cycle" --cycle 300 "$work/wrong.fst"
check "a cycle that is not there" refuses "the wave has cycles 0 to" "$twinwalk" wave --no-open --cycle 1000000 "$work/wrong.fst"
check "an access that is not there" refuses "access 99 is neither accepted nor answered in this wave" "$twinwalk" wave --no-open --access 99 "$work/wrong.fst"
check "access or cycle" refuses "give one of --access and --cycle" "$twinwalk" wave --no-open --access 9 --cycle 9 "$work/wrong.fst"
event_marked() {
    "$twinwalk" run -q -c tiny --random --cycles 3000 --wave="$work/on.fst" --wave-on fault 2>"$work/err" &&
        "$twinwalk" wave --no-open "$work/on.fst" >"$work/out" && grep -q '^\[markername\] Devent$' "$work/on.mismatch.gtkw"
}
check "the event that was waited for is marked as one" event_marked

# Bugs in both twins, so that they agree and only the judge or the watch over liveness objects; one RTL has both bugs.
twice_broken() {
    local library
    apply drain_never_ends &&
        (cd "$work/drain_never_ends" && GIT_CEILING_DIRECTORIES=$work git apply -p1 "$OLDPWD/tb/bugs/nx_unchecked_on_hit.patch") &&
        build_model drain_never_ends || { cat "$work"/drain_never_ends/*.log; return 1; }
    library=$(RTL_TRACE=1 build_rtl drain_never_ends tiny 2>"$work/build.log") || { cat "$work/build.log"; return 1; }
    export TWINWALK_RTL=$library
}
broken=$work/drain_never_ends/twinwalk

# leaves_wave NAME ARGUMENT...: the run fails and leaves its wave.
leaves_wave() { fails "^wave: .*$1.fst: cycles" "$broken" run -q -c tiny "${@:2}" --wave-on-failure="$work/$1.fst"; }

# tells REGEX... < TEXT: lines match them, one after the other.
tells() { cat >"$work/told" && in_order "$work/told" "$@"; }

# marked NAME CYCLE...: of the first cursor, acceptance, last operation, difference and failure; "-": none.
marked() {
    local name=$1 cycle wanted=
    shift
    "$twinwalk" wave --no-open "$work/$name.fst" || return 1
    for cycle; do
        if [ "$cycle" = - ]; then wanted+=" -1"; else wanted+=" $((2 * cycle))"; fi
    done
    grep -q "^\*-[0-9.]*$wanted -1" "$work/$name.mismatch.gtkw" || { echo "not marked:$wanted"; grep '^\*' "$work/$name.mismatch.gtkw"; return 1; }
}

hang() {
    leaves_wave hang --script tb/scripts/overtaken_walk.tw &&
        marked hang 2360 2360 2393 - 122880 &&
        "$broken" explain "$work/hang.fst" | tells '^cycle 122880: the MMU hangs$' 'waits since then$' \
            '^access 96, accepted in cycle 2360, not answered' ' 2394  broadcast of INVLPG' \
            ' 2394  walker 0.*: given up by the operation, its response still to come' ' 2396  walker 0.*: given up before' &&
        "$broken" explain -- run -c tiny --script tb/scripts/overtaken_walk.tw 2>"$work/err" | tells \
            '^the MMU hangs in cycle 122880: access 96 ' '^access 96: user read' ' 2393  .*INVLPG' ' 2396  walker 0: given up before'
}

illegal() {
    leaves_wave illegal --script tb/bugs/execute_disable_hit.tw &&
        marked illegal 181 175 9 - 181 &&
        "$broken" explain "$work/illegal.fst" | tells '^in cycle 181 the judge finds it illegal: rule missing-fault' \
            '^access 1, accepted in cycle 175, answered in cycle 181$' ' 179  miss queue 0.*: hits l2.4k set 3 way 0' '^illegal: rule missing-fault'
}

# The mark and the cause of the failed expectation above.
unexpected() {
    marked wrong 333 287 284 - 333 &&
        "$twinwalk" explain "$work/wrong.fst" | tells '^cycle 333: not as the script expects$' '^access 7, accepted in cycle 287, answered in cycle 333$'
}
check "a failed expectation is marked, and explained by the wave" unexpected

# The whole wave of a run has the same marks.
whole() {
    exits 1 "$twinwalk" run -q -c tiny --script "$work/wrong.tw" --wave="$work/whole.fst" && marked whole 333 287 284 - 333
}
check "and in a wave of the whole run" whole

# Values with names, also where the wave has no room for them.
named() {
    local names=$work/wrong.mismatch.gtkw.names
    grep -q '^00F PG WP NXE SMEP$' "$names"/made*_10 && grep -q '^04 user read$' "$names"/made*_5 &&
        grep -B1 '^+{RTL u_control/mode_q}' "$work/wrong.mismatch.gtkw" | grep -q 'names/made.*_10$' &&
        grep -B1 '^+{C   u_miss_queue/attr_q\[1\]}' "$work/wrong.mismatch.gtkw" | grep -q 'names/made.*_5$'
}
check "modes and attributes have names" named
check "two bugs in both twins" twice_broken
check "a hang has its wave, of where it began" hang
check "an illegal answer has its wave" illegal

# What comes after a failure is written by a copy of the run: as much as is asked for, and no process of it is left.
# lingering SECONDS AFTER: a whole wave of a run in which RTL and C model come to differ; interrupted after SECONDS, "-": not.
lingering() {
    local seconds=$1 after=$2 group last status=0
    rm -f "$work"/linger*
    setsid env --default-signal "$twinwalk" run -q -c tiny --random --cycles 100M --wave="$work/linger.fst" \
        --wave-after "$after" 2>"$work/err" &
    group=$!
    if [ "$seconds" != - ]; then
        for _ in {1..200}; do # until the copy is there
            [ "$(ps -o pid= -s "$group" | wc -l)" -gt 1 ] && break
            sleep 0.05
        done
        sleep "$seconds"
        [ "$(ps -o pid= -s "$group" | wc -l)" -gt 1 ] || { echo "nothing lingers"; return 1; }
        kill -INT -- "-$group"
    fi
    wait "$group" || status=$?
    none_left "$group" || return 1
    if [ "$seconds" != - ]; then
        # The failure has been found and is told all the same.
        [ "$status" -eq 1 ] && grep -q 'RTL and C model differ' "$work/err" && [ -z "$(find "$work" -name 'linger.fst*')" ] ||
            { cat "$work/err"; echo "exit status $status"; find "$work" -name 'linger.fst*'; return 1; }
    else
        [ "$status" -eq 1 ] && [ "$(find "$work" -name 'linger.fst*' | wc -l)" -eq 1 ] &&
            last=$(sed -n 's/^twinwalk: cycle \([0-9]*\): RTL and C model differ/\1/p' "$work/err") && last=$((last + after)) &&
            refuses "the wave has cycles 0 to $last" "$twinwalk" explain --cycle $((last + 1)) "$work/linger.fst"
    fi
}
random_lingering() {
    for _ in 1 2 3; do
        lingering - $((RANDOM % 3000)) || return 1
    done
}
check "after a failure as many cycles as are wanted" random_lingering
check "Ctrl-C meanwhile leaves no process and no file" lingering "0.$((RANDOM % 10))" 100M
unset TWINWALK_RTL

plan
