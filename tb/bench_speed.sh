#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make bench: how fast bare RTL, lockstep and the C model are on the same load,
# and how much memory an image of 2 GiB takes. A table on stdout and JSON in
# build/bench.json; see docs/performance.md. The runs that are compared take
# turns, BENCH_REPEAT times; what counts is the median of the time in user
# mode, as others may be using the machine.
#
# From the environment: BENCH_REPEAT; BENCH_CYCLES of the random load,
# BENCH_ACCESSES of the trace and BENCH_SYNTHETIC of the synthetic ones;
# BENCH_COUNTS=1 to count instructions, too; BENCH_JSON, where the JSON goes.
set -u
cd "$(dirname "$0")/.." || exit 3
twinwalk=${TWINWALK:-build/twinwalk}
repeat=${BENCH_REPEAT:-3}
cycles=${BENCH_CYCLES:-1000000}
accesses=${BENCH_ACCESSES:-3000000}
synthetic=${BENCH_SYNTHETIC:-10000000}
counts=${BENCH_COUNTS:-0}
json=${BENCH_JSON:-build/bench.json}

for number in "$repeat" "$cycles" "$accesses" "$synthetic"; do
    [[ $number =~ ^[1-9][0-9]*$ ]] || { echo "bench: '$number' is not a number above 0" >&2 && exit 2; }
done
if [ "$counts" = 1 ] && ! command -v valgrind >/dev/null; then
    echo "bench: BENCH_COUNTS=1 needs valgrind (Debian package valgrind)" >&2
    exit 2
fi
mkdir -p build "$(dirname "$json")"
work=$(mktemp -d build/bench.XXXXXX) || exit 3
trap 'rm -rf "$work"' EXIT

say() { [ ! -t 2 ] || printf '\r\033[K%s' "$1" >&2; }

# load_of NAME LENGTH: sets `load`, the options of twinwalk run for so many cycles or accesses.
load_of() {
    case $1 in
    random) load=(--random --cycles "$2") ;;
    sqlite3) load=(--trace configs/traces/sqlite3.twt.zst --accesses "$2") ;;
    sequential) load=(--trace "synthetic:sequential,count=$2") ;;
    uniform) load=(--trace "synthetic:uniform,count=$2,bytes=64MiB") ;;
    image) load=(--random --image "$work/core.elf" --cycles "$2") ;;
    esac
}

length_of() {
    case $1 in
    random | image) echo "$cycles" ;;
    sqlite3) echo "$accesses" ;;
    *) echo "$synthetic" ;;
    esac
}

# run CONFIG LOAD ENGINE LENGTH [COMMAND...]: one run, under COMMAND; statistics to $work/stats. The
# engine `covered` is lockstep with functional coverage.
run() {
    local config=$1 engine=(--engine "$3")
    [ "$3" != covered ] || engine=(--engine lockstep --coverage "$work/coverage.json")
    load_of "$2" "$4"
    "${@:5}" "$twinwalk" run -q -c "$config" "${engine[@]}" "${load[@]}" --stats "$work/stats" >"$work/out" 2>&1 || {
        say ''
        echo "bench: $config, $2, $3: exit status $?" >&2
        cat "$work/out" >&2
        exit 1
    }
}

# measure CONFIG LOAD ENGINE: one line of $work/runs.
measure() {
    say "$1, $2, $3"
    run "$1" "$2" "$3" "$(length_of "$2")"
    awk -v key="$1 $2 $3" '
        {value[$1] = $2}
        END {print key, value["bench.cycles"], value["bench.accesses"], value["bench.host_seconds"],
                   value["bench.host_user_seconds"], value["bench.host_peak_memory"]}' "$work/stats" >>"$work/runs"
}

# little_endian BYTES NUMBER...: as printf escapes.
little_endian() {
    local bytes=$1 number i
    shift
    for number; do
        for ((i = 0; i < bytes; i++)); do printf '\\x%02x' $((number >> 8 * i & 255)); done
    done
}

# The page tables that come with the project at their places in 2 GiB of memory, as an ELF core: 1280 MiB
# from address 0 on and 768 MiB from 5 GiB on. Memory that is no table is a hole of the file.
make_core() {
    local low=$((1280 << 20)) high=$((768 << 20)) high_address=$((5 << 30)) i address place count
    {
        printf '\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0'
        # ET_CORE, x86-64; program headers at 64, two of 56 bytes; PT_LOAD
        printf %b "$(little_endian 2 4 62)$(little_endian 4 1)$(little_endian 8 0 64 0)$(little_endian 4 0)$(little_endian 2 64 56 2 64 0 0)"
        printf %b "$(little_endian 4 1 7)$(little_endian 8 4096 0 0 $low $low 4096)"
        printf %b "$(little_endian 4 1 7)$(little_endian 8 $((4096 + low)) 0 $high_address $high $high 4096)"
    } >"$work/core.elf"
    truncate -s $((4096 + low + high)) "$work/core.elf"
    zstd -dqc configs/images/linux-l4.tables.bin.zst >"$work/tables"
    cp configs/images/linux-l4.regs "$work/core.regs"
    # A record is the address of a page and the page.
    count=$(($(stat -c %s "$work/tables") / 4104))
    for ((i = 0; i < count; i++)); do
        address=$((16#$(od -An -tx8 -N8 -j $((i * 4104)) "$work/tables" | tr -d ' ')))
        place=$((4096 + (address < high_address ? address : address - high_address + low)))
        dd if="$work/tables" of="$work/core.elf" bs=8 skip=$((i * 513 + 1)) count=512 seek=$((place / 8)) \
            conv=notrunc status=none
    done
}

# instructions CONFIG LOAD ENGINE LENGTH: callgrind's counts: all, those of the RTL's library, and cycles.
instructions() {
    run "$1" "$2" "$3" "$4" valgrind --tool=callgrind --callgrind-out-file="$work/callgrind"
    callgrind_annotate --threshold=100 "$work/callgrind" >"$work/annotated"
    awk -v cycles="$(awk '$1 == "bench.cycles" {print $2}' "$work/stats")" '
        function number(text) {gsub(/,/, "", text); return text}
        /PROGRAM TOTALS/ {all = number($1)}
        /libmmu\.so\]$/ {rtl += number($1)}
        END {printf "%.0f %.0f %.0f\n", all, rtl, cycles}' "$work/annotated"
}

# Two lengths, so that what is done once drops out.
count_instructions() {
    local short=$((cycles / 20)) long=$((cycles / 5))
    [ "$2" != sqlite3 ] || { short=$((accesses / 30)) && long=$((accesses / 10)); }
    say "$1, $2, $3: counting instructions"
    echo "$1 $2 $3 $(instructions "$1" "$2" "$3" "$short") $(instructions "$1" "$2" "$3" "$long")" >>"$work/counts"
}

cases=()
for config in default sapphire_rapids; do
    for name in random sqlite3; do
        for engine in rtl lockstep covered model; do cases+=("$config $name $engine"); done
    done
    for name in sequential uniform; do cases+=("$config $name model"); done
done
for name in random sqlite3; do cases+=("tiny $name rtl"); done

make_core
# The RTL is built first, at ease.
for config in tiny default sapphire_rapids; do
    say "building the RTL of $config"
    run "$config" random rtl 100
done
for ((i = 0; i < repeat; i++)); do
    for case in "${cases[@]}"; do
        # shellcheck disable=SC2086  # three words
        measure $case
    done
done
measure default image lockstep
: >"$work/counts"
if [ "$counts" = 1 ]; then
    for case in "${cases[@]}"; do
        case $case in
        *" random "* | *" sqlite3 "*)
            # shellcheck disable=SC2086  # three words
            count_instructions $case
            ;;
        esac
    done
fi
say ''

cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
awk -v json="$work/json" -v cpu="$cpu" -f tb/bench_speed.awk "$work/runs" "$work/counts" &&
    mv "$work/json" "$json" && echo "written to $json"
