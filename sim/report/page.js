// SPDX-License-Identifier: Apache-2.0
// The page of a sweep. What is shown stands in the address behind "#", so that
// a link shows the same again.

const data = JSON.parse(document.getElementById("data").textContent);
const ALL = data.workloads.length; // stands for all workloads
const FIRST_ROWS = 200;
const FEW_POINTS = 16; // so many have room for their names
const byId = (id) => document.getElementById(id);
const metricNames = data.metrics.map((metric) => metric.name);

const first = {
    workload: data.workloads.length > 1 ? ALL : 0,
    cost: data.cost,
    benefit: data.benefit,
    point: data.reference,
    across: 0,
    up: 1,
    sort: "",
    down: 0,
    filter: "",
    all: 0,
};

// The axes with most values first.
const byLength = data.axes.map((axis, i) => i).sort((a, b) => data.axes[b].labels.length - data.axes[a].labels.length || a - b);
first.across = byLength[0] ?? 0;
first.up = byLength[1] ?? 0;
const state = { ...first };

function readAddress() {
    Object.assign(state, first);
    for (const [key, text] of new URLSearchParams(location.hash.slice(1)))
        if (key in state)
            state[key] = typeof first[key] === "number" ? Number(text) || 0 : text;
    const limits = { workload: ALL + 1, cost: data.metrics.length, benefit: data.metrics.length, point: data.points.length, across: data.axes.length, up: data.axes.length };
    for (const [key, limit] of Object.entries(limits))
        if (!(state[key] >= 0 && state[key] < limit))
            state[key] = first[key];
}

function writeAddress() {
    const query = new URLSearchParams();
    for (const key of Object.keys(state))
        if (state[key] !== first[key])
            query.set(key, state[key]);
    history.replaceState(null, "", `#${query}`);
}

// ---- Values ----

const runOf = (point, workload) => data.runs[point * data.workloads.length + workload];

// Of all workloads: the geometric mean, or the arithmetic one where a value is not above 0.
function valueOf(point, workload, metric) {
    if (workload !== ALL)
        return runOf(point, workload).values[metric];
    const values = data.workloads.map((_, i) => runOf(point, i).values[metric]);
    if (values.some((value) => value === null))
        return null;
    if (values.every((value) => value > 0))
        return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const lessIsBetter = (metric, value) => (data.metrics[metric].better > 0 ? -value : value);

// The points on the front, in the order of their cost.
function frontOf(points) {
    const sorted = points
        .map((p) => ({ ...p, a: lessIsBetter(state.cost, p.x), b: lessIsBetter(state.benefit, p.y) }))
        .sort((p, q) => p.a - q.a || p.b - q.b);
    let best = Infinity, at = NaN;
    return sorted.filter((p) => {
        const good = p.b < best || (p.b === best && p.a === at);
        if (good)
            [best, at] = [p.b, p.a];
        return good;
    });
}

const workloadName = (workload) => (workload === ALL ? "all workloads (mean)" : data.workloads[workload].name);
const metricLabel = (metric) => data.metrics[metric].name + (data.metrics[metric].unit ? ` [${data.metrics[metric].unit}]` : "");
const pointText = (point) => data.axes.map((axis, i) => `${axis.name} = ${axis.labels[data.points[point].steps[i]]}`).join("\n");

// The point with some steps as given and the others as in the point taken.
function pointAt(steps) {
    const wanted = data.points[state.point].steps.map((step, axis) => (axis in steps ? steps[axis] : step));
    return data.points.findIndex((point) => point.steps.every((step, axis) => step === wanted[axis]));
}

// ---- Charts ----

const shown = () => (state.workload === ALL ? data.workloads.map((_, i) => i) : [state.workload]);
const nothing = (figure, text) => {
    const note = document.createElement("p");
    note.className = "dim";
    note.textContent = text;
    figure.replaceChildren(note);
};

function drawFront() {
    const points = data.points
        .map((_, point) => ({ point, x: valueOf(point, state.workload, state.cost), y: valueOf(point, state.workload, state.benefit) }))
        .filter((p) => p.x !== null && p.y !== null);
    if (points.length === 0)
        return nothing(byId("front"), "There are no points with both values.");
    const front = frontOf(points), onFront = new Set(front.map((p) => p.point));
    const frame = new Frame(`Pareto front, ${workloadName(state.workload)}`, { label: metricLabel(state.cost), ...range(points.map((p) => p.x)) },
        { label: metricLabel(state.benefit), ...range(points.map((p) => p.y)) });
    frame.line(front.map((p) => [p.x, p.y]), { stroke: "#c2410c" });
    for (const pass of [false, true])
        for (const p of points.filter((q) => onFront.has(q.point) === pass)) {
            const taken = p.point === state.point;
            frame.mark(p.x, p.y, taken ? 7 : pass ? 4.5 : 3, pass ? "#c2410c" : "#9aa5b1",
                `point ${p.point}\n${pointText(p.point)}\n${metricLabel(state.cost)}: ${numberText(p.x)}\n${metricLabel(state.benefit)}: ${numberText(p.y)}`,
                () => take(p.point), taken ? { stroke: "#1c2733", "stroke-width": 2.5 } : {});
        }
    if (points.length <= FEW_POINTS)
        for (const p of points)
            frame.label(p.x, p.y, data.axes.map((axis, i) => axis.labels[data.points[p.point].steps[i]]).join(", "));
    place(byId("front"), frame.svg, "pareto");
}

function drawCurve(figure, axisIndex) {
    const axis = data.axes[axisIndex];
    const lines = shown().map((workload) => ({
        workload,
        places: axis.labels
            .map((_, step) => ({ step, point: pointAt({ [axisIndex]: step }) }))
            .filter((p) => p.point >= 0)
            .map((p) => ({ ...p, y: valueOf(p.point, workload, state.benefit) }))
            .filter((p) => p.y !== null),
    }));
    const values = lines.flatMap((line) => line.places.map((p) => p.y));
    if (values.length === 0)
        return nothing(figure, `${axis.name}: there are no values.`);
    const frame = new Frame(lines.length === 1 ? workloadName(lines[0].workload) : "", { label: axis.name, steps: axis.labels }, { label: metricLabel(state.benefit), ...range(values) }, 480, 300,
        lines.length > 1 ? lines.map((line) => workloadName(line.workload)) : []);
    for (const line of lines) {
        const style = curveStyle(line.workload);
        frame.line(line.places.map((p) => [p.step, p.y]), style);
        for (const p of line.places)
            frame.mark(p.step, p.y, p.point === state.point ? 6 : 4, style.stroke, `point ${p.point}, ${workloadName(line.workload)}\n${axis.name} = ${axis.labels[p.step]}\n${metricLabel(state.benefit)}: ${numberText(p.y)}`, () => take(p.point));
    }
    place(figure, frame.svg, `axis-${axis.name.replace(/[^A-Za-z0-9.-]+/g, "_")}`);
}

function drawCurves() {
    const figures = data.axes.map((axis, i) => {
        const figure = document.createElement("figure");
        figure.className = "chart";
        drawCurve(figure, i);
        return figure;
    });
    byId("curves").replaceChildren(...figures);
}

function drawHeat() {
    byId("heat-section").hidden = data.axes.length < 2;
    if (data.axes.length < 2)
        return;
    const x = data.axes[state.across], y = data.axes[state.up];
    if (state.across === state.up)
        return nothing(byId("heat"), "Two different axes, please.");
    const cells = [];
    for (let row = 0; row < y.labels.length; row++)
        for (let column = 0; column < x.labels.length; column++) {
            const point = pointAt({ [state.across]: column, [state.up]: row });
            const value = point < 0 ? null : valueOf(point, state.workload, state.benefit);
            if (value !== null)
                cells.push({ row, column, point, value });
        }
    if (cells.length === 0)
        return nothing(byId("heat"), "There are no values.");
    const low = Math.min(...cells.map((c) => c.value)), high = Math.max(...cells.map((c) => c.value));
    const frame = new Frame(`${metricLabel(state.benefit)}, ${workloadName(state.workload)}`, { label: x.name, steps: x.labels }, { label: y.name, steps: y.labels }, 720, Math.min(520, 120 + 44 * y.labels.length));
    // The one taken last: its edge lies over those of its neighbours.
    for (const c of cells.sort((a, b) => (a.point === state.point) - (b.point === state.point)))
        frame.cell(c.column, c.row, x.labels.length, y.labels.length, shade(high > low ? (c.value - low) / (high - low) : 0), numberText(+c.value.toPrecision(4)),
            `point ${c.point}\n${pointText(c.point)}\n${metricLabel(state.benefit)}: ${numberText(c.value)}`, () => take(c.point), c.point === state.point);
    place(byId("heat"), frame.svg, "heat");
}

// ---- The point taken ----

// make(tag, text, class)
function make(tag, text = "", style = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    made.className = style;
    return made;
}

function listOf(names, values, changed) {
    const list = make("div", "", "columns");
    names.forEach((name, i) => {
        if (values[i] !== null && values[i] !== undefined)
            list.append(make("div", `${name}: ${typeof values[i] === "number" ? numberText(values[i]) : values[i]}`, changed && changed(i) ? "changed" : ""));
    });
    return list;
}

function folded(title, ...content) {
    const details = document.createElement("details");
    details.append(make("summary", title), ...content);
    return details;
}

function runDetails(point, workload) {
    const run = runOf(point, workload);
    const details = folded(`${data.workloads[workload].name}${run.kind ? `: ${run.kind}` : ""}${run.lockstep ? `, lockstep: ${run.lockstep}` : ""}`);
    details.dataset.workload = data.workloads[workload].name;
    details.open = workload === state.workload || (state.workload === ALL && workload === 0);
    for (const message of [run.message, run.lockstep_message])
        if (message)
            details.append(make("p", message, "bad"));
    details.append(listOf(metricNames, run.values));
    if (run.command)
        details.append(make("p", "To repeat it:", "dim"), make("pre", run.command, "command"));
    if (run.lockstep_command)
        details.append(folded("In lockstep with the RTL", make("pre", run.lockstep_command)));
    if (run.statistics.length > 0)
        details.append(folded("Statistics", listOf(data.statistics, run.statistics)));
    return details;
}

function drawDetails() {
    const point = data.points[state.point];
    byId("details-title").textContent = `Point ${state.point}`;
    for (const place of document.querySelectorAll(".at"))
        place.textContent = `point ${state.point}`;
    const parts = [make("pre", `-c ${point.config}${point.set.map((setting) => ` -s ${setting}`).join("")}`, "settings")];
    if (point.error)
        parts.push(make("p", point.error, "bad"));
    if (point.configuration) {
        const reference = data.points[data.reference].configuration;
        parts.push(folded("Configuration (what differs from the point that the report began with stands out)",
            listOf(data.keys, point.configuration, (i) => reference && reference[i] !== point.configuration[i])));
    }
    byId("details").replaceChildren(...parts, ...data.workloads.map((_, workload) => runDetails(state.point, workload)));
}

function take(point) {
    state.point = point;
    draw();
}

// ---- The table ----

const columns = [
    { name: "point", value: (row) => row.point },
    { name: "workload", text: true, value: (row) => data.workloads[row.workload].name },
    ...data.axes.map((axis, i) => ({
        name: axis.name,
        axis: i,
        value: (row) => {
            const label = axis.labels[data.points[row.point].steps[i]];
            return label !== "" && !Number.isNaN(Number(label)) ? Number(label) : label;
        },
        order: (row) => data.points[row.point].steps[i],
    })),
    ...metricNames.map((name, i) => ({ name, title: data.metrics[i].description, value: (row) => row.run.values[i] })),
    { name: "kind", text: true, value: (row) => row.run.kind ?? "missing" },
    { name: "lockstep", text: true, value: (row) => row.run.lockstep ?? "" },
];
const rows = data.runs.map((run, i) => ({ run, point: Math.floor(i / data.workloads.length), workload: i % data.workloads.length }));

// A condition of the filter as a function of a row; a comparison with a column, or text.
function condition(word) {
    const match = /^(.+?)(<=|>=|!=|=|<|>)(.*)$/.exec(word);
    const column = match && columns.find((c) => c.name === match[1]);
    if (!column)
        return (row) => columns.some((c) => String(c.value(row) ?? "").includes(word));
    const wanted = match[3] !== "" && !Number.isNaN(Number(match[3])) ? Number(match[3]) : match[3];
    const compare = { "<": (a) => a < wanted, "<=": (a) => a <= wanted, ">": (a) => a > wanted, ">=": (a) => a >= wanted, "=": (a) => a === wanted, "!=": (a) => a !== wanted }[match[2]];
    return (row) => {
        const value = column.value(row);
        return value !== null && compare(typeof wanted === "number" ? value : String(value));
    };
}

function rowsShown() {
    const conditions = state.filter.trim().split(/\s+/).filter((word) => word !== "").map(condition);
    const list = rows.filter((row) => conditions.every((holds) => holds(row)));
    const column = columns.find((c) => c.name === state.sort);
    if (!column)
        return list;
    const key = column.order ?? column.value;
    const sign = state.down ? -1 : 1;
    // What has no value comes last, either way.
    return list.sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === null || y === null)
            return (x === null) - (y === null);
        return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
}

function drawHead() {
    const head = document.createElement("tr");
    for (const column of columns) {
        const cell = make("th", column.name, `${column.text ? "text " : ""}${column.name === state.sort ? "sorted" : ""}${state.down ? " down" : ""}`);
        cell.title = column.title ?? "";
        cell.addEventListener("click", () => {
            state.down = column.name === state.sort && !state.down ? 1 : 0;
            state.sort = column.name;
            writeAddress();
            drawTable();
        });
        head.append(cell);
    }
    document.querySelector("#runs thead").replaceChildren(head);
}

function drawTable() {
    const list = rowsShown(), most = state.all ? list.length : FIRST_ROWS;
    drawHead();
    document.querySelector("#runs tbody").replaceChildren(...list.slice(0, most).map((row) => {
        const line = document.createElement("tr");
        line.className = row.point === state.point ? "taken" : "";
        for (const column of columns) {
            const value = column.value(row);
            line.append(make("td", typeof value === "number" ? numberText(value) : value ?? "", column.text ? "text" : ""));
        }
        line.addEventListener("click", () => {
            take(row.point);
            byId("details-title").scrollIntoView();
        });
        return line;
    }));
    byId("count").textContent = `${numberText(list.length)} of ${numberText(rows.length)} runs${list.length > most ? `, ${most} shown` : ""}`;
    byId("more").hidden = list.length <= most;
}

// ---- All of it ----

function fill(id, names, key) {
    const select = byId(id);
    select.replaceChildren(...names.map((name, i) => new Option(name, i)));
    select.addEventListener("change", () => {
        state[key] = Number(select.value);
        draw();
    });
}

function showControls() {
    for (const [id, key] of [["workload", "workload"], ["cost", "cost"], ["benefit", "benefit"], ["heat-x", "across"], ["heat-y", "up"], ["point", "point"]])
        byId(id).value = state[key];
    if (byId("filter").value !== state.filter)
        byId("filter").value = state.filter;
}

function draw() {
    writeAddress();
    showControls();
    drawFront();
    drawCurves();
    drawHeat();
    drawDetails();
    drawTable();
}

function summary() {
    const count = (test) => data.runs.filter(test).length;
    const failed = count((run) => run.kind !== "" && run.kind !== "pending"), pending = count((run) => run.kind === "pending");
    const verified = count((run) => run.lockstep), agreed = count((run) => run.lockstep === "agrees");
    return [
        `${numberText(data.points.length)} points, ${numberText(data.runs.length)} runs`,
        failed ? `${numberText(failed)} failed` : "none failed",
        ...(pending ? [`${numberText(pending)} to be done`] : []),
        `base ${data.base}, seed ${data.seed}`,
        ...(data.left_out_by_constraints ? [`${numberText(data.left_out_by_constraints)} combinations left out by constraints`] : []),
        verified ? `${numberText(agreed)} of ${numberText(verified)} runs in lockstep with the RTL of their point gave the same statistics` : "no run was done in lockstep",
    ].join("; ");
}

byId("title").textContent = `Sweep ${data.file}`;
document.title = `Sweep ${data.file}`;
byId("summary").textContent = summary();
fill("workload", [...data.workloads.map((workload) => workload.name), ...(ALL > 1 ? ["all (mean)"] : [])], "workload");
fill("cost", metricNames, "cost");
fill("benefit", metricNames, "benefit");
fill("heat-x", data.axes.map((axis) => axis.name), "across");
fill("heat-y", data.axes.map((axis) => axis.name), "up");
byId("point").max = data.points.length - 1;
byId("point").addEventListener("change", () => {
    const point = Number(byId("point").value);
    take(Number.isInteger(point) && point >= 0 && point < data.points.length ? point : state.point);
});
byId("filter").addEventListener("input", () => {
    state.filter = byId("filter").value;
    writeAddress();
    drawTable();
});
byId("more").addEventListener("click", () => {
    state.all = 1;
    writeAddress();
    drawTable();
});
byId("reset").addEventListener("click", () => {
    Object.assign(state, first);
    draw();
});
window.addEventListener("hashchange", () => {
    readAddress();
    draw();
});
readAddress();
draw();
