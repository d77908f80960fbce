#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The documentation against the project: links lead somewhere, commands that
# the README says to run do run, what the text names exists, and what is made
# from tables is up to date.
set -u
twinwalk=${TWINWALK:-build/twinwalk}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tb/tests/tap.bash
pages=(README.md docs/*.md waves/*.md configs/*/*.md)
commands=$("$twinwalk" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | paste -sd ' ')

# found REGEX FILE...: each match once, as "FILE:match".
found() {
    local regex=$1
    shift
    grep -oHE -- "$regex" "$@" | LC_ALL=C sort -u
}

# anchors PAGE: the headings as Markdown renderers make anchors of them.
anchors() {
    sed -n '/^```/,/^```/d; s/^#\{1,6\} //p' "$1" | tr '[:upper:]' '[:lower:]' |
        sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

links_lead_somewhere() {
    local page link target anchor bad=0
    while IFS=: read -r page link; do
        link=${link#](}
        link=${link%)}
        case $link in http*) continue ;; esac
        anchor=${link#*#}
        target=${link%%#*}
        [ "$anchor" != "$link" ] || anchor=
        if [ -n "$target" ]; then target=$(dirname "$page")/$target; else target=$page; fi
        if [ ! -e "$target" ]; then
            echo "$page: no $link"
            bad=1
        elif [ -n "$anchor" ] && ! anchors "$target" | grep -qx -- "$anchor"; then
            echo "$page: no heading for $link"
            bad=1
        fi
    done < <(found '\]\([^) ]+\)' "${pages[@]}")
    return $bad
}

every_page_is_in_the_index() {
    local page bad=0
    for page in docs/*.md; do
        [ "$page" = docs/README.md ] || grep -qF "($(basename "$page"))" docs/README.md || {
            echo "docs/README.md does not lead to $page"
            bad=1
        }
    done
    return $bad
}

# Commands in a sh block behind the line "<!-- run -->", one a line.
readme_commands_run() {
    local command bad=0 count=0
    sed -n '/^<!-- run -->$/,/^```$/p' README.md | grep -vE '^(<!--.*|```.*)$' >"$work/commands"
    while read -r command; do
        count=$((count + 1))
        (eval "${command//build\/twinwalk/$twinwalk}") >"$work/command" 2>&1 </dev/null || {
            echo "exit status $?: $command"
            cat "$work/command"
            bad=1
        }
    done <"$work/commands"
    [ "$count" -gt 0 ] || { echo "README.md has no commands to run" && bad=1; }
    return $bad
}

# The options of subcommands, as they say themselves: $work/options.NAME, and those of all in $work/options.
list_options() {
    local command
    for command in $commands; do
        "$twinwalk" "$command" --help | grep -oE -- '--[a-z][a-z0-9-]*' >"$work/options.$command"
    done
    # Behind these comes a whole run.
    for command in explain debug; do cat "$work/options.run" >>"$work/options.$command"; done
    for command in merge report close; do
        "$twinwalk" coverage "$command" --help | grep -oE -- '--[a-z][a-z0-9-]*'
    done >"$work/options.coverage"
    # Those of valgrind, git and gcov too.
    { cat "$work"/options.* && printf '%s\n' --tool --trace-mem --trace-syscalls --log-file --directory --include --json-format --stdout; } >"$work/options"
}

options_exist() {
    local page option command line bad=0
    list_options
    grep -hoE -- '"?--[a-z]+"?\)?' tb/tests/bugs.sh tb/tests/shrink.sh | tr -d '")' >>"$work/options"
    while IFS=: read -r page option; do
        grep -qx -- "$option" "$work/options" || {
            echo "$page: no option $option"
            bad=1
        }
    done < <(grep -HoE -- '(^|[ `([])--[a-z][a-z0-9-]*' "${pages[@]}" | sed -E 's/:[ `([]*--/:--/' | LC_ALL=C sort -u)
    # A whole command: up to the end of the line or of the code.
    while IFS=: read -r page line; do
        command=${line#twinwalk }
        command=${command%% *}
        while read -r option; do
            grep -qx -- "$option" "$work/options.$command" || {
                echo "$page: no option $option of twinwalk $command"
                bad=1
            }
        done < <(grep -oE -- '--[a-z][a-z0-9-]*' <<<"$line")
    done < <(found "twinwalk (${commands// /|}) [^\`#]*" "${pages[@]}")
    return $bad
}

# The README shows the summary of a run as runs print it, numbers apart.
summary_is_current() {
    local normal='s/[0-9][0-9,.]*/N/g; s/  */ /g; s/ $//'
    sed -n '/^```$/,/^```$/p' README.md | sed -n '2,/^```$/p' | grep -v '^```' | tail -n +2 |
        sed "$normal" >"$work/shown"
    "$twinwalk" run -c default --engine model --random --cycles 1k | tail -n +2 | sed "$normal" |
        diff - "$work/shown"
}

files_exist() {
    local page path bad=0
    while IFS=: read -r page path; do
        path=${path//\`/}
        [[ $path == *[A-Z][A-Z]*.yaml || $path == */NAME.* || $path == */BLOCK_* ]] || [ -e "$path" ] || {
            echo "$page: no $path"
            bad=1
        }
    done < <(found '`(rtl|cmodel|tb|sim|configs|docs|waves|\.ci)/[A-Za-z0-9_./-]+`' "${pages[@]}")
    return $bad
}

targets_exist() {
    local page target bad=0
    while IFS=: read -r page target; do
        target=${target#*make }
        grep -qE "^${target%\`}:" Makefile || {
            echo "$page: no target $target"
            bad=1
        }
    done < <(found '`make [a-z-]+`' "${pages[@]}")
    return $bad
}

# Configuration keys, statistics and compared signals: `section.name`.
names_exist() {
    local page name bad=0
    {
        "$twinwalk" config -c default |
            awk '/^[a-z]/ {sub(/:.*/, ""); section = $0} /^  [a-z]/ {sub(/:.*/, "", $1); print section "." $1}'
        "$twinwalk" config --markdown=statistics | sed -n 's/^| `\([^`]*\)`.*/\1/p'
        sed -nE 's/^(SIGNAL|ELEMENTS|TLB_ARRAY)\(([a-z0-9_]+), ([a-z0-9_]+),.*/\2.\3/p' tb/signals.def
        sed -nE 's/^(OUTPUT|ANSWER)\(([a-z0-9_]+),.*/mmu.\2/p' tb/signals.def
        sed -nE 's/^LOOKUP\(([a-z0-9_]+),.*/lookup_stage.\1/p' tb/signals.def
    } >"$work/names"
    while IFS=: read -r page name; do
        name=${name//\`/}
        # A part of a statistic with several values is as good, and so is what several have in common.
        grep -qE -- "^${name%\*}(\\.|$)" "$work/names" || grep -qxF -- "${name%.*}" "$work/names" || {
            echo "$page: no $name"
            bad=1
        }
    done < <(found '`(mmu|l1[id]|l2i?|walk_cache|walker|memory|random|bench|control|lookup_stage|miss_queue|page_walker)\.[a-z0-9_.]+`' \
        "${pages[@]}" | grep -vE '\.(c|h|sv|def)`$')
    return $bad
}

tests_exist() {
    local page name bad=0
    while IFS=: read -r page name; do
        name=${name//\`/}
        grep -qw -- "$name" tb/tests/*.c || [ -e "tb/tests/$name" ] || [ -e "tb/tests/$name.c" ] || {
            echo "$page: no $name"
            bad=1
        }
    done < <(found '`test_[a-z0-9_.]+`' "${pages[@]}")
    return $bad
}

check "links lead somewhere" links_lead_somewhere
check "the index leads to every page" every_page_is_in_the_index
check "commands of the README run" readme_commands_run
check "the README shows a summary as it is" summary_is_current
check "options exist" options_exist
check "files exist" files_exist
check "make targets exist" targets_exist
check "keys, statistics and signals exist" names_exist
check "tests exist" tests_exist
check "docs/configuration.md is up to date (make docs)" \
    diff docs/configuration.md <("$twinwalk" config --markdown)
check "docs/statistics.md is up to date (make docs)" \
    diff docs/statistics.md <("$twinwalk" config --markdown=statistics)
check "docs/coverage-points.md is up to date (make docs)" \
    diff docs/coverage-points.md <("$twinwalk" coverage points)
plan
