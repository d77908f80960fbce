#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every seed and every input that once broke something, once through its
# harness (docs/fuzzing.md). Programs are those that `make` built.
set -u
programs=$(dirname "${TWINWALK:-build/twinwalk}")/replay
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

for harness in tb/fuzz/fuzz_*.c; do
    name=$(basename "$harness" .c)
    [ "$name" = fuzz_input ] && continue
    number=$((number + 1))
    mapfile -t inputs < <(find "tb/fuzz/corpus/${name#fuzz_}" "tb/fuzz/regressions/${name#fuzz_}" -type f \
        ! -name README.md 2>/dev/null | LC_ALL=C sort)
    status=0
    [ ${#inputs[@]} -gt 0 ] && "$programs/$name" "${inputs[@]}" >"$work/out" || status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok $number - ${name#fuzz_}: ${#inputs[@]} inputs"
    else
        echo "not ok $number - ${name#fuzz_} (exit status $status), last input: $(tail -n 1 "$work/out" 2>/dev/null)"
    fi
done
echo "1..$number"
