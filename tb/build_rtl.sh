#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the RTL of one configuration into a shared object, or finds it built.
#
# usage: tb/build_rtl.sh CACHE_DIR NAME=VALUE...
#
# NAME=VALUE are the parameters of rtl/mmu.sv. Prints the path of the shared
# object. What is built is kept under a name that is a digest of everything it
# is made from, so a change of any source builds anew; several may build the same
# at once. Nothing is ever deleted from the cache but by `make clean`; a build has
# about 0.7 MB, for waves 3 MB. Runs from the project's root. RTL_DIR replaces rtl/, RTL_CXX the compiler; RTL_TRACE=1 builds for waves,
# RTL_COVERAGE=line|toggle with counters of lines (and of toggles).
# shellcheck disable=SC2086,SC2046,SC2010  # flags, parameters and files are lists of words
set -eu
cache=$1
shift
rtl=${RTL_DIR:-rtl}
cxx=${RTL_CXX:-g++}
trace=${RTL_TRACE:-0}
flags= runtime_sources="verilated verilated_threads" libraries=-lpthread optimize=-O3 coverage=0 more=

seam=tb/rtl_seam.cpp
decoding="tb/signal_report.c tb/signal_decode.c tb/bench_names.c"
if [ "$trace" = 1 ]; then
    seam="$seam tb/rtl_wave.cpp tb/rtl_wave_twin.cpp"
    runtime_sources="$runtime_sources verilated_fst_c" libraries="-lpthread -lz"
    flags="--trace-fst --trace-structs --trace-max-array 256 --trace-max-width 4096"
fi
case ${RTL_COVERAGE:-} in
'') ;;
line | toggle)
    # Split and reordered statements would leave their counters behind, under conditions that they have changed.
    flags="$flags --coverage-line -fno-split -fno-reorder"
    # Counters of toggles are so many that optimizing them takes longer than anything that is run.
    optimize=-O1
    [ "$RTL_COVERAGE" = line ] || flags="$flags --coverage-toggle" optimize=-O0
    coverage=1 runtime_sources="$runtime_sources verilated_cov" more=tb/rtl_for_coverage.sh
    ;;
*)
    echo "tb/build_rtl.sh: RTL_COVERAGE is '$RTL_COVERAGE', not line or toggle" >&2
    exit 1
    ;;
esac
digest_of_sources() {
    { cat "$rtl"/*.sv $seam tb/rtl_seam.h tb/rtl_instance.h tb/rtl_wave.h tb/signals.def $decoding tb/signal_report.h tb/signal_decode.h tb/bench_names.h cmodel/*.h tb/build_rtl.sh $more; echo "$cxx $flags $*"; } | sha256sum | cut -c 1-20
}
digest=$(digest_of_sources "$@")
out=$cache/$digest
if [ -e "$out/libmmu.so" ]; then
    echo "$out/libmmu.so"
    exit 0
fi

# Whoever wants the same build meanwhile waits for it instead of making it too.
mkdir -p "$cache"
exec 9>"$cache/$digest.lock"
flock 9
if [ -e "$out/libmmu.so" ]; then
    echo "$out/libmmu.so"
    exit 0
fi
# Elsewhere the first line is to be the one that says what failed.
[ ! -t 2 ] || echo "building the RTL of this configuration (once; kept in $out)" >&2
# What a build left that was killed long ago.
find "$cache" -maxdepth 1 -name 'build.*' -mmin +600 -exec rm -rf {} +
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
TMPDIR=$(cd "$work" && pwd)
export TMPDIR

# The registers that the seam reads.
{
    echo '`verilator_config'
    sed -nE 's/^(SIGNAL|ELEMENTS)\(([a-z_0-9]+), .*, ([a-zA-Z_0-9]*__DOT__)?([a-z_0-9]+_q), .*/\2 \4/p' tb/signals.def
    for name in tag_q data_q valid_q digest_q; do echo "tlb_array $name"; done
    for name in repl_q lfsr_q; do echo "replacement $name"; done
    for name in lookup_va_q lookup_attr_q lookup_tag_q; do echo "lookup_stage $name"; done
} | sed -E 's/^([a-z_0-9]+) ([a-z_0-9]+)$/public_flat_rd -module "\1" -var "\2"/' >"$work/public.vlt"

sources=$rtl
if [ "$coverage" = 1 ]; then
    tb/rtl_for_coverage.sh "$rtl" "$work/rtl"
    sources=$work/rtl
fi

parameters= defines=
for parameter; do
    parameters="$parameters -G$parameter"
    defines="$defines -DP_$parameter"
done
if ! {
    verilator --cc -O3 --x-assign fast --x-initial fast --noassert --flatten --unroll-count 4096 --unroll-stmts 100000 \
        --output-split 0 -Wno-fatal -Wno-lint -Wno-SPLITVAR -Wno-style -DTWINWALK_DIGEST --prefix Vmmu --top-module mmu --Mdir "$work/obj" $flags \
        $parameters "$work/public.vlt" "$sources/x86_pkg.sv" $(ls "$sources"/*.sv | grep -v /x86_pkg.sv) &&
    verilated=$(sed -n 's/^VERILATOR_ROOT *= *//p' "$work/obj/Vmmu.mk") &&
    # Everything that the design has between two clock edges, with its bits.
    sed -nE 's/^ *(VlUnpacked<)?[A-Za-z]+(<[0-9]+>)?\/\*([0-9]+):0\*\/(, [0-9]+>)? (mmu__DOT__[A-Za-z0-9_]+);.*/\5 \3/p
        s/^ *VL_IN[0-9W]*\(([a-z_]+),([0-9]+),0.*/\1 \2/p' "$work/obj/Vmmu___024root.h" | LC_ALL=C sort |
        awk '{ print "REGISTER(" $1 ", " $2 + 1 ")" } END { print "#undef REGISTER" }' >"$work/obj/registers.inc" &&
    # Where Verilator keeps the clock's level as last seen; the seam can do without.
    seen=$(grep -ow '__Vtrigr*prev[a-z]*__*TOP__clk_i[_0-9]*' "$work/obj/Vmmu___024root.h" | sort -u) &&
    if [ "$(echo "$seen" | wc -w)" = 1 ]; then defines="$defines -DCLOCK_SEEN=$seen"; fi &&
    for source in $decoding; do
        ${CC:-gcc} -std=gnu11 -O2 -fPIC -Icmodel -Itb -c "$source" -o "$work/$(basename "$source" .c).o"
    done &&
    compile="$cxx -std=c++17 $optimize -fPIC -w -fno-semantic-interposition -I$verilated/include -I$verilated/include/vltstd -DVM_TRACE=$trace -DVM_TRACE_FST=$trace -DVM_COVERAGE=$coverage" &&
    # What all builds have in common is compiled once.
    runtime=$cache/runtime-$({ echo "$compile"; cat "$verilated"/include/*.cpp "$verilated"/include/*.h "$verilated"/include/gtkwave/*; } | sha256sum | cut -c 1-20) &&
    if [ ! -e "$runtime" ]; then
        mkdir "$work/runtime"
        for source in $runtime_sources; do
            $compile -c "$verilated/include/$source.cpp" -o "$work/runtime/$source.o" || rm -rf "$work/runtime"
        done
        mv -T "$work/runtime" "$runtime" || [ -e "$runtime" ] # another build may have been first
    fi &&
    # One source: Verilator's headers are read once.
    for source in "$work"/obj/Vmmu*.cpp; do echo "#include \"${source##*/}\""; done >"$work/obj/all.cpp" &&
    $compile -shared -I"$work/obj" -Icmodel -Itb $defines "$work/obj/all.cpp" "$work"/*.o "$runtime"/*.o $seam $libraries \
        -o "$work/libmmu.so"
} >"$work/log" 2>&1; then
    cat "$work/log" >&2
    exit 1
fi
# Under this name nothing else may be kept.
if [ "$(digest_of_sources "$@")" != "$digest" ]; then
    echo "tb/build_rtl.sh: the sources changed while they were built" >&2
    exit 1
fi
mkdir -p "$out"
mv "$work/libmmu.so" "$out/libmmu.so.$$"
mv "$out/libmmu.so.$$" "$out/libmmu.so"
echo "$out/libmmu.so"
