#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make.sh [NAME...]: makes the traces beside it, all or those named, anew: builds
# the programs, prepares what they work on, and captures each (docs/traces.md).
# Needs valgrind, gcc, sqlite3, perl, xz-utils and coreutils.
set -eu
cd "$(dirname "$0")"
twinwalk=${TWINWALK:-../../build/twinwalk}
work=../../build/traces
mkdir -p "$work"
export LC_ALL=C PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0

# capture NAME SKIP ACCESSES PROGRAM ARGUMENT...
capture() {
    local name=$1 skip=$2 accesses=$3
    shift 3
    echo "$name: $*"
    "$twinwalk" capture -o "$name.twt.zst" --skip "$skip" --accesses "$accesses" -- "$@" >"$work/$name.log"
    tail -n 1 "$work/$name.log"
}

program() { gcc -O2 -o "$work/$1" "programs/$1.c"; }

make_compiler() {
    gcc -E programs/graph.c >"$work/graph.i"
    capture compiler 60M 6M "$(gcc -print-prog-name=cc1)" -quiet -O2 "$work/graph.i" -o "$work/graph.s"
}

make_lookup() {
    rm -f "$work/lookup.db"
    sqlite3 "$work/lookup.db" <programs/lookup_make.sql
    capture lookup 2M 6M sqlite3 -readonly "$work/lookup.db" ".read programs/lookup.sql"
}

make_sort() {
    awk 'BEGIN {for (i = 0; i < 24000; i++) {x = (x * 16807 + 11) % 2147483647; print x, i}}' >"$work/sort.in"
    capture sort 38M 6M sort --parallel=1 -S 64M "$work/sort.in" -o "$work/sort.out"
}

make_graph() {
    program graph
    "$work/graph" make "$work/graph.csr"
    capture graph 20M 5M "$work/graph" walk "$work/graph.csr"
}

make_matrix() {
    program matrix
    capture matrix 5M 6M "$work/matrix"
}

make_hash_join() {
    program hash_join
    capture hash_join 6M 5M "$work/hash_join"
}

make_interpreter() { capture interpreter 95M 6M perl programs/words.pl; }

make_compressor() {
    head -c 16M "$(gcc -print-prog-name=cc1)" >"$work/data"
    capture compressor 6M 6M xz -6 -T1 -k -f "$work/data"
}

if [ $# -eq 0 ]; then set -- compiler lookup sort graph matrix hash_join interpreter compressor; fi
for name; do
    "make_$name"
done
