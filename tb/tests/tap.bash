# SPDX-License-Identifier: Apache-2.0
# What tests in shell say and ask, to be sourced by them. They set $work first, a
# directory of their own, and end with `plan`.
# shellcheck disable=SC2154  # work
number=0
failed=0

# check NAME COMMAND...: one line of TAP; what COMMAND prints, in $work/out, is shown when it fails.
check() {
    local name=$1
    number=$((number + 1))
    shift
    if "$@" >"$work/out" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        failed=$((failed + 1))
        # The end has the reason.
        tail -n 100 "$work/out" | sed 's/^/# /'
    fi
}

# plan: how many checks there were; fails if one of them did, or there were none.
plan() { echo "1..$number" && [ "$failed" -eq 0 ] && [ "$number" -gt 0 ]; }

# exits CODE COMMAND...
exits() {
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [ "$status" -eq "$wanted" ] || { echo "exit status $status, not $wanted" && return 1; }
}

# says TEXT CODE COMMAND...: exits with CODE and says TEXT.
says() {
    local text=$1
    shift
    exits "$@" >"$work/said" 2>&1 || { cat "$work/said" && return 1; }
    grep -qF -- "$text" "$work/said" || { cat "$work/said" && echo "not said: $text" && return 1; }
}

# refuses TEXT COMMAND...: bad usage: exits with 2, says TEXT on stderr and nothing on stdout.
refuses() {
    local text=$1 status=0
    shift
    "$@" >"$work/stdout" 2>"$work/said" || status=$?
    if [ "$status" -ne 2 ] || [ -s "$work/stdout" ] || ! grep -qF -- "$text" "$work/said"; then
        cat "$work/stdout" "$work/said"
        echo "exit status $status; not refused with: $text"
        return 1
    fi
}

# in_order FILE REGEX...: lines of FILE match them, one after the other.
in_order() {
    local file=$1 regex line=0 found
    shift
    for regex; do
        found=$(tail -n +$((line + 1)) "$file" | grep -nEm1 -- "$regex" | cut -d: -f1)
        [ -n "$found" ] || { head -n 30 "$file"; echo "not there, or not in this order: $regex"; return 1; }
        line=$((line + found))
    done
}

# answer DIRECTORY SQL WANTED: of the database in $work/DIRECTORY.
answer() {
    local got
    got=$(sqlite3 "$work/$1/results.db" "$2")
    [ "$got" = "$3" ] || { echo "$2: $got, not $3" && return 1; }
}

# state PID: its letter, as ps has it; nothing when it is gone.
state() { sed -n 's/^State:[[:space:]]*\([A-Z]\).*/\1/p' "/proc/$1/status" 2>/dev/null; }

# gone PID: it has ended, even if nobody has asked for its status.
gone() { ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }

# stop PID: it does nothing more until it gets SIGCONT; fails when it has ended.
stop() {
    kill -STOP "$1" 2>/dev/null || return 1
    until [ "$(state "$1")" != R ] && [ "$(state "$1")" != S ]; do sleep 0.01; done
    [ "$(state "$1")" = T ]
}

# until_true COMMAND...: within two minutes.
until_true() {
    local tries=1200
    until "$@" >/dev/null 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || { echo "never: $*" && return 1; }
        sleep 0.1
    done
}
