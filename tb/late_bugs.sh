#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# late_bugs.sh [NAME...]: bugs of the catalogue that come into the RTL deep in a
# run (AT cycles, 10M): what `twinwalk explain` tells must show the cause alone,
# without a look at the waves. See docs/debugging.md.
#
# The run is random, over the configuration tiny; until cycle AT the RTL is as it
# should be, from then on it has the bug (TWINWALK_RTL_LATE, tb/rtl.h). For each
# bug there is what the story must say, line by line and in this order: the clock
# edge, the block and the entry that went wrong, what the C model did there, and
# whom it concerned. RTLs with a bug are built once and kept in build/rtl.
set -u
export LC_ALL=C

twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(dirname "$twinwalk")/late_bugs
. tb/bugs/broken.bash
. tb/tests/tap.bash
at=${AT:-10000000}
span=${SPAN:-200000} # in which the bug must show
jobs=${JOBS:-$(nproc)}
export twinwalk work at span

all=(invlpg_skips_way fill_after_invalidation overtaken_walk_fills_walk_cache dirty_not_set merge_ignores_mode
    merge_takes_fault replacement_marks_other_way sweep_misses_last_set walk_cache_tag_loses_top_bits nx_unchecked_on_hit
    fault_drop_misses_l2)

# What must be told of a bug: extended regular expressions, one a line.
expected() {
    echo '^RTL and C model first differ in cycle [0-9]+: the cause is the clock edge that ends cycle [0-9]+$'
    case $1 in
    invlpg_skips_way) # an entry in the last way stays where the model drops it
        cat <<'END'
^  (l1i|l1d|l2|walk_cache)\.[0-9a-z]+ set [0-9]+ way [0-9]+$
^    RTL valid
^    C   invalid
, an output among them:$
(broadcast of INV|page fault's drop: )
dropped from (l1i|l1d|l2|walk_cache)\.
END
        ;;
    fill_after_invalidation) # walks under way go on over a broadcast that should send them back
        cat <<'END'
^  miss_queue\.pend +RTL .* C \{[0-9]
^  miss_queue\.walk +RTL \{[0-9].* C \{\}$
^  page_walker\.(drain +RTL \{\}|request +RTL \{[0-9]|wait +RTL \{[0-9])
, an output among them:$
broadcast of 
walker [0-9], .*: given up by the operation
miss queue [0-9], .*: sent back by the operation
^access [0-9]+: 
sent back by the operation$
END
        ;;
    overtaken_walk_fills_walk_cache) # the response of a walk given up is thrown away, but the RTL's walk cache changes
        cat <<'END'
^  walk_cache\.[a-z0-9]+
walker [0-9], access [0-9]+, .*: given up before; its response is thrown away
^access [0-9]+: 
given up by .*, its response still to come$
given up before; its response is thrown away$
END
        ;;
    dirty_not_set) # a write has read its leaf without D, and asks for no exchange that sets it
        cat <<'END'
^  page_walker\.exchange +RTL \{\} +C \{[0-9]
^  page_walker\.desired
^rule missing-dirty:
: read P[A-Z0-9]+ at 0x[0-9a-f]+ = 0x[0-9a-f]+ \(P.* page 0x
^access [0-9]+: [a-z]+ write
END
        ;;
    merge_ignores_mode) # an access joins one of other mode in the RTL
        cat <<'END'
^  miss_queue\.(merged|leader|lookup|walk_pend)
(not merged with entry [0-9]+ \(access [0-9]+\): mode or kind differ|merged with entry [0-9]+ \(access [0-9]+\))
^access [0-9]+: 
miss queue [0-9]+: (not )?merged with entry
END
        ;;
    merge_takes_fault) # a fault is given to those who had joined, too
        cat <<'END'
^  miss_queue\.(pend|merged|answer) 
^  miss_queue\.(merged|answer|result)
page fault's drop: access
has page fault
sent back by the drop for the page fault of access
END
        ;;
    replacement_marks_other_way) # the order of use is wrong long before a wrong victim
        cat <<'END'
^  l1[id]\.[0-9a-z]+ set [0-9]+ replacement +RTL [0-9 ]+ C [0-9 ]+$
(: hits|fills) l1[id]\.[0-9a-z]+ set [0-9]+ way [0-9]+
^access [0-9]+: 
END
        ;;
    sweep_misses_last_set) # the sweep ends a cycle early
        cat <<'END'
^  control\.state +RTL SETTLE +C SWEEP$
^  l2\.[0-9a-z]+ set [0-9]+ way [0-9]+$
^    RTL valid
^    C   invalid
sweep of the L2 TLBs begins
dropped from l2\..* by the operation
END
        ;;
    walk_cache_tag_loses_top_bits) # the tag that is filled in is that of another part of the address space
        cat <<'END'
^  walk_cache\.[a-z0-9]+\.digest
^  walk_cache\.[a-z0-9]+ set [0-9]+ way [0-9]+$
^    RTL valid   VA 0x[0-9a-f]{12} 
^    C   valid   VA 0xffff
fills walk_cache\.
^access [0-9]+: 
END
        ;;
    nx_unchecked_on_hit) # a fetch is answered by an entry that does not allow it
        cat <<'END'
^  (mmu\.resp_valid|miss_queue\.answer) +RTL \{[0-9]
denied by (l1i|l2)\..* NX
^access [0-9]+: [a-z]+ fetch
denied by (l1i|l2)\..* NX
END
        ;;
    fault_drop_misses_l2) # the L2 TLB keeps what a page fault's drop drops
        cat <<'END'
^  l2\.[0-9a-z]+ set [0-9]+ way [0-9]+$
^    RTL valid
^    C   invalid
page fault's drop: access
dropped from l2\..* by a page fault's drop
END
        ;;
    *)
        echo "late_bugs.sh: no story for $1" >&2
        return 1
        ;;
    esac
}

one() {
    local log=$work/$1.story path status=0 cycle lines
    mapfile -t lines < <(expected "$1")
    if ! path=$(apply "$1" && build_rtl "$1" tiny 2>"$work/$1.build"); then
        echo "not ok - $1: its RTL does not build"
        return
    fi
    TWINWALK_RTL_LATE=$at:$path timeout 1200 "$twinwalk" explain -- run -q -c tiny --random --seed 5 \
        --cycles $((at + span)) >"$log" 2>"$work/$1.messages" || status=$?
    cycle=$(sed -nE '1s/.* differ in cycle ([0-9]+):.*/\1/p' "$log")
    if [ "$status" -eq 1 ] && [ "${cycle:-0}" -gt "$at" ] && in_order "$log" "${lines[@]}" >"$work/$1.missing"; then
        echo "ok - $1: differs in cycle $cycle, $(sed -n 3p "$log" | sed 's/^ *//;s/  */ /g')"
    else
        echo "not ok - $1: exit status $status"
        tail -n 1 "$work/$1.missing" 2>/dev/null | sed 's/^/# /'
        head -n 20 "$log" "$work/$1.messages" | sed 's/^/# /'
    fi
}
export -f expected apply build_rtl in_order one

if [ $# -eq 0 ]; then set -- "${all[@]}"; fi
mkdir -p "$work"
results=$work/results.$$
trap 'rm -f "$results"' EXIT
printf '%s\n' "$@" | xargs -P "$jobs" -n 1 bash -c 'one "$0"' | tee "$results"
passed=$(grep -c '^ok' "$results")
failed=$(grep -c '^not ok' "$results")
echo "1..$#"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -eq $# ]
