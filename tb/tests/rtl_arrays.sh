#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The RTL's arrays and x86 functions against their C twins; see rtl_arrays.cpp.
# The build is kept in build/rtl_arrays and made anew where a source is newer.
set -eu
build=${BUILD:-build}/rtl_arrays
cycles=${1:-40000}
seed=${2:-1}
root=$PWD
mkdir -p "$build"

verilator --cc --exe -O3 --x-assign fast --x-initial fast --noassert --flatten -Wno-fatal -Wno-lint \
    +define+TWINWALK_DIGEST --public-flat-rw --Mdir "$build" --top-module rtl_arrays \
    -CFLAGS "-std=gnu++17 -O1 -I$root/cmodel -I$root/tb" \
    rtl/x86_pkg.sv rtl/replacement.sv rtl/tlb_array.sv rtl/l1_tlb.sv rtl/l2_tlb.sv rtl/walk_cache.sv \
    tb/tests/rtl_arrays.sv "$root/tb/tests/rtl_arrays.cpp" >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }

sources=(replacement tlb_array l1_tlb l2_tlb walk_cache)
objects=()
for source in "${sources[@]}"; do
    object=$build/c_$source.o
    objects+=("c_$source.o")
    if [ ! -e "$object" ] || [ -n "$(find cmodel -newer "$object" -print -quit)" ]; then
        gcc -std=gnu11 -O2 -Wall -Wextra -Werror -Icmodel -c -o "$object" "cmodel/$source.c"
    fi
done
make -C "$build" -f Vrtl_arrays.mk USER_LDLIBS="${objects[*]}" OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1 \
    >>"$build/log" 2>&1 || { tail -n 40 "$build/log"; exit 1; }
"$build/Vrtl_arrays" "$cycles" "$seed"
