#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh DIR: runs the fuzzers DIR/fuzz/fuzz_NAME, two at a time, FUZZ_SECONDS
# (default 60) in all. What they learn stays in DIR/corpus, what breaks them
# goes to DIR/crashes. Ends with "N passed, N failed".
set -u
directory=$1
seconds=${FUZZ_SECONDS:-60}
at_once=2
max_length=4096
unit_seconds=10
memory_mib=2048

case $seconds in
'' | *[!0-9]* | 0*)
    echo "FUZZ_SECONDS=$seconds: not a number of seconds" >&2
    exit 2
    ;;
esac
names=()
for harness in tb/fuzz/fuzz_*.c; do
    name=$(basename "$harness" .c)
    [ "$name" = fuzz_input ] || names+=("${name#fuzz_}")
done
each=$(((seconds * at_once + ${#names[@]} - 1) / ${#names[@]}))
mkdir -p "$directory/crashes" "$directory/logs"
rm -f "$directory"/logs/*

# fuzz NAME: its exit status in logs/NAME.status
fuzz() {
    local name=$1 status=0 dictionary=()
    mkdir -p "$directory/corpus/$name" "$directory/crashes/$name"
    [ -f "tb/fuzz/dictionaries/$name.dict" ] && dictionary=("-dict=tb/fuzz/dictionaries/$name.dict")
    # Beyond its time and what one input may take it is taken for hung itself.
    timeout -k 5 $((each + 6 * unit_seconds)) \
        "$directory/fuzz/fuzz_$name" -max_total_time="$each" -timeout="$unit_seconds" \
        -rss_limit_mb="$memory_mib" -max_len="$max_length" -close_fd_mask=3 "${dictionary[@]}" \
        -artifact_prefix="$directory/crashes/$name/" "$directory/corpus/$name" "tb/fuzz/corpus/$name" \
        </dev/null >"$directory/logs/$name" 2>&1 || status=$?
    echo "$status" >"$directory/logs/$name.status"
}

# The harnesses in turn, each as soon as one of those that run is over.
start=$SECONDS
next=0
while :; do
    running=$(jobs -rp | wc -l)
    while [ "$running" -lt "$at_once" ] && [ "$next" -lt "${#names[@]}" ]; do
        fuzz "${names[next]}" &
        next=$((next + 1))
        running=$((running + 1))
    done
    [ "$running" -gt 0 ] || break
    if [ -t 2 ]; then
        printf '\r%4d s of about %d, %d of %d harnesses begun ' \
            $((SECONDS - start)) "$seconds" "$next" "${#names[@]}" >&2
    fi
    sleep 0.5
done
[ -t 2 ] && printf '\r%70s\r' '' >&2

passed=0
failed=0
for name in "${names[@]}"; do
    log=$directory/logs/$name
    status=$(cat "$log.status")
    runs=$(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$log")
    if [ "$status" -eq 0 ] && [ -n "$runs" ]; then
        passed=$((passed + 1))
        echo "ok      $name: $runs inputs"
        continue
    fi
    failed=$((failed + 1))
    echo "not ok  $name (exit status $status)"
    grep -E 'ERROR: |SUMMARY: |runtime error: ' "$log" | head -n 3 | sed 's/^/    /'
    input=$(sed -nE 's/.*Test unit written to //p' "$log" | tail -n 1)
    if [ -n "$input" ]; then
        echo "    to reproduce: $directory/fuzz/fuzz_$name $input"
    else
        tail -n 5 "$log" | sed 's/^/    /'
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
