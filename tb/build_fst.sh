#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the library that reads FST files into a shared object, or finds it
# built. Its sources come with Verilator.
#
# usage: tb/build_fst.sh CACHE_DIR
#
# Prints the path of the shared object. Runs from the project's root.
set -eu
cache=$1
root=$(verilator --getenv VERILATOR_ROOT)/include/gtkwave
digest=$(cat "$root"/*.[ch] tb/fst_seam.[ch] tb/build_fst.sh | sha256sum | cut -c 1-20)
out=$cache/$digest
if [ ! -e "$out/libfst.so" ]; then
    mkdir -p "$out"
    work=$(mktemp "$out/libfst.XXXXXX")
    trap 'rm -f "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    ${CC:-gcc} -std=gnu11 -O2 -fPIC -shared -w -D_GNU_SOURCE= -DFST_CONFIG_INCLUDE='"fst_config.h"' -I"$root" -Itb \
        tb/fst_seam.c "$root/fstapi.c" "$root/fastlz.c" "$root/lz4.c" -lz -lpthread -o "$work" >&2
    chmod 755 "$work"
    mv "$work" "$out/libfst.so"
fi
echo "$out/libfst.so"
