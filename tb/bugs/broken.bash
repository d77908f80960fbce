# SPDX-License-Identifier: Apache-2.0
# Copies of the MMU with a bug of tb/bugs in them, for tests to source: set
# $twinwalk (the sound program, built beside its objects) and $work, the directory
# that gets a directory for each bug, first.
# shellcheck disable=SC2154  # twinwalk and work
build=$(dirname "$twinwalk")
compiler=${CC:-gcc}

# A copy of both twins with the bug in them, $work/NAME/cmodel and $work/NAME/rtl.
apply() {
    local directory=$work/$1
    rm -rf "$directory"
    mkdir -p "$directory"
    cp -r cmodel rtl "$directory"
    # Not as a part of the repository around it.
    (cd "$directory" && GIT_CEILING_DIRECTORIES=$work git apply -p1 "$OLDPWD/tb/bugs/$1.patch") \
        >"$directory/apply.log" 2>&1 &&
        ! diff -rq cmodel "$directory/cmodel" >/dev/null && ! diff -rq rtl "$directory/rtl" >/dev/null
}

# The program with the bug in its C model, $work/NAME/twinwalk.
build_model() {
    local directory=$work/$1
    local sources=("$directory"/cmodel/*.c)
    # A patch that leaves the headers alone needs only its own sources compiled.
    if diff -q <(cat cmodel/*.h) <(cat "$directory"/cmodel/*.h) >/dev/null; then
        sources=()
        for source in "$directory"/cmodel/*.c; do
            cmp -s "$source" "cmodel/${source##*/}" || sources+=("$source")
        done
    fi
    "$compiler" -std=gnu11 -D_GNU_SOURCE= -O1 -fno-lto -w -I"$directory/cmodel" -Itb -Isim -rdynamic \
        -o "$directory/twinwalk" "${sources[@]}" "$build/sim/main.o" "$build/libtwinwalk.a" \
        -lcyaml -lyaml -ljansson -lzstd -llzma -lz -lelf -lm -ldl -lpthread -lsqlite3 >"$directory/build.log" 2>&1
}

# build_rtl NAME CONFIG: the RTL with the bug; prints the path of what is built.
build_rtl() {
    # shellcheck disable=SC2046  # a word for each parameter
    RTL_DIR=$work/$1/rtl tb/build_rtl.sh build/rtl $("$twinwalk" config -c "$2" --rtl)
}
