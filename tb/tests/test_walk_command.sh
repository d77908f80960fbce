#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk walk: a real machine's translations as its emulator gave them, the
# printed form, registers and bad usage.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
image=configs/images/linux-l4.tables.bin.zst
answers=tb/data/linux-l4.gva2gpa.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

walk() { "$twinwalk" walk --image "$image" "$@"; }

# The emulator's answers, from the columns and from JSON, in its own form.
real_answers() {
    local addresses
    mapfile -t addresses < <(cut -d' ' -f1 "$answers")
    [ "${#addresses[@]}" -eq 1195 ] || return 1
    walk "${addresses[@]}" >"$work/text" || return 1
    awk '/^VA/ {va = substr($2, 3)}
         /^  PA/ {sub(":", "", $2); print va, "gpa:", $2}
         /^  #/ {print va, "Unmapped"}' "$work/text" | diff "$answers" -
}

real_answers_json() {
    local addresses
    mapfile -t addresses < <(cut -d' ' -f1 "$answers")
    walk --json "${addresses[@]}" >"$work/json" || return 1
    sed -E 's/^\{"va":"0x([0-9a-f]+)".*"pa":"(0x[0-9a-f]+)".*/\1 gpa: \2/
            s/^\{"va":"0x([0-9a-f]+)".*"fault".*/\1 Unmapped/' "$work/json" |
        diff <(sed -E 's/^0*([0-9a-f])/\1/' "$answers") -
}

printed_form() {
    walk --access user-write ffffffff81000123 | diff "$work/expected" -
}
cat >"$work/expected" <<'END'
VA 0xffffffff81000123  4 levels  CR3 0x14297e000  user-write
  entry  at               value               P RW US PWT PCD A D PS G NX PAT key  points to                    rights so far
  PML4E  0x000014297eff8  0x0000000002a15067  1  1  1   0   0 1 -  0 -  0   -   -  table 0x2a15000              user rwx
  PDPTE  0x0000002a15ff0  0x0000000002a16063  1  1  0   0   0 1 -  0 -  0   -   -  table 0x2a16000              supervisor rwx
  PDE    0x0000002a16040  0x00000000010001e1  1  0  0   0   0 1 1  1 1  0   0   0  2 MiB page 0x1000000         supervisor r-x
  PA 0x1000123: 2 MiB page, PAT 0, key 0, global
  #PF, error code 0x7 (P W U): user access to a supervisor page (US is 0 in the PDPTE); write to a read-only page (RW is 0 in the PDE)
END

# shows PATTERN ARGUMENT...: success, and a line like that.
shows() { walk "${@:2}" >"$work/told" && in_order "$work/told" "$1"; }

without_registers() {
    cp "$image" "$work/alone.tables.bin.zst"
    refuses "give --cr3" "$twinwalk" walk --image "$work/alone.tables.bin.zst" 400000 &&
        "$twinwalk" walk --image "$work/alone.tables.bin.zst" --cr3 14297e000 401234 | grep -q 'PA 0x1417e3234:'
}

truncated_image() {
    head -c 5000 "$image" >"$work/cut.tables.bin.zst"
    refuses "$work/cut.tables.bin.zst: truncated, at byte 5000" "$twinwalk" walk --image "$work/cut.tables.bin.zst" 0
}

check "1,195 answers of QEMU, columns" real_answers
check "1,195 answers of QEMU, JSON" real_answers_json
check "the printed form" printed_form
check "JSON is one object a line" [ "$(wc -l <"$work/json")" -eq 1195 ]
check "what the page allows" shows '^  allows: user r--, supervisor --- \(r-- with EFLAGS.AC\)$' 00007fe654264243
check "without SMAP" shows '^  allows: user r--, supervisor r--$' --cr4 20 00007fe654264243
check "a page not present" shows '^  #PF: the PDE is not present$' 0
check "a non-canonical address" shows '^  #GP: not canonical: bits 63:47' 0x8000000000000000
check "a table outside the image" shows 'not present, not in the image$' --cr3 1234000 400000
check "NX without EFER.NXE" shows 'reserved bit 63 set in the PTE; bit 63 is reserved as EFER.NXE is 0' --efer 500 00007fe654264243
check "addresses beyond mmu.maxphyaddr" refuses "CR3 points beyond" walk --cr3 8000000000000 0
check "paging off" refuses "paging is off" walk --cr0 1 0
check "not long mode" refuses "EFER.LME" walk --efer 0 0
check "no CR3" without_registers
check "no image" refuses "--image is missing" "$twinwalk" walk 0
check "no address" refuses "no virtual address" walk
check "no such image" refuses "$work/none: No such file" "$twinwalk" walk --image "$work/none" 0
check "a bad address" refuses "'12x' is not a hexadecimal address" walk 12x
check "an address too long" refuses "not a hexadecimal address" walk 11112222333344445
check "a bad register" refuses "--cr3: 'x' is not" walk --cr3 x 0
check "PKRU too long" refuses "more than 32 bits" walk --pkru 100000000 0
check "a bad access" refuses "--access: 'user-jump' is none of" walk --access user-jump 0
check "an implicit fetch" refuses "--access: 'implicit-fetch' is none of" walk --access implicit-fetch 0
check "a truncated image" truncated_image
check "a file of another kind" refuses "is not the physical address" "$twinwalk" walk --image tb/data/linux-l4.gva2gpa.txt 0
plan
