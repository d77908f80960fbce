// SPDX-License-Identifier: Apache-2.0
// Charts as SVG elements: scatter with a line, curve, heat map. Colours and
// sizes stand in the elements, so that a chart is the same when it is saved.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
// Curves beyond the colours are dashed. Those of the charts for papers: sim/report_charts.c.
const COLOURS = ["#1d4ed8", "#ea7317", "#15803d", "#c81e1e", "#7e22ce", "#7a4a21", "#e05ab0", "#6b7280", "#a3a310", "#0ea5b7"];
const DASHES = ["none", "7 3", "2 3", "9 3 2 3"];
const curveStyle = (i) => ({ stroke: COLOURS[i % COLOURS.length], "stroke-dasharray": DASHES[Math.floor(i / COLOURS.length) % DASHES.length] });

// element(name, attributes, ...children): an SVG element; children are elements or text.
function element(name, attributes = {}, ...children) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes))
        made.setAttribute(key, value);
    made.append(...children);
    return made;
}

function numberText(value) {
    if (value === null || value === undefined)
        return "";
    if (Number.isInteger(value))
        return value.toLocaleString("en-US");
    return Math.abs(value) >= 1e6 ? value.toExponential(3) : String(+value.toPrecision(5));
}

// About `wanted` round numbers from low to high.
function ticks(low, high, wanted) {
    const span = high - low || Math.abs(high) || 1;
    const power = 10 ** Math.floor(Math.log10(span / wanted));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power * wanted >= span);
    const list = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
        list.push(+(i * step).toPrecision(12));
    return list;
}

// The size of letters with which a text is not longer than `room`.
function fitting(text, room) {
    return Math.min(12, (room / text.length) * 1.7).toFixed(1);
}

// About how wide a text of the usual size is.
const textWidth = (text) => 7 * text.length;
const LINE = 14;

// A frame with axes; x and y are {label, low, high} or {label, steps: [...]} for an axis of words. `names` of
// curves stand between title and plot, which make the frame as much higher.
class Frame {
    constructor(title, x, y, width = 720, height = 400, names = []) {
        this.left = 70;
        this.right = width - 20;
        const column = Math.max(0, ...names.map(textWidth)) + 30;
        const columns = Math.max(1, Math.floor((this.right - this.left) / column));
        const longest = Math.max(0, ...(x.steps ?? []).map(textWidth));
        this.slanted = x.steps && longest + 8 > (this.right - this.left) / x.steps.length;
        this.drop = this.slanted ? Math.min(longest * 0.6, 120) : 0;
        this.top = 30 + Math.ceil(names.length / columns) * LINE;
        this.bottom = height - 86 + this.top;
        height = this.bottom + 56 + this.drop;
        this.labels = [];
        this.svg = element("svg", { viewBox: `0 0 ${width} ${height}`, xmlns: SVG, role: "img" });
        this.svg.append(
            element("rect", { width, height, fill: "#fff" }),
            element("text", { x: this.left, y: 18, class: "name", "font-weight": 600 }, title)
        );
        this.x = this.scale(x, this.left, this.right);
        this.y = this.scale(y, this.bottom, this.top);
        this.drawX(x);
        this.drawY(y);
        names.forEach((name, i) => this.name(name, i, this.left + (i % columns) * column, 32 + Math.floor(i / columns) * LINE));
    }

    // Of a curve, behind a piece of it.
    name(text, curve, x, y) {
        this.svg.append(
            element("line", { x1: x, x2: x + 20, y1: y - 4, y2: y - 4, class: "key", "stroke-width": 2, ...curveStyle(curve) }),
            element("text", { x: x + 25, y, "font-size": 11 }, text)
        );
    }

    scale(axis, from, to) {
        if (axis.steps) {
            const width = (to - from) / axis.steps.length;
            return (step) => from + (step + 0.5) * width;
        }
        const span = axis.high - axis.low || 1;
        return (value) => from + ((value - axis.low) / span) * (to - from);
    }

    drawX(axis) {
        const marks = axis.steps ? axis.steps.map((text, i) => [i, text]) : ticks(axis.low, axis.high, 7).map((v) => [v, numberText(v)]);
        const room = this.slanted ? LINE : Math.max(...marks.map((m) => textWidth(m[1])), 1);
        const every = Math.ceil((marks.length * room) / (this.right - this.left));
        marks.forEach(([value, text], i) => {
            const at = this.x(value);
            this.svg.append(element("line", { x1: at, x2: at, y1: this.top, y2: this.bottom, class: "grid", stroke: "#e6eaef" }));
            if (i % every !== 0)
                return;
            const where = this.slanted ? { transform: `translate(${at + 4} ${this.bottom + 14}) rotate(-38)`, "text-anchor": "end" } : { x: at, y: this.bottom + 16, "text-anchor": "middle" };
            this.svg.append(element("text", { class: "step", ...where }, text));
        });
        this.svg.append(
            element("line", { x1: this.left, x2: this.right, y1: this.bottom, y2: this.bottom, class: "axis", stroke: "#8c98a6" }),
            element("text", { x: (this.left + this.right) / 2, y: this.bottom + 38 + this.drop, "text-anchor": "middle", "font-size": fitting(axis.label, this.right) }, axis.label)
        );
    }

    drawY(axis) {
        const marks = axis.steps ? axis.steps.map((text, i) => [i, text]) : ticks(axis.low, axis.high, 6).map((v) => [v, numberText(v)]);
        for (const [value, text] of marks) {
            const at = this.y(value);
            this.svg.append(
                element("line", { x1: this.left, x2: this.right, y1: at, y2: at, class: "grid", stroke: "#e6eaef" }),
                element("text", { x: this.left - 6, y: at + 4, "text-anchor": "end" }, text)
            );
        }
        this.svg.append(
            element("line", { x1: this.left, x2: this.left, y1: this.top, y2: this.bottom, class: "axis", stroke: "#8c98a6" }),
            element("text", { transform: `translate(14 ${(this.top + this.bottom) / 2}) rotate(-90)`, "text-anchor": "middle", "font-size": fitting(axis.label, this.bottom) }, axis.label)
        );
    }

    line(values, style) {
        const points = values.map(([x, y]) => `${this.x(x).toFixed(1)},${this.y(y).toFixed(1)}`).join(" ");
        this.svg.append(element("polyline", { points, fill: "none", "stroke-width": 2, ...style }));
    }

    // The name of a mark: above it, or where no other name is.
    label(x, y, text) {
        const half = textWidth(text) / 2, at = this.x(x), up = this.y(y);
        const places = [[at, up - 9], [at, up + 19], [at + half + 9, up + 4], [at - half - 9, up + 4]]
            .map(([centre, base]) => ({ x: Math.min(Math.max(centre, this.left + half), this.right - half), y: base }));
        const free = (p) => p.y < this.bottom - 3 && this.labels.every((other) => Math.abs(other.x - p.x) >= other.half + half || Math.abs(other.y - p.y) >= LINE);
        const place = places.find(free) ?? places[0];
        this.labels.push({ ...place, half });
        this.svg.append(element("text", { ...place, class: "label", "font-size": 11, "text-anchor": "middle", "pointer-events": "none" }, text));
    }

    // A circle with a tip, which calls `take` when clicked.
    mark(x, y, radius, colour, tip, take, attributes = {}) {
        const circle = element("circle", { cx: this.x(x).toFixed(1), cy: this.y(y).toFixed(1), r: radius, fill: colour, class: "mark", ...attributes });
        circle.append(element("title", {}, tip));
        circle.addEventListener("click", take);
        this.svg.append(circle);
    }

    cell(column, row, columns, rows, colour, text, tip, take, taken) {
        const width = (this.right - this.left) / columns, height = (this.bottom - this.top) / rows;
        const x = this.x(column) - width / 2, y = this.y(row) - height / 2;
        const rect = element("rect", { x, y, width, height, fill: colour.fill, class: "mark cell", stroke: taken ? "#c2410c" : "#fff", "stroke-width": taken ? 3 : 1 });
        rect.append(element("title", {}, tip));
        rect.addEventListener("click", take);
        this.svg.append(rect);
        if (width > 34 && height > 14)
            this.svg.append(element("text", { x: x + width / 2, y: y + height / 2 + 4, "text-anchor": "middle", fill: colour.text, "pointer-events": "none" }, text));
    }
}

// Low and high of numbers, with a little room; from 0 on where that is near.
function range(values) {
    let low = Math.min(...values), high = Math.max(...values);
    if (low > 0 && low < high * 0.6)
        low = 0;
    const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
    return { low: low === 0 ? 0 : low - room, high: high + room };
}

// From light to dark.
function shade(share) {
    const from = [239, 246, 255], to = [8, 48, 107];
    const mix = from.map((c, i) => Math.round(c + (to[i] - c) * share));
    return { fill: `rgb(${mix.join(",")})`, text: share > 0.5 ? "#fff" : "#1c2733" };
}

// Puts a chart into its figure, with a button that saves it.
function place(figure, svg, name) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "SVG";
    button.title = "save this chart";
    button.addEventListener("click", () => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" }));
        link.download = `${name}.svg`;
        link.click();
        URL.revokeObjectURL(link.href);
    });
    figure.replaceChildren(svg, button);
}
