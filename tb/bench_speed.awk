# SPDX-License-Identifier: Apache-2.0
# Medians, ratios and goals of tb/bench_speed.sh: a table on stdout, JSON in the file `json`.
# First file, a run a line: configuration, load, engine, cycles, accesses, seconds by the wall
# clock, seconds in user mode, MiB. Second file: instruction counts of two runs, a pair a line.

function median(list, parts, n, i, j, swap) {
    n = split(list, parts)
    for (i = 1; i <= n; i++)
        for (j = i + 1; j <= n; j++)
            if (parts[j] + 0 < parts[i] + 0) {
                swap = parts[i]
                parts[i] = parts[j]
                parts[j] = swap
            }
    return n % 2 ? parts[(n + 1) / 2] : (parts[n / 2] + parts[n / 2 + 1]) / 2
}

function rate(count, seconds) {
    return seconds > 0 ? count / seconds : 0
}

function numbers(list) {
    gsub(/ /, ", ", list)
    return "[" list "]"
}

# at_least: 1 when more is better
function goal(what, figure, wanted, unit, at_least, met) {
    met = at_least ? figure >= wanted : figure < wanted
    goal_text[++goal_count] = sprintf("%-48s %8.2f  goal %s %g%s: %s", what, figure, at_least ? ">=" : "<", wanted,
                                      unit == "" ? "" : " " unit, met ? "met" : "missed")
    goal_json[goal_count] = sprintf("{\"goal\": \"%s\", \"unit\": \"%s\", \"%s\": %g, \"figure\": %.4g, \"met\": %s}",
                                    what, unit, at_least ? "at_least" : "below", wanted, figure, met ? "true" : "false")
}

function comma(i, n) {
    return i < n ? "," : ""
}

FNR == NR {
    key = $1 " " $2 " " $3
    if (!(key in cycles))
        keys[++key_count] = key
    cycles[key] = $4
    accesses[key] = $5
    wall[key] = wall[key] (wall[key] == "" ? "" : " ") $6
    user[key] = user[key] (user[key] == "" ? "" : " ") $7
    if ($8 > memory[key])
        memory[key] = $8
    next
}

{
    key = $1 " " $2 " " $3
    counted[++counted_count] = key
    instructions[key] = rate($7 - $4, $9 - $6)
    of_rtl[key] = rate($8 - $5, $9 - $6)
}

END {
    print "Millions per second: of processor time in user mode, and by the wall clock. Medians."
    printf "%-16s %-10s %-8s %10s %10s  %10s %10s\n", "", "", "", "cycles", "accesses", "cycles", "accesses"
    printf "%-16s %-10s %-8s %10s %10s  %10s %10s\n", "configuration", "load", "engine", "(user)", "(user)", "(wall)",
           "(wall)"
    for (i = 1; i <= key_count; i++) {
        key = keys[i]
        split(key, part)
        seconds = median(user[key])
        speed[key] = rate(cycles[key], seconds)
        access_speed[key] = rate(accesses[key], seconds)
        wall_seconds = median(wall[key])
        printf "%-16s %-10s %-8s %10.3f %10.3f  %10.3f %10.3f\n", part[1], part[2], part[3], speed[key] / 1e6,
               access_speed[key] / 1e6, rate(cycles[key], wall_seconds) / 1e6, rate(accesses[key], wall_seconds) / 1e6
    }

    for (i = 1; i <= key_count; i++) {
        key = keys[i]
        split(key, part)
        where = part[1] ", " part[2]
        bare = speed[part[1] " " part[2] " rtl"]
        if (part[2] == "image")
            goal("memory for an image of 2 GiB", memory[key] * 1.048576, 200, "MB", 0)
        else if (part[3] == "lockstep")
            goal("lockstep / bare RTL, " where, rate(speed[key], bare), 0.8, "", 1)
        else if (part[3] == "covered")
            goal("functional coverage / lockstep without, " where,
                 rate(speed[key], speed[part[1] " " part[2] " lockstep"]), 0.9, "", 1)
        else if (part[3] == "model" && bare)
            goal("C model / bare RTL, " where, rate(speed[key], bare), 20, "", 1)
        else if (part[3] == "model")
            goal("C model, " where, access_speed[key] / 1e6, part[2] == "uniform" ? 5 : 50, "million accesses/s", 1)
        else if (part[1] == "tiny")
            goal("bare RTL, " where, speed[key] / 1e6, 2.3, "million cycles/s", 1)
    }
    print ""
    for (i = 1; i <= goal_count; i++)
        print goal_text[i]

    if (counted_count) {
        print "\nInstructions per cycle (callgrind): all, of the RTL, and the share of the rest"
        for (i = 1; i <= counted_count; i++) {
            key = counted[i]
            split(key, part)
            printf "%-16s %-10s %-8s %10.0f %10.0f %9.1f%%\n", part[1], part[2], part[3], instructions[key], of_rtl[key],
                   100 * rate(instructions[key] - of_rtl[key], instructions[key])
        }
    }

    print "{" >json
    printf "  \"processor\": \"%s\",\n  \"runs\": [\n", cpu >json
    for (i = 1; i <= key_count; i++) {
        key = keys[i]
        split(key, part)
        printf "    {\"configuration\": \"%s\", \"load\": \"%s\", \"engine\": \"%s\", \"cycles\": %.0f, \"accesses\": %.0f,\n",
               part[1], part[2], part[3], cycles[key], accesses[key] >json
        printf "     \"user_seconds\": %s, \"wall_seconds\": %s,\n", numbers(user[key]), numbers(wall[key]) >json
        printf "     \"cycles_per_second\": %.6g, \"accesses_per_second\": %.6g, \"peak_mib\": %.1f}%s\n", speed[key],
               access_speed[key], memory[key], comma(i, key_count) >json
    }
    print "  ],\n  \"goals\": [" >json
    for (i = 1; i <= goal_count; i++)
        print "    " goal_json[i] comma(i, goal_count) >json
    print "  ],\n  \"instructions_per_cycle\": [" >json
    for (i = 1; i <= counted_count; i++) {
        key = counted[i]
        split(key, part)
        printf "    {\"configuration\": \"%s\", \"load\": \"%s\", \"engine\": \"%s\", \"all\": %.1f, \"rtl\": %.1f}%s\n",
               part[1], part[2], part[3], instructions[key], of_rtl[key], comma(i, counted_count) >json
    }
    print "  ]\n}" >json
    if (close(json)) {
        print "bench: " json " could not be written" >"/dev/stderr"
        exit 1
    }
}
