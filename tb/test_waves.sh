#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make test-waves: bugs of tb/bugs begin WAVES_CYCLE (10 million) cycles into a
# run; the automatic wave of each must show where it begins, and GTKWave must
# show every signal of every view of it. Pictures of the mismatch views stay in
# build/waves. WAVES_BUGS names other bugs, WAVES_CONFIG another configuration
# than tiny, whose pictures stay in build/waves/CONFIG.
set -u
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
. tb/bugs/broken.bash
. tb/tests/tap.bash
cycle=${WAVES_CYCLE:-10000000}
config=${WAVES_CONFIG:-tiny}
work=$build/waves
[ "$config" = tiny ] || work=$work/$(basename "$config" .yaml)
jobs=${JOBS:-$(nproc)}
export twinwalk build cycle config work

# A bug, and a register of which one must be among those that differ first.
expected() {
    cat <<'END'
invlpg_skips_way valid_q
fill_after_invalidation u_page_walker.
l2_hit_reported_as_superpage u_miss_queue.|resp_|result_q|u_l1
data_one_cycle_late resp_
merge_ignores_mode u_miss_queue.
dirty_not_set u_page_walker.
walk_cache_kept_by_invlpg u_walk_cache.
gib_stored_as_2m u_page_walker.result|u_walk_cache
canonical_by_top_byte u_miss_queue.|resp_|lookup
replacement_marks_other_way digest_q|repl_q
END
}
bugs=${WAVES_BUGS:-$(expected | cut -d ' ' -f 1)}

# inject NAME: lets the bug begin in cycle $cycle of a random run and leaves wave and save files.
inject() {
    local built status=0 view
    built=$(apply "$1" && RTL_TRACE=1 build_rtl "$1" "$config") 2>"$work/$1.build" || { cat "$work/$1.build"; return 1; }
    TWINWALK_RTL_LATE=$cycle:$PWD/$built "$twinwalk" run -q -c "$config" --random --cycles $((cycle + 10000000)) \
        --wave-on-failure="$work/$1.fst" >"$work/$1.log" 2>&1 || status=$?
    [ "$status" -eq 1 ] && grep -q "^wave: .*$1.fst: cycles" "$work/$1.log" || { cat "$work/$1.log"; return 1; }
    for view in $views; do
        # The wave is whole: there is something for every line of the view.
        "$twinwalk" wave --no-open --view "$view" "$work/$1.fst" 2>"$work/$1.lacking" && [ ! -s "$work/$1.lacking" ] ||
            { cat "$work/$1.lacking"; return 1; }
    done
}
export -f apply build_rtl inject

# first_differences NAME: the registers that differ first, after the wave.
first_differences() { grep -o '^+{DIFF [^}]*' "$work/$1.mismatch.gtkw" | head -n 4 | cut -c 8-; }

# shown SAVE [PICTURE]: GTKWave opens the file and tells which rows it has: all of them.
shown() {
    local save=$1 picture=${2:-} viewer i
    rm -f "$save.shown"
    WAVES_SHOWN=$save.shown gtkwave -S "$work/shown.tcl" -a "$save" >"$save.log" 2>&1 &
    viewer=$!
    for ((i = 0; i < 300; i++)); do
        grep -qx end "$save.shown" 2>/dev/null && break
        sleep 0.2
    done
    if [ -n "$picture" ]; then
        sleep 2
        import -window root "$picture"
    fi
    kill "$viewer" 2>/dev/null
    wait "$viewer" 2>/dev/null
    grep -o '^+{[^}]*' "$save" | cut -c 3- | sort >"$save.wanted"
    sort "$save.shown" | comm -23 "$save.wanted" - >"$save.missing"
    [ -s "$save.wanted" ] && [ ! -s "$save.missing" ] || { echo "missing in $save:"; head "$save.missing"; return 1; }
}

# More than one colour on many pixels: no empty window.
drawn() { [ "$(convert "$1" -colors 16 -unique-colors txt: | wc -l)" -gt 8 ] && [ "$(stat -c %s "$1")" -gt 30000 ]; }

left_wave() {
    cat "$work/$1.out"
    [ "$(cat "$work/$1.status")" = 0 ]
}

differs_as_expected() {
    local pattern
    pattern=$(expected | awk -v bug="$1" '$1 == bug {print $2}' | tr . /)
    first_differences "$1" | grep -qE "${pattern:-.}" || { first_differences "$1"; return 1; }
}

# The wave begins to differ at the failure or before it, after the bug began.
begins_in_time() {
    local failure difference
    failure=$(sed -n 's/^twinwalk: cycle \([0-9]*\): RTL and C model differ/\1/p' "$work/$1.log")
    difference=$(sed -n 's/^\*-[0-9.]* \([0-9]*\) .*/\1/p' "$work/$1.mismatch.gtkw")
    [ -n "$failure" ] && [ $((difference / 2)) -ge "$cycle" ] && [ $((difference / 2)) -le "$failure" ]
}

mkdir -p "$work"
cat >"$work/shown.tcl" <<'END'
set out [open $env(WAVES_SHOWN) w]
for {set i 0} {$i < [gtkwave::getTotalNumTraces]} {incr i} { puts $out [gtkwave::getTraceNameFromIndex $i] }
puts $out end
close $out
END
views=$("$twinwalk" wave --list | awk '{print $1}')
export views
xargs -P "$jobs" -n 1 bash -c 'inject "$0" >"$work/$0.out" 2>&1; echo $? >"$work/$0.status"; echo "# $0 has run"' <<<"$bugs"

display=:$((90 + RANDOM % 900))
Xvfb "$display" -screen 0 1700x1000x24 >/dev/null 2>&1 &
screen=$!
trap 'kill "$screen" 2>/dev/null' EXIT
export DISPLAY=$display
sleep 2
for bug in $bugs; do
    check "$bug $cycle cycles into a run leaves its wave" left_wave "$bug"
    check "$bug: the wave has the first difference" begins_in_time "$bug"
    check "$bug: what differs first: $(first_differences "$bug" | head -n 1)" differs_as_expected "$bug"
    for view in $views; do
        picture=
        [ "$view" != mismatch ] || picture=$work/$bug.png
        check "$bug: GTKWave shows every signal of view $view" shown "$work/$bug.$view.gtkw" "$picture"
    done
    check "$bug: and something is drawn" drawn "$work/$bug.png"
done
plan
