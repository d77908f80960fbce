#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bugs.sh [--all] [NAME...]: puts the bugs of tb/bugs into copies of the MMU and
# requires that the checkers catch them; see docs/bug-catalogue.md.
#
# A patch has a half for the C model and one for the RTL. For each:
#   - the patch applies to the tree as it is;
#   - with the bug in both twins, which then agree, the judge alone must break
#     the run off, by one of the rules that the patch names. The C model stands
#     for both, so that nothing needs to be built of the RTL;
#   - with the bug in the RTL alone, the lockstep must find a difference. That
#     needs a build of the RTL for each bug, so only those in RTL_BUGS are done.
# --all does the last for every bug, and runs the two patched twins in lockstep:
# they agree up to the judge's verdict (unless the patch has a Note).
#
# The head of a patch: Bug, Class (of the catalogue), Run (arguments of
# `twinwalk run`), Judge (rules, or "none" and why the architecture allows it),
# Note. What is built is kept in build/bugs.
set -u
export LC_ALL=C

twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(dirname "$twinwalk")/bugs
. tb/bugs/broken.bash
export twinwalk build work compiler
jobs=${JOBS:-$(nproc)}
rtl_bugs=${RTL_BUGS-invlpg_skips_way dirty_not_set fill_after_invalidation replacement_marks_other_way}
export all=
names=()
for argument; do
    if [ "$argument" = --all ]; then all=1; else names+=("$argument"); fi
done
if [ ${#names[@]} -eq 0 ]; then
    for patch in tb/bugs/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi

# field NAME KEY: what the head of the patch says under that key.
field() {
    sed -n "/^--- /q;/^$2:/,/^[^ ]/{/^$2:/{s/^$2: *//;p};/^ /p}" "tb/bugs/$1.patch" | tr '\n' ' ' | sed 's/  */ /g;s/ $//'
}

# report STATUS WHAT [FILE]: one line of TAP; FILE is shown if it failed.
report() {
    if [ "$1" -eq 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        if [ $# -gt 2 ]; then head -n 20 "$3" | sed 's/^/# /'; fi
    fi
}

# judged NAME LOG STATUS: the run ended as the patch's Judge says.
judged() {
    local rules rule
    rules=$(field "$1" Judge)
    if [[ $rules == none* ]]; then
        [ "$3" -eq 0 ]
        return
    fi
    [ "$3" -eq 1 ] || return 1
    read -ra rules <<<"$rules"
    for rule in "${rules[@]}"; do
        if [ "$rule" = hang ]; then
            grep -q 'the MMU hangs:' "$2" && return 0
        else
            grep -q "^rule ${rule/\*/[a-z-]*}:" "$2" && return 0
        fi
    done
    return 1
}

both() {
    local log=$work/$1/both.log status=0 verdict
    # shellcheck disable=SC2046  # arguments
    timeout 60 "$work/$1/twinwalk" run -q --engine model --judge $(field "$1" Run) >"$log" 2>&1 || status=$?
    judged "$1" "$log" "$status"
    status=$?
    verdict=$(sed -n 's/^rule \([a-z-]*\):.*/\1/p;s/.*\(the MMU hangs\).*/\1/p' "$log" | head -n 1)
    report "$status" "$1 in both twins: ${verdict:-the judge says nothing}" "$log"
}

rtl_alone() {
    local log=$work/$1/rtl.log status=0 signal
    # shellcheck disable=SC2046  # arguments
    RTL_DIR=$work/$1/rtl timeout 600 "$twinwalk" run -q --engine lockstep $(field "$1" Run) >"$log" 2>&1 || status=$?
    [ "$status" -eq 1 ] && grep -q 'RTL and C model differ' "$log"
    status=$?
    signal=$(sed -n '/RTL and C model differ/{n;p;q}' "$log")
    report "$status" "$1 in the RTL alone:${signal:+ }$signal" "$log"
}

both_in_lockstep() {
    local log=$work/$1/lockstep.log status=0
    if [ -n "$(field "$1" Note)" ]; then
        echo "ok - $1 in both twins, lockstep # SKIP $(field "$1" Note)"
        return
    fi
    # shellcheck disable=SC2046  # arguments
    RTL_DIR=$work/$1/rtl timeout 600 "$work/$1/twinwalk" run -q --judge $(field "$1" Run) >"$log" 2>&1 || status=$?
    judged "$1" "$log" "$status"
    report $? "$1 in both twins, lockstep" "$log"
}

# one MODE NAME
one() {
    if [ "$1" = rtl ]; then
        rtl_alone "$2"
        if [ -n "$all" ]; then both_in_lockstep "$2"; fi
        return
    fi
    if ! apply "$2"; then
        report 1 "$2 applies to both twins" "$work/$2/apply.log"
    elif ! grep -q "^| \`$2\` |" docs/bug-catalogue.md; then
        report 1 "$2 is in docs/bug-catalogue.md"
    elif ! build_model "$2"; then
        report 1 "$2 compiles" "$work/$2/build.log"
    else
        both "$2"
    fi
}
export -f field report apply build_model judged both rtl_alone both_in_lockstep one

# sound SCRIPT: what is right passes the scripts that are here only for the bugs.
sound() {
    local log=$work/${1##*/}.log status=0 config
    for config in configs/*.yaml; do
        timeout 60 "$twinwalk" run -q -c "$config" --engine model --judge --script "$1" >"$log" 2>&1 || status=$?
    done
    report "$status" "$1 without a bug" "$log"
}
export -f sound

mkdir -p "$work"
results=$work/results.$$
trap 'rm -f "$results"' EXIT
{
    printf '%s\n' "${names[@]}" | xargs -P "$jobs" -n 1 bash -c 'one both "$0"'
    printf '%s\n' tb/bugs/*.tw | xargs -P "$jobs" -n 1 bash -c 'sound "$0"'
} | tee "$results"
for name in "${names[@]}"; do
    if [ -n "$all" ] || [[ " $rtl_bugs " == *" $name "* ]]; then echo "$name"; fi
done | xargs -r -P "$jobs" -n 1 bash -c 'one rtl "$0"' | tee -a "$results"

passed=$(grep -c '^ok' "$results")
failed=$(grep -c '^not ok' "$results")
echo "1..$((passed + failed))"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
