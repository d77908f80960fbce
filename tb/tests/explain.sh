#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk explain and the debug flags: what is told of accesses, pages and
# cycles, of a bug in the RTL and of one in both twins, and bad usage.
set -u
export LC_ALL=C
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash
. tb/bugs/broken.bash
random=(-c tiny --random --seed 7 --accesses 1000)

# explained STATUS ARGUMENT...: what is told is in $work/told and $work/err.
explained() {
    local expected=$1 status=0
    shift
    "$twinwalk" explain "$@" >"$work/told" 2>"$work/err" || status=$?
    cat "$work/err"
    [ "$status" -eq "$expected" ] || { head -n 30 "$work/told"; echo "exit status $status: $*"; return 1; }
}

# An access that an INVPCID and page faults overtake: all of its life, and the judge's reason.
life() {
    explained 0 --access 5 -- run "${random[@]}" &&
        in_order "$work/told" '^access 5: supervisor read \(AC\) of 0xffffa55ce6fe8cb5 on port 2, accepted in cycle 32, answered in cycle 365 \(333 cycles\)' \
            ' 33  port 2: misses L1' 'miss queue 5: allocated' 'not merged with entry 1 \(access 1\)' 'misses L2' \
            'broadcast of INVPCID type 3' 'sent back by the operation' 'sent back by the drop for the page fault of access 0' \
            'begins at the PTE in table .* walk_cache.pde set 0 way 0' '\(filled in cycle 211 for access 1\)' 'given up by' \
            'from the root' 'read PML4E at 0x0000001000a50 = 0x0000000001010027 \(P RW US A, table 0x1010000\)' \
            'read PDPTE' 'read PDE' 'read PTE' 'fills l1d.4k set 0 way 1' 'fills l2.4k set 0 way 0' \
            'port 2 answers tag 2: pa 0x97a35cb5' '^legal: this walk explains it' 'PTE   at bffffd2f40'
}

# The model alone passes over idle time and tells the same.
same_with_model() {
    "$twinwalk" explain --access 5 -- run "${random[@]}" >"$work/lockstep" &&
        "$twinwalk" explain --access 5 -- "${random[@]}" --engine model >"$work/told" && cmp -s "$work/lockstep" "$work/told"
}

# The question may come behind the run.
behind() {
    "$twinwalk" explain --access 5 -- "${random[@]}" --engine model >"$work/before" &&
        explained 0 run "${random[@]}" --access 5 --engine model && cmp -s "$work/before" "$work/told" &&
        explained 0 run "${random[@]}" --access=5 --engine model && cmp -s "$work/before" "$work/told"
}

# The first access that has joined another: it has the other's walk in its story.
joined() {
    local access
    access=$("$twinwalk" run -q "${random[@]}" --engine model --debug=MissQueue 2>&1 |
        sed -nE 's/.*, access ([0-9]+), .*: merged with.*/\1/p' | sed -n 20p)
    explained 0 --access "$access" -- "${random[@]}" --engine model &&
        in_order "$work/told" "^access $access: " 'merged with entry [0-9]+ \(access [0-9]+\)' \
            "(walker [0-9]+, access [0-9]+, .* read PTE|miss queue [0-9]+, access [0-9]+, .*: hits l2|fault)"
}

# Who filled what an access hits.
hit() {
    printf 'tables 0x100000 0x200000\ncr3 = 0x80000\nmap 0x7f0000000000 -> 0x12345000 4k user\n%s' \
        $'read user 0x7f0000000000\ndrain\nread user 0x7f0000000008\ndrain\n' >"$work/hit.tw"
    explained 0 --access 1 -- -c tiny --script "$work/hit.tw" &&
        in_order "$work/told" 'hits l1d.4k set 0 way 0 \(VA 0x7f0000000000' 'filled in cycle [0-9]+ for access 0' '^legal:'
}

page() {
    explained 0 --va 0xffffa55ce6fe8cb5 -- "${random[@]}" --engine model &&
        in_order "$work/told" '^page 0xffffa55ce6fe8000: [0-9]+ events' 'access 5, .*: allocated' 'INVPCID type 3' \
            'memory 0x000bffffd2f40 changes' 'fills l1d.4k set 0 way 1 \(VA 0xffffa55ce6fe8000'
}

cycle() {
    explained 0 --cycle 300 -- "${random[@]}" --engine model &&
        in_order "$work/told" ' 300  walker 1, access 5, .*: read PML4E' ' 300  dropped from walk_cache.pml4e .* by a fill that overlaps it' \
            '^access 3: ' '^access 5: '
}

# A wave of the same run has the same steps.
wave() {
    "$twinwalk" run -q -c tiny --script tb/scripts/invlpg.tw --wave="$work/wave.fst" >"$work/told" 2>"$work/err" &&
        explained 0 "$work/wave.fst" --access 12 &&
        in_order "$work/told" '^access 12, accepted in cycle 419, answered in cycle 464' ' 420  port 1, access 12, .*: misses L1' \
            ' 425  walker 1, .*: begins at the PML4E' ' 429  walker 1, .*: read PML4E at 0x00000000807f0 = 0x0000000000100027' \
            ' 445  walker 1, .*: exchange lost, PDPTE' ' 461  walker 1, .*: read PDPTE at .* = 0x00000000800000a5' \
            ' 462  fills l1d.1g set 0 way 0' ' 464  port 1 answers tag 1 \(access 12' &&
        sed -nE 's/^ +([0-9]+)  .*: (read P[A-Z0-9]+ at 0x[0-9a-f]+ = 0x[0-9a-f]+).*/\1 \2/p' "$work/told" >"$work/reads" &&
        explained 0 --access 12 -- -c tiny --script tb/scripts/invlpg.tw &&
        sed -nE 's/^ +([0-9]+)  .*: (read P[A-Z0-9]+ at 0x[0-9a-f]+ = 0x[0-9a-f]+).*/\1 \2/p' "$work/told" |
        cmp -s - "$work/reads" && [ "$(wc -l <"$work/reads")" -eq 4 ] || return 1
    explained 0 --cycle 244 "$work/wave.fst" &&
        in_order "$work/told" ' 243  operation accepted: INVLPG 0x00007f1234569000' ' 244  broadcast of INVLPG' ' 244  dropped from l1d.4k set 1 way 1' \
            ' 244  .*walk_cache.pml4e set 0 way 0' &&
        explained 0 --va 0x7f1234569000 "$work/wave.fst" &&
        in_order "$work/told" '^page 0x00007f1234569000: [0-9]+ events' ' 157  fills l1d.4k set 1 way 1' ' 243  operation accepted: INVLPG' || return 1
    explained 2 "$work/wave.fst" && grep -q 'the wave shows no failure' "$work/err" &&
        explained 2 --access 900 "$work/wave.fst" && grep -q 'does not show access 900' "$work/err" &&
        explained 2 --cycle 9000 "$work/wave.fst" && grep -q 'the wave has cycles 0 to 528' "$work/err" || return 1
    head -c 2000 "$work/wave.fst" >"$work/half.fst"
    explained 2 --access 1 "$work/half.fst" && grep -q 'half.fst' "$work/err" &&
        explained 2 --access 1 "$work/none.fst" && grep -q 'none.fst' "$work/err"
}

# What was told, and that the listed cycles are those asked for.
log() {
    "$twinwalk" run -q "${random[@]}" --engine model --debug=L1D,Walker,Inval --debug-file="$work/told" --debug-from 200 \
        --debug-to 400 2>"$work/err" && [ ! -s "$work/err" ] || return 1
    awk -F: '$1 + 0 < 200 || $1 + 0 > 400 || $2 !~ /^ (L1D|Walker|Inval)$/ {exit 1}' "$work/told" &&
        in_order "$work/told" ' 232: Inval: operation accepted: CR3 = 0x1000000' ' 300: Walker: walker 1, access 5, .*: read PML4E' \
            ' 363: L1D: fills l1d.4k set 0 way 1'
}

log_changes_nothing() {
    "$twinwalk" run -q "${random[@]}" --results "$work/without" &&
        "$twinwalk" run -q "${random[@]}" --results "$work/with" --debug=All --debug-file="$work/log" &&
        cmp "$work/without" "$work/with" && [ "$(wc -l <"$work/log")" -gt 10000 ]
}

flags() {
    "$twinwalk" run --debug=help >"$work/told" && [ "$(sed -n '2,$p' "$work/told" | wc -l)" -eq "$(($(grep -c '^DEBUG_FLAG' tb/debug_flags.def) + 1))" ]
}

# INVLPG does not look at the last way: the cycle, the entry, what the model did, who had filled it, and where it shows.
difference() {
    apply invlpg_skips_way || return 1
    RTL_DIR=$work/invlpg_skips_way/rtl explained 1 run -c tiny --script tb/scripts/invlpg.tw &&
        in_order "$work/told" '^RTL and C model first differ in cycle 245: the cause is the clock edge that ends cycle 244' \
            '^cycle 245:' '^  l1d.4k set 1 way 1' 'RTL valid   VA 0x7f1234569000' 'C   invalid VA 0x7f1234569000' \
            '^cycle 247, an output among them:' '^  mmu.resp_valid' 'the judge finds it illegal' '^rule stale-leaf' \
            ' 244  broadcast of INVLPG 0x00007f1234569000' ' 244  dropped from l1d.4k set 1 way 1' \
            'filled in cycle 157 for access 2' '^access 2: user read of 0x00007f1234569000'
}

# The same from a wave of the failure: every value with its name, in the words of both sides.
difference_of_wave() {
    RTL_DIR=$work/invlpg_skips_way/rtl explained 1 run -c tiny --script tb/scripts/invlpg.tw &&
        sed '/^then the RTL alone/,$d' "$work/told" >"$work/path" && grep -q 'mmu.resp_valid  *RTL {1}  *C {}$' "$work/path" || return 1
    RTL_DIR=$work/invlpg_skips_way/rtl "$twinwalk" run -q -c tiny --script tb/scripts/invlpg.tw --wave-on-failure="$work/bug.fst" >/dev/null 2>"$work/err"
    explained 1 "$work/bug.fst" && sed '/^$/,$d' "$work/told" | diff "$work/path" -
}

# An access that would come after the difference: that is told instead.
difference_before_access() {
    RTL_DIR=$work/invlpg_skips_way/rtl explained 1 --access 6 -- run -c tiny --script tb/scripts/invlpg.tw &&
        in_order "$work/told" '^RTL and C model first differ in cycle 245'
}

# A walk that an INVLPG overtakes fills all the same, in both twins: the judge alone objects.
illegal() {
    apply fill_after_invalidation && build_model fill_after_invalidation || { cat "$work"/fill_after_invalidation/*.log; return 1; }
    twinwalk=$work/fill_after_invalidation/twinwalk explained 1 run -c tiny --engine model --script tb/bugs/overtaken_leaf.tw &&
        in_order "$work/told" '^illegal by the architecture in cycle 1338' '^access 52: user read of 0x00007f1234567000' \
            ' 1334  memory 0x0000000102b38 changes' ' 1334  operation accepted: INVLPG' ' 1334  walker 0: read PTE' \
            ' 1335  broadcast of INVLPG' ' 1336  fills l1d.4k set 1 way 0' ' 1338  port 1 answers' \
            '^illegal: rule stale-leaf' 'last invalidation of the page: INVLPG of 7f1234567000'
}

# An answer that a script does not expect, in a run that goes on: said once, with the life of its access.
expectation() {
    mkdir -p "$work/include" && cp tb/scripts/include/* "$work/include" &&
        sed 's/pa=0x40400000/pa=0x40600000/' tb/scripts/invlpg.tw >"$work/wrong.tw" &&
        explained 1 run -c tiny --engine model --script "$work/wrong.tw" &&
        in_order "$work/told" '^cycle 333: not as .*/wrong.tw:27 expects$' '^access 7: user read of 0x00007f1280000000' \
            'requests a compare-exchange of the PDE at 0x0000000103000: 0x0000000040400085 to 0x00000000404000a5 \(sets A\)' \
            ' 333  port 2 answers tag 0: pa 0x40400000' '^the last cycles:' &&
        [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q 'wrong.tw:27:1: va 0x7f1280000000: expected ok pa=0x40600000' "$work/err"
}

# What is left of a script behind the answer asked for has not failed.
stopped_early() {
    explained 0 --access 3 run -c tiny --engine model --script tb/scripts/invlpg.tw && [ ! -s "$work/err" ]
}

# Of a page a wave has what the run has.
page_of_wave() {
    local va
    for va in 0x7f1280100000 0x7f1234569000 0x1; do
        explained 0 --va $va -- run -c tiny --script tb/scripts/invlpg.tw && grep '^ ' "$work/told" | sort >"$work/page" &&
            explained 0 --va $va "$work/wave.fst" && grep '^ ' "$work/told" | sort | diff "$work/page" - || return 1
    done
}

# A wave of an event in a run that is right shows no failure.
triggered() {
    "$twinwalk" run -q -c tiny --script tb/scripts/invlpg.tw --wave="$work/on.fst" --wave-on 'op=INVLPG' >/dev/null 2>"$work/err" &&
        explained 0 "$work/on.fst" && in_order "$work/told" '^cycle 195: an event meets the condition$' '^what the C model did up to there:$' ' 195  operation accepted: INVLPG'
}

# Who filled what an access of a wave hits, or that the wave does not know it.
filled_in_wave() {
    explained 0 --access 8 "$work/wave.fst" && in_order "$work/told" ' 334  port 1, access 8, .*: hits l1d.2m set 0 way 0' '\(filled in cycle 331 for access 7\)' || return 1
    "$twinwalk" run -q -c tiny --script tb/scripts/invlpg.tw --wave="$work/late.fst" --wave-from 332 >/dev/null 2>"$work/err" &&
        explained 0 --access 8 "$work/late.fst" && in_order "$work/told" 'hits l1d.2m set 0 way 0' '\(filled before cycle 332, where the wave begins\)'
}

# The exit code is that of the run or wave, whatever is asked and however early the answer.
exit_of_run() {
    local question
    for question in "--access 2" "--va 0x1" "--cycle 20"; do
        # shellcheck disable=SC2086
        RTL_DIR=$work/invlpg_skips_way/rtl explained 1 $question -- run -c tiny --script tb/scripts/invlpg.tw || return 1
        case $question in
        --va*) ;;
        *) in_order "$work/told" '^the run fails in cycle 245; ' || return 1 ;;
        esac
        # shellcheck disable=SC2086
        explained 1 $question "$work/bug.fst" && explained 0 $question "$work/on.fst" || return 1
    done
}

# A cycle behind the end of the run.
beyond() {
    explained 2 --cycle 529 -- run -c tiny --engine model --script tb/scripts/invlpg.tw && grep -q 'there is no cycle 529: the run ends in cycle 528' "$work/err" && [ ! -s "$work/told" ] &&
        explained 0 --cycle 528 -- run -c tiny --engine model --script tb/scripts/invlpg.tw
}

# A full disk is not success.
full() {
    local status=0
    "$twinwalk" explain --access 3 -- run -c tiny --engine model --script tb/scripts/invlpg.tw >/dev/full 2>"$work/err" || status=$?
    [ $status -eq 3 ] && grep -q 'standard output: No space left' "$work/err"
}

# An access that the wave does not see answered is under way up to its end, with all that happens meanwhile.
unanswered() {
    "$twinwalk" run -q -c tiny --script tb/scripts/invlpg.tw --wave="$work/cut.fst" --wave-to 450 >/dev/null 2>"$work/err" &&
        explained 0 --access 12 "$work/cut.fst" &&
        in_order "$work/told" '^access 12, accepted in cycle 419, not answered up to cycle 449, where the wave ends$' ' 445  walker 1, access 12, .*: exchange lost'
}

check "the life of an access" life
check "the same with the C model alone" same_with_model
check "the question behind the run" behind
check "an access that joins another one's walk" joined
check "who filled the entry that is hit" hit
check "a page" page
check "a cycle" cycle
check "a wave" wave
check "a page of a wave" page_of_wave
check "a wave of an event" triggered
check "an access that is not answered in a wave" unanswered
check "who filled what is hit in a wave" filled_in_wave
check "the log of some flags and cycles" log
check "the log changes nothing of the run" log_changes_nothing
check "the list of flags" flags
check "a bug in the RTL, from its first difference" difference
check "the same from a wave" difference_of_wave
# The same text again while a lane still shows it is an event, too.
told_again() {
    local log=$work/again.log cycle again=0
    "$twinwalk" run -q -c tiny --random --seed 3 --cycles 3000 --wave="$work/again.fst" --debug=All --debug-file="$log" 2>"$work/err" || return 1
    while read -r cycle; do
        "$twinwalk" explain --cycle "$cycle" "$work/again.fst" | grep -qE "^ +$cycle  fills " || { echo "not told: the fill of $cycle" && return 1; }
        again=$((again + 1))
    done < <(awk '/ fills / {c = $1 + 0; sub(/^ *[0-9]+: [A-Za-z0-9]+: /, ""); if ($0 in at && c - at[$0] <= 16) print c; at[$0] = c}' "$log")
    [ "$again" -gt 0 ]
}
# What holds from before a wave that begins in the middle is no event of its first cycle.
told_before() {
    local access first line
    for access in 40 60 80; do
        "$twinwalk" run -q -c tiny --random --seed 3 --cycles 3000 --wave="$work/part.fst" --wave-on "access=$access" --wave-before 100 2>"$work/err" &&
            first=$(sed -n 's/^wave: .*: cycles \([0-9]*\) to .*/\1/p' "$work/err") && [ -n "$first" ] || return 1
        "$twinwalk" explain --cycle "$first" "$work/part.fst" >"$work/told" || return 1
        while read -r line; do
            grep -q "^ *$first: " "$work/again.log" && grep "^ *$first: " "$work/again.log" | grep -qF -- "$line" ||
                { echo "not of cycle $first: $line" && return 1; }
        done < <(sed -n "s/^ *$first  //p" "$work/told")
    done
}
check "what happens again is told again" told_again
check "what was before is not told as of the first cycle" told_before
check "the same instead of an access that comes later" difference_before_access
check "the exit code of the run" exit_of_run
check "a cycle behind the end" beyond
check "nowhere to write to" full
check "a bug in both twins" illegal
check "an answer that a script does not expect" expectation
check "a script is not judged by what it did not come to" stopped_early
check "no such access" refuses 'there is no access 1000: the run has 1000' "$twinwalk" explain --access 1000 -- "${random[@]}" --engine model
check "nothing fails" refuses 'the run does not fail' "$twinwalk" explain -- "${random[@]}" --engine model
check "no run" refuses 'the run is missing' "$twinwalk" explain --access 1
check "two questions" refuses 'give one of' "$twinwalk" explain --access 1 --cycle 2 -- run --random
check "no number" refuses "'x1' is not a number" "$twinwalk" explain --access x1 -- run --random
check "no C model" refuses 'use --engine lockstep or model' "$twinwalk" explain --access 1 -- run --random --engine rtl
check "a trace that cannot be read twice" refuses '/dev/stdin is not a file that can be read again' "$twinwalk" explain -- run -c tiny --trace /dev/stdin < <(cat configs/traces/hash_join.twt.zst)
check "a bad run" refuses 'give one of --script, --trace and --random' "$twinwalk" explain --access 1 -- run -c tiny
check "no such flag" refuses "'Walkers' is not a flag" "$twinwalk" run --random --debug=L1D,Walkers
check "flags without a C model" refuses 'use --engine lockstep or model' "$twinwalk" run --random --engine rtl --debug=L1D
check "a file without flags" refuses 'belong to --debug' "$twinwalk" run --random --debug-file="$work/none"
check "no wave" refuses 'invlpg.tw: is not an FST file' "$twinwalk" explain tb/scripts/invlpg.tw
check "a directory for a wave" refuses 'tb: Is a directory' "$twinwalk" explain tb
check "a wave that is not there" refuses 'none.vcd: No such file or directory' "$twinwalk" explain --access 1 "$work/none.vcd"
plan
