#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mutate.sh all|sample: bugs put into the RTL, by hand and by the machine, and
# which checks catch them (docs/mutants.md). `all` is the bug catalogue in both
# twins and in the RTL alone, and every generated mutant; `sample` is a fixed
# choice of SAMPLE mutants in runs that need one build, of which 90 % must be caught. Results go to
# build/mutants. Ends with "N passed, N failed".
set -u
twinwalk=${TWINWALK:-build/twinwalk}
jobs=${JOBS:-$(nproc)}
results=build/mutants
mode=${1:-all}

if [ "$mode" = sample ]; then
    exec "$twinwalk" mutate configs/regress/mutants-sample.yaml -j "$jobs" --sample "${SAMPLE:-150}" --least 90 -o "$results/sample"
fi

# catalogue FILE: by section of docs/bug-catalogue.md, what caught the bugs in FILE, the output of bugs.sh.
catalogue() {
    awk -v patches="$(cd tb/bugs && echo *.patch)" '
        BEGIN { split(patches, list, " "); for (i in list) is_bug[substr(list[i], 1, length(list[i]) - 6)] = 1 }
        FNR == NR {
            if (/^## /) classes = $0 == "## Classes"
            else if (/^### /) section = substr($0, 5)
            else if (classes && /^\|/) {
                rest = $0
                while (match(rest, /`[a-z0-9_]+`/)) {
                    name = substr(rest, RSTART + 1, RLENGTH - 2)
                    rest = substr(rest, RSTART + RLENGTH)
                    if (name in is_bug && !(name in of)) { of[name] = section; if (!(section in bugs)) order[++sections] = section; bugs[section]++ }
                }
            }
            next
        }
        / in both twins: / { name = $(NF > 3 && $1 == "ok" ? 3 : 4); s = of[name]
            if ($1 == "ok" && /the judge says nothing/) legal[s]++; else if ($1 == "ok") judged[s]++ }
        / in the RTL alone:/ { name = $1 == "ok" ? $3 : $4; if ($1 == "ok") alone[of[name]]++ }
        END {
            printf "  %-34s %5s %18s %13s %8s\n", "", "bugs", "caught by lockstep", "by the judge", "legal"
            for (i = 1; i <= sections; i++) {
                s = order[i]
                printf "  %-34s %5d %18d %13d %8d\n", s, bugs[s], alone[s], judged[s], legal[s]
                all += bugs[s]; a += alone[s]; j += judged[s]; l += legal[s]
            }
            printf "  %-34s %5d %18d %13d %8d\n", "all", all, a, j, l
        }' docs/bug-catalogue.md "$1"
}

mkdir -p "$results"
status=0
tb/tests/bugs.sh --all | tee "$results/bugs.log" || true
{
    echo "Bugs of the catalogue, put in by hand"
    catalogue "$results/bugs.log"
} | tee "$results/catalogue.txt"
"$twinwalk" mutate configs/regress/mutants.yaml -j "$jobs" --catalogue "$results/catalogue.txt" -o "$results" |
    tee "$results/mutants.log"
status=${PIPESTATUS[0]}
cat "$results/bugs.log" "$results/mutants.log" |
    awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3; parts++ }
         END { if (parts < 2) failed++; printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }' || status=1
exit "$status"
