#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rtl_for_coverage.sh RTL_DIR OUT: copies of the RTL's sources whose functions
# Verilator counts. Of a package it counts none (5.006), so every module gets the
# functions of x86_pkg as its own; `line keeps the places those of RTL_DIR.
set -eu
rtl=$1
out=$2
mkdir -p "$out"
package=$rtl/x86_pkg.sv
functions=$(sed -nE 's/^  function automatic logic (\[[^]]*\] )?([a-z_0-9]+)\(.*/\2/p' "$package")
parameters=$(sed -nE 's/^  localparam [^=]* ([A-Za-z0-9_]+) = .*/\1/p' "$package")
{ echo "\`line 1 \"$package\" 0" && cat "$package"; } >"$out/x86_pkg.sv"

# In modules: calls. In the functions: their names, and the package's constants.
for name in $functions; do
    printf 's/x86_pkg::%s\\(/x86_pkg_%s(/g\n' "$name" "$name" >>"$out/calls.sed"
    printf 's/\\b%s\\b/x86_pkg_%s/g\n' "$name" "$name" >>"$out/body.sed"
done
for name in $parameters; do
    printf 's/\\b%s\\b/x86_pkg::%s/g\n' "$name" "$name" >>"$out/body.sed"
done

first=$(grep -n '^  function' "$package" | head -n 1 | cut -d: -f1)
{
    echo "\`line $first \"$package\" 0"
    sed -n "$first,/^endpackage/p" "$package" | sed 's/^endpackage.*//; s/^  localparam.*//' | sed -E -f "$out/body.sed"
} >"$out/x86_pkg_functions.svh"

for source in "$rtl"/*.sv; do
    if [ "$source" = "$package" ]; then continue; fi
    ports_end=$(grep -n '^);' "$source" | head -n 1 | cut -d: -f1)
    {
        echo "\`line 1 \"$source\" 0"
        sed -n "1,${ports_end}p" "$source"
        cat "$out/x86_pkg_functions.svh"
        echo "\`line $((ports_end + 1)) \"$source\" 0"
        sed -n "$((ports_end + 1)),\$p" "$source"
    } | sed -E -f "$out/calls.sed" >"$out/${source##*/}"
done
