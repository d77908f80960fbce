#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# twinwalk report: the page has what the sweep found, and bad results are
# refused. What a browser makes of it is `make test-report`.
set -u
twinwalk=$(realpath "${TWINWALK:-build/twinwalk}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash

# data_of PAGE: the JSON in a page.
data_of() { sed -n '/^<script type="application\/json" id="data">$/,/^<\/script>$/p' "$1" | sed '1d;$d'; }

# query SQL: over `d`, the data of the page as JSON, and `r`, the results.
query() {
    data_of "$work/report.html" >"$work/data"
    sqlite3 :memory: "create table t as select cast(readfile('$work/data') as text) d, cast(readfile('$work/results.json') as text) r; select $1 from t"
}

page() {
    cp tb/data/sweep/results.json "$work" && "$twinwalk" report --no-charts "$work" >"$work/said" &&
        grep -qx "$work/report.html" "$work/said" && [ ! -e "$work/charts" ] && [ -s "$work/report.html" ]
}

# is WHAT EXPECTED SQL
is() {
    local got
    got=$(query "$3")
    [ "$got" = "$2" ] || { echo "$1: $got, expected $2" && return 1; }
}

holds_results() {
    is points "$(query "json_array_length(r, '\$.points')")" "json_array_length(d, '\$.points')" &&
        is runs 48 "json_array_length(d, '\$.runs')" &&
        is "a value" "$(query "json_extract(r, '\$.runs[5].metrics.cycles_per_access')")" "json_extract(d, '\$.runs[5].values[0]')" &&
        is "a command" "$(query "json_extract(r, '\$.runs[5].command')")" "json_extract(d, '\$.runs[5].command')" &&
        is "a zipped axis" "walk_cache.sets_pde/ways_pde" "json_extract(d, '\$.axes[2].name')" &&
        is "its labels" "1/0 8/4" "json_extract(d, '\$.axes[2].labels[0]') || ' ' || json_extract(d, '\$.axes[2].labels[1]')" &&
        is "a failure" config "json_extract(d, '\$.runs[47].kind')" &&
        is "no value there" "" "json_extract(d, '\$.runs[47].values[0]')"
}

# 16 * 4 + 32 + 4 of the L1D, 128 + 8 of the L1I, 128 * 12 + 16 of the L2 TLB, 2 + 4 + 8 + 32 of the walk caches
holds_configurations() {
    is entries 1834.0 "(select json_extract(d, '\$.runs[30].values[5]'))" &&
        is key l2.sets "(select value from json_each(d, '\$.keys') where value = 'l2.sets')" &&
        is value 128 "(select json_extract(d, '\$.points[15].configuration[' || key || ']') from json_each(d, '\$.keys') where value = 'l2.sets')"
}

# The statistics of a run, by name: those of the results.
holds_statistics() {
    is misses "$(query "json_extract(r, '\$.runs[3].statistics.l1d.misses')")" \
        "(select json_extract(d, '\$.runs[3].statistics[' || key || ']') from json_each(d, '\$.statistics') where value = 'l1d.misses')"
}

# One fourth of the points of a small sweep, found here by comparing each with each.
reference_is_on_front() {
    is dominated 0 "(with v as (select key / 2 p, sum(ln(json_extract(value, '\$.values[0]'))) y, json_extract(value, '\$.values[5]') x
        from json_each(d, '\$.runs') group by key / 2 having count(json_extract(value, '\$.values[0]')) = 2)
        select count(*) from v a, v b where a.p = json_extract(d, '\$.reference') and b.x <= a.x and b.y < a.y - 1e-9)"
}

# Nothing is loaded from elsewhere, and no text of the results ends the script it stands in.
self_contained() {
    ! grep -oE '(src|href)="[^"]*"|url\([^)]*\)|@import' "$work/report.html" &&
        sed -i 's|hash_join|</script><b>|g' "$work/results.json" && "$twinwalk" report --no-charts "$work" >/dev/null &&
        ! data_of "$work/report.html" | grep -q '<' &&
        is "the name" '</script><b>' "json_extract(d, '\$.workloads[1].name')"
}

# refused MESSAGE: exit code 2, the message, and no page.
refused() {
    local status=0
    "$twinwalk" report "$work/bad" >"$work/refused" 2>&1 || status=$?
    [ "$status" = 2 ] && grep -qF -- "$1" "$work/refused" && ! ls "$work"/bad/report.html* 2>/dev/null && return
    echo "exit status $status"
    cat "$work/refused"
    return 1
}

# refused_edit SED MESSAGE: results that were edited.
refused_edit() {
    mkdir -p "$work/bad"
    sed "$1" tb/data/sweep/results.json >"$work/bad/results.json"
    refused "$2"
}

# The page begins with it, and the charts are about it.
other_benefit() {
    mkdir -p "$work/other"
    cp tb/data/sweep/results.json "$work/other" && "$twinwalk" report --no-charts --benefit mpki.l2 "$work/other" >/dev/null || return 1
    data_of "$work/other/report.html" >"$work/data"
    [ "$(sqlite3 :memory: "select json_extract(d, '\$.metrics[' || json_extract(d, '\$.benefit') || '].name') from (select cast(readfile('$work/data') as text) d)")" = mpki.l2 ]
}

unknown_benefit() {
    local status=0
    "$twinwalk" report --no-charts --benefit mpki "$work/other" >"$work/said" 2>&1 || status=$?
    cat "$work/said"
    [ "$status" = 2 ] && grep -q "results.json: there is no metric 'mpki'; there are: .*mpki.l2" "$work/said"
}

# Without gnuplot there is the page, and a word about the charts.
without_gnuplot() {
    mkdir -p "$work/none" "$work/bin"
    cp tb/data/sweep/results.json "$work/none"
    PATH=$work/bin "$twinwalk" report "$work/none" >"$work/said" 2>&1 && grep -q 'there is no gnuplot (Debian package gnuplot-nox)' "$work/said" &&
        [ -s "$work/none/report.html" ] && [ ! -e "$work/none/charts" ]
}

# What gnuplot is told. Charts stand alone in a paper: they say what holds for them.
told_gnuplot() {
    mkdir -p "$work/told" "$work/fake"
    sed -E 's/"latency.p99":[0-9.e+-]+/"latency.p99":7/g' tb/data/sweep/results.json >"$work/told/results.json"
    printf '#!/bin/sh\nexec cat >%s/told/script\n' "$work" >"$work/fake/gnuplot" && chmod +x "$work/fake/gnuplot"
    PATH=$work/fake:$PATH "$twinwalk" report -b "$1" "$work/told" >/dev/null
}
chart_titles() {
    told_gnuplot cycles_per_access && grep -qF 'set title "graph\nwalk_cache.sets_pde/ways_pde = 8/4" noenhanced' "$work/told/script" &&
        grep -qE '^set title "l2.sets\\nl1d.sets_4k = [0-9]+, walk_cache.sets_pde/ways_pde = 8/4" noenhanced$' "$work/told/script" &&
        ! grep -q 'point [0-9]' "$work/told/script"
}
constant_values() {
    told_gnuplot latency.p99 || return 1
    [ "$(grep -cx 'set yrange \[6.3:7.7\]' "$work/told/script")" -ge 12 ] && [ "$(grep -cx 'set cbrange \[6.3:7.7\]' "$work/told/script")" -ge 6 ] && return
    grep -E '^set (y|cb)range' "$work/told/script"
    return 1
}

check "a page" page
check "has the results" holds_results
check "has the configurations" holds_configurations
check "has the statistics" holds_statistics
check "begins with a point on the front" reference_is_on_front
check "needs nothing else" self_contained
check "another benefit" other_benefit
check "a benefit that is no metric" unknown_benefit
check "without gnuplot" without_gnuplot
check "charts say what the other axes are" chart_titles
check "a metric that is always the same is drawn without complaint" constant_values
check "no directory" refused "$work/bad/results.json"
check "no JSON" refused_edit '3s/{/{,/' "results.json:3:"
check "another version" refused_edit '1s/"version": *1/"version":7/' "a version that is not known"
check "no runs" refused_edit 's/"runs"/"rums"/' "there is no list runs"
check "a run of no point" refused_edit 's/^{"point":3,"workload"/{"point":300,"workload"/' "a run of no point"
check "a value off the axis" refused_edit 's/"values":{"l1d.sets_4k":4,/"values":{"l1d.sets_4k":5,/' "not on the axis l1d.sets_4k"
plan
