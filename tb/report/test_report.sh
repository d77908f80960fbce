#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make test-report: the page of a sweep in a real browser, headless Chromium
# driven by WebDriver: it draws, sorts, filters, follows clicks, and says nothing
# on the console. Then the charts that gnuplot draws.
# Screenshots are left in build/report-test.
set -u
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=build/report-test
rm -rf "$work"
mkdir -p "$work/profile"
results=$PWD/$work/results.json
page=file://$PWD/$work/report.html
driver=
session=

end() {
    [ -z "$session" ] || curl -s -X DELETE "$session" >/dev/null
    [ -z "$driver" ] || kill "$driver" 2>/dev/null
    rm -rf "$work/profile"
}
trap end EXIT
. tb/tests/tap.bash

# ---- WebDriver ----

# wire METHOD PATH JSON: the value of the answer.
wire() { curl -s -X "$1" -H 'Content-Type: application/json' -d "$3" "$session$2" | jq -c .value; }

start_browser() {
    chromedriver --port=0 >"$work/driver.log" 2>&1 &
    driver=$!
    local port= i
    for ((i = 0; i < 200; i++)); do
        port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$work/driver.log")
        [ -z "$port" ] || break
        sleep 0.1
    done
    [ -n "$port" ] || { cat "$work/driver.log" && return 1; }
    local arguments='"--headless", "--disable-gpu", "--no-first-run", "--window-size=1400,1000", "--user-data-dir='$PWD/$work/profile'"'
    [ "$(id -u)" -ne 0 ] || arguments+=', "--no-sandbox"'
    local id
    id=$(curl -s -X POST -H 'Content-Type: application/json' "http://127.0.0.1:$port/session" -d '{"capabilities": {"alwaysMatch":
        {"browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": {"args": ['"$arguments"']}}}}' |
        tee "$work/session.json" | jq -r .value.sessionId)
    [ "$id" != null ] || { cat "$work/session.json" && return 1; }
    session=http://127.0.0.1:$port/session/$id
}

go() { wire POST /url "{\"url\": \"$1\"}" >/dev/null; }

# js SCRIPT: what it returns, as JSON.
js() { wire POST /execute/sync "$(jq -nc --arg script "return $1" '{script: $script, args: []}')"; }

# element CSS: the reference of one on the page.
element() { wire POST /element "$(jq -nc --arg css "$1" '{using: "css selector", value: $css}')" | jq -r '.[]'; }

# click CSS, type_text CSS TEXT: as a user does it.
click() {
    js "document.querySelector($(jq -nc --arg css "$1" '$css')).scrollIntoView({block: 'center', inline: 'center'})" >/dev/null
    [ "$(wire POST "/element/$(element "$1")/click" '{}')" = null ]
}
type_text() {
    wire POST "/element/$(element "$1")/clear" '{}' >/dev/null
    wire POST "/element/$(element "$1")/value" "$(jq -nc --arg text "$2" '{text: $text}')" >/dev/null
}

screenshot() { wire GET /screenshot '{}' | jq -r . | base64 -d >"$work/$1.png"; }

# The console since the last time, warnings and errors.
console() { wire POST /se/log '{"type": "browser"}' | jq -c '[.[] | select(.level == "SEVERE" or .level == "WARNING") | .message]'; }

# is WHAT GOT EXPECTED
is() { [ "$2" = "$3" ] || { echo "$1: $2, expected $3" && return 1; }; }

quiet_console() { is console "$(console)" '[]'; }

# ---- What the page must do ----

# A page that does not work is noticed: else silence would say nothing.
errors_are_seen() {
    sed 's/^function drawFront() {$/function drawFront() { nothing.here();/' "$work/report.html" >"$work/broken.html"
    go "file://$PWD/$work/broken.html"
    console | grep -q 'nothing is not a function\|nothing.here'
}

loads() {
    go "$page"
    is title "$(js 'document.title')" '"Sweep sweep.yaml"' && quiet_console &&
        is summary "$(js 'document.getElementById("summary").textContent.includes("24 points, 48 runs; 16 failed")')" true &&
        is lockstep "$(js 'document.getElementById("summary").textContent.includes("2 of 2 runs in lockstep")')" true
}

# The points on the front of one workload, computed from the results by comparing each with each.
expected_front() {
    jq -c --arg workload "$1" '
        [.runs[] | select(.workload == $workload and .kind == "") | {x: .metrics["mpki.l1d"], y: .metrics.cycles_per_access, p: .point}] as $all
        | [$all[] | . as $a | select([$all[] | select(.x <= $a.x and .y <= $a.y and (.x < $a.x or .y < $a.y))] == []) | .p] | sort' "$results"
}

front() {
    local cost
    cost=$(jq '[.metrics[].metric] | index("mpki.l1d")' "$results")
    for workload in 0 1; do
        go "$page#workload=$workload&cost=$cost"
        is "marks of workload $workload" "$(js 'document.querySelectorAll("#front circle").length')" 16 || return 1
        is "front of workload $workload" \
            "$(js '[...document.querySelectorAll("#front circle")].filter(c => c.getAttribute("fill") === "#c2410c").map(c => +c.textContent.match(/^point (\d+)/)[1]).sort((a, b) => a - b)')" \
            "$(expected_front "$(jq -r ".workloads[$workload].name" "$results")")" || return 1
    done
    quiet_console
}

# Of the first axis two of three values make a configuration; every mark lies inside its frame.
curves() {
    go "$page"
    is figures "$(js 'document.querySelectorAll("#curves svg").length')" 3 &&
        is marks "$(js '[...document.querySelectorAll("#curves svg")].map(s => s.querySelectorAll("circle").length)')" '[4,8,4]' &&
        is lines "$(js '[...document.querySelectorAll("#curves svg")].map(s => s.querySelectorAll("polyline").length)')" '[2,2,2]' &&
        is inside "$(js '[...document.querySelectorAll("svg circle")].every(c => +c.getAttribute("cx") >= 60 && +c.getAttribute("cy") >= 20)')" true &&
        quiet_console
}

# What a mark says is what the results say.
curve_values() {
    go "$page#point=0&workload=1"
    is "l2.sets = 64" \
        "$(js '+[...document.querySelectorAll("#curves svg")][1].querySelectorAll("circle")[2].textContent.match(/: ([0-9.]+)$/)[1]')" \
        "$(jq '[.runs[] | select(.workload == "hash_join" and .point == 4) | .metrics.cycles_per_access * 100000 | round / 100000][0]' "$results")"
}

heat() {
    go "$page"
    is cells "$(js 'document.querySelectorAll("#heat rect.cell").length')" 8 &&
        is taken "$(js '[...document.querySelectorAll("#heat rect.cell")].filter(c => c.getAttribute("stroke-width") === "3").length')" 1 &&
        is colours "$(js 'new Set([...document.querySelectorAll("#heat rect.cell")].map(c => c.getAttribute("fill"))).size > 3')" true
}

column() { js "[...document.querySelectorAll('#runs tbody tr')].map(r => r.cells[[...document.querySelectorAll('#runs th')].findIndex(h => h.textContent === '$1')].textContent)"; }

sorted_values() {
    jq -c "[.runs[] | .metrics.cycles_per_access // empty | . * 1000 | round] | sort$1" "$results"
}

# The heading under the mouse is clicked twice: upwards, then downwards; what has no value comes last.
sorts() {
    go "$page"
    local index heading
    index=$(js '[...document.querySelectorAll("#runs th")].findIndex(h => h.textContent === "cycles_per_access") + 1')
    heading="#runs th:nth-child($index)"
    click "$heading" && is upwards "$(column cycles_per_access | jq -c '[.[:32][] | tonumber * 1000 | round]')" "$(sorted_values '')" &&
        is "the rest" "$(column cycles_per_access | jq -c '.[32:] | unique')" '[""]' && click "$heading" &&
        is downwards "$(column cycles_per_access | jq -c '[.[:32][] | tonumber * 1000 | round]')" "$(sorted_values ' | reverse')" &&
        is "the rest" "$(column cycles_per_access | jq -c '.[32:] | unique')" '[""]' && quiet_console
}

filters() {
    go "$page"
    type_text "#filter" "hash_join l2.sets>=64 l1d.sets_4k!=24"
    is rows "$(js 'document.querySelectorAll("#runs tbody tr").length')" \
        "$(jq '[.runs[] | select(.workload == "hash_join")] | length as $n | 8' "$results")" &&
        is workloads "$(column workload | jq -c unique)" '["hash_join"]' && is sets "$(column l2.sets | jq -c unique)" '["128","64"]' &&
        is count "$(js 'document.getElementById("count").textContent')" '"8 of 48 runs"' &&
        type_text "#filter" "kind=config" && is failures "$(js 'document.querySelectorAll("#runs tbody tr").length')" 16 &&
        type_text "#filter" "walk_cache.sets_pde/ways_pde=8/4 lockstep=agrees" &&
        is lockstep "$(js 'document.querySelectorAll("#runs tbody tr").length')" \
            "$(jq '[.runs[] | select(.lockstep == "agrees") | .point % 2] | add' "$results")" && quiet_console
}

# A mark of the front leads to its point: settings, configuration, statistics and the command that repeats it.
details() {
    go "$page#workload=1&point=0"
    local point
    point=$(js '[...document.querySelectorAll("#front circle")].at(-1).textContent.match(/^point (\d+)/)[1]' | jq -r .)
    click "#front circle:last-of-type"
    is "another point" "$([ "$point" != 0 ] && echo yes)" yes &&
        is title "$(js 'document.getElementById("details-title").textContent')" "\"Point $point\"" &&
        is command "$(js 'document.querySelector("details[data-workload=hash_join] .command").textContent')" \
            "$(jq -c ".runs[] | select(.point == $point and .workload == \"hash_join\") | .command" "$results")" &&
        is settings "$(js 'document.querySelector("#details .settings").textContent')" \
            "$(jq -c ".points[$point] | \"-c \" + .config + ([.set[] | \" -s \" + .] | add)" "$results")" &&
        is configuration "$(js '[...document.querySelectorAll("#details .columns div")].some(d => d.textContent === "l2.sets: '"$(jq -r ".points[$point].values[\"l2.sets\"]" "$results")"'")')" true &&
        is statistics "$(js '[...document.querySelectorAll("details[data-workload=hash_join] .columns div")].some(d => d.textContent.replaceAll(",", "") === "l1d.misses: '"$(jq -r ".runs[] | select(.point == $point and .workload == \"hash_join\") | .statistics.l1d.misses" "$results")"'")')" true &&
        quiet_console
}

# A point without configuration says why.
broken_point() {
    go "$page#point=16"
    js 'document.getElementById("details").textContent' | grep -q 'sets must be a power of two' && quiet_console
}

# The address shows the same again; nonsense in it does no harm.
address() {
    go "$page#workload=0&point=3&sort=mpki.l1d&down=1&filter=graph"
    is point "$(js 'document.getElementById("point").value')" '"3"' && is filter "$(js 'document.getElementById("filter").value')" '"graph"' &&
        is order "$(column mpki.l1d | jq '[.[:16][] | tonumber] | . == (sort | reverse)')" true &&
        is address "$(js 'location.hash')" '"#workload=0&point=3&sort=mpki.l1d&down=1&filter=graph"' &&
        go "$page#workload=99&point=-5&across=x&sort=none" && is point "$(js 'document.getElementById("point").value !== "-5"')" true && quiet_console
}

# The shipped traces are nine: as many curves must be told apart, by their keys too. Names of steps are all there,
# and few points have names in the front.
many_workloads() {
    mkdir -p "$work/many"
    jq -c 'def long: "a_rather_long_name_\(.)"; .axes[1].keys[0].values |= map(long)
        | .points |= [.[] | select(.point < 4) | .values["l2.sets"] |= long]
        | [.runs[] | select(.point < 4 and .workload == "graph")] as $runs
        | .runs = [$runs[] as $r | range(12) as $w | $r | .workload = "workload_\($w)"]
        | .workloads = [.workloads[0] as $first | range(12) as $w | $first | .name = "workload_\($w)"]' "$results" >"$work/many/results.json"
    "$twinwalk" report --no-charts "$work/many" >/dev/null || return 1
    go "file://$PWD/$work/many/report.html"
    is styles "$(js 'new Set([...document.querySelectorAll("#curves figure:last-child polyline")].map(l => l.getAttribute("stroke") + l.getAttribute("stroke-dasharray"))).size')" 12 &&
        is keys "$(js 'new Set([...document.querySelectorAll("#curves figure:last-child .key")].map(l => l.getAttribute("stroke") + l.getAttribute("stroke-dasharray"))).size')" 12 &&
        is "keys above the plot, below the button" "$(js '(() => { const f = document.querySelector("#curves figure:last-child"), b = f.querySelector("button").getBoundingClientRect().bottom, g = Math.min(...[...f.querySelectorAll("line.grid")].map(l => l.getBoundingClientRect().top)); return [...f.querySelectorAll(".key")].every(k => k.getBoundingClientRect().top >= b - 4 && k.getBoundingClientRect().bottom < g) })()')" true &&
        is steps "$(js 'document.querySelectorAll("#curves figure:nth-child(2) .step").length')" 4 &&
        is names "$(js 'document.querySelectorAll("#front .label").length')" 4 && quiet_console || return 1
    go "$page"
    is "names of sixteen" "$(js 'document.querySelectorAll("#front .label").length')" 16
}

# Names with markup are names.
hostile() {
    mkdir -p "$work/hostile"
    sed 's|hash_join|</script><script>window.taken=1</script><img src=x onerror=window.taken=1>|g' "$results" >"$work/hostile/results.json"
    "$twinwalk" report --no-charts "$work/hostile" >/dev/null
    go "file://$PWD/$work/hostile/report.html"
    is taken "$(js 'window.taken === undefined')" true && is images "$(js 'document.images.length')" 0 &&
        is rows "$(js 'document.querySelectorAll("#runs tbody tr").length')" 48 && quiet_console
}

# A thousand points with five workloads: the page is there in good time.
large() {
    mkdir -p "$work/large"
    jq -c '.axes = [{keys: [{key: "l1d.sets_4k", values: [range(10)]}]}, {keys: [{key: "l2.sets", values: [range(10)]}]}, {keys: [{key: "l2.ways", values: [range(10)]}]}]
        | .workloads = [range(5) | {name: "w\(.)", stimulus: "x", image: null, accesses: 1, cycles: 0, seed: 1, set: []}]
        | .runs[0] as $run
        | .points = [range(1000) | {point: ., config: "default", set: [], values: {"l1d.sets_4k": (. / 100 | floor), "l2.sets": (. / 10 | floor % 10), "l2.ways": (. % 10)}, error: null}]
        | .runs = [range(5000) | . as $i | $run | .point = ($i / 5 | floor) | .workload = "w\($i % 5)" | .metrics.cycles_per_access = 1 + ($i * 7919 % 5003) / 5003 | .metrics["mpki.l1d"] = ($i * 104729 % 4999)]' \
        "$results" >"$work/large/results.json"
    "$twinwalk" report "$work/large" >/dev/null || return 1
    go "file://$PWD/$work/large/report.html"
    is marks "$(js 'document.querySelectorAll("#front circle").length')" 1000 &&
        is rows "$(js 'document.querySelectorAll("#runs tbody tr").length')" 200 &&
        is time "$(js '(() => {const t = performance.now(); draw(); return performance.now() - t < 3000})()')" true && quiet_console
}

# From the sweep to the page: what the runner writes today, with whole configurations as an axis.
real_sweep() {
    cat >"$work/small.yaml" <<'EOF'
axes:
  - config: [default, zen4]
  - l2.replacement: [lru, random]
  - zip:
      walker.count: [1, 4]
      mmu.miss_queue: [8, 16]
workloads:
  - {name: chase, trace: "synthetic:chase,bytes=8MiB,count=5000"}
  - {name: mix, random: true, accesses: 2k}
EOF
    "$twinwalk" sweep "$work/small.yaml" -o "$work/small" && "$twinwalk" report --no-charts "$work/small" || return 1
    go "file://$PWD/$work/small/report.html"
    is marks "$(js 'document.querySelectorAll("#front circle").length')" 8 &&
        is curves "$(js '[...document.querySelectorAll("#curves svg")].map(s => s.querySelectorAll("circle").length)')" '[4,4,4]' &&
        is rows "$(js 'document.querySelectorAll("#runs tbody tr").length')" 16 &&
        is failed "$(js 'document.getElementById("summary").textContent.includes("none failed")')" true &&
        is statistics "$(js 'data.runs.every(r => r.statistics.length === data.statistics.length)')" true &&
        is configurations "$(js 'data.points.every(p => p.configuration.length === data.keys.length)')" true && quiet_console
}

# ---- Charts as files ----

charts() {
    local name expected=(axis-l1d.sets_4k axis-l2.sets axis-walk_cache.sets_pde_ways_pde heat-all heat-graph heat-hash_join pareto-all pareto-graph pareto-hash_join)
    is files "$(cd "$work/charts" && printf '%s\n' *.svg | sed 's/\.svg$//' | tr '\n' ' ')" "${expected[*]} " || return 1
    for name in "${expected[@]}"; do
        go "file://$PWD/$work/charts/$name.svg"
        is "$name.svg" "$(js 'document.documentElement.tagName + document.querySelectorAll("parsererror").length')" '"svg0"' || return 1
        is "shapes of $name.svg" "$(js 'document.querySelectorAll("use, path, image").length > 8')" true || return 1
        go "file://$PWD/$work/charts/$name.png"
        is "$name.png" "$(js '[document.images[0].naturalWidth, document.images[0].naturalHeight]')" '[1440,960]' || return 1
    done
}

# Of a sweep in which hardly a run is done, and of one without any: what there is, and no complaint.
hardly_anything() {
    mkdir -p "$work/hardly"
    jq '.runs |= map(if .point == 9 then . else .kind = "pending" | .metrics = {} | del(.statistics) end)' "$results" >"$work/hardly/results.json"
    "$twinwalk" report "$work/hardly" >"$work/said" 2>&1 || { cat "$work/said" && return 1; }
    is charts "$(cd "$work/hardly/charts" && echo *.svg)" \
        "axis-l1d.sets_4k.svg axis-l2.sets.svg axis-walk_cache.sets_pde_ways_pde.svg heat-all.svg heat-graph.svg heat-hash_join.svg pareto-all.svg pareto-graph.svg pareto-hash_join.svg" || return 1
    go "file://$PWD/$work/hardly/report.html"
    is marks "$(js 'document.querySelectorAll("#front circle").length')" 1 && quiet_console || return 1
    jq '.runs = []' "$results" >"$work/hardly/results.json"
    rm -r "$work/hardly/charts"
    "$twinwalk" report "$work/hardly" >"$work/said" 2>&1 || { cat "$work/said" && return 1; }
    go "file://$PWD/$work/hardly/report.html"
    is marks "$(js 'document.querySelectorAll("#front circle").length')" 0 &&
        is rows "$(js 'document.querySelectorAll("#runs tbody tr").length')" 48 && quiet_console
}

cp tb/data/sweep/results.json "$results"
check "twinwalk report" "$twinwalk" report "$work"
check "a browser" start_browser
if [ -n "$session" ]; then
    check "errors on the console are seen" errors_are_seen
    check "loads" loads
    check "the Pareto front" front
    check "curves" curves
    check "values of a curve" curve_values
    check "heat map" heat
    check "the table sorts" sorts
    check "the table filters" filters
    check "a point's details" details
    check "a point without configuration" broken_point
    check "the address" address
    check "many workloads, long names" many_workloads
    check "names with markup" hostile
    check "a thousand points" large
    check "hardly anything, and nothing" hardly_anything
    check "a sweep, from its file to the page" real_sweep
    check "charts as SVG and PNG" charts
    go "$page"
    wire POST /window/rect '{"width": 1400, "height": 3000}' >/dev/null
    screenshot report
fi
plan
