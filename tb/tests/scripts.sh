#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every directed script over every shipped configuration: RTL and C model in
# lockstep, judged (ENGINE=model: the C model alone, judged).
set -u
twinwalk=${TWINWALK:-build/twinwalk}
engine=${ENGINE:-lockstep}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

for config in tiny default sapphire_rapids zen4; do
    for script in tb/scripts/*.tw; do
        number=$((number + 1))
        status=0
        "$twinwalk" run -q -c "$config" --engine "$engine" --judge --script "$script" >"$work/out" 2>&1 || status=$?
        name="$(basename "$script" .tw) on $config"
        if [ "$status" -eq 0 ]; then
            echo "ok $number - $name"
        else
            echo "not ok $number - $name (exit status $status)"
            sed 's/^/# /' "$work/out"
        fi
    done
done
echo "1..$number"
