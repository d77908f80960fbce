#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# code_coverage.sh: counts which lines of the RTL and of the C model run in two
# plans, and reports it (docs/code-coverage.md). TWINWALK is a program whose C
# model counts (`make code-coverage` builds it).
set -eu
cd "$(dirname "$0")/.."
program=$TWINWALK
objects=$(dirname "$program")
output=build/code-coverage
jobs=${JOBS:-$(nproc)}
rm -rf "$output"
mkdir -p "$output/rtl"
find "$objects" -name '*.gcda' -delete

# Lines in every configuration of the plan, toggles in one; the model is in all of these runs.
export RTL_COVERAGE_DIR=$PWD/$output/rtl
RTL_COVERAGE=line "$program" regress configs/regress/code_coverage.yaml -j "$jobs" -o "$output/lines" --shrink-seconds 0
RTL_COVERAGE=toggle "$program" regress configs/regress/code_toggles.yaml -j "$jobs" -o "$output/toggles" --shrink-seconds 0

# What the model refuses comes to no run.
"$objects/tests/test_params" >/dev/null 2>&1

gcov --branch-probabilities --json-format --stdout "$objects"/cmodel/*.gcda >"$output/model.json"
if "$program" code-coverage -o "$output" "$output"/rtl/*.dat "$output/model.json"; then
    echo "1 passed, 0 failed"
else
    echo "0 passed, 1 failed"
    exit 1
fi
