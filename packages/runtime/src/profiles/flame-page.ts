/** What the page of a flame graph looks like. Dark where the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; font: 13px system-ui, sans-serif; --ink: #1b1b1b; --paper: #fff; --faint: #767676 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #161616; --faint: #9a9a9a } }
body { margin: 0; padding: 12px 16px; color: var(--ink); background: var(--paper) }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin-bottom: 8px }
h1 { font-size: 15px; margin: 0; flex: 1 1 auto; overflow-wrap: anywhere }
input { font: inherit; padding: 3px 6px; width: 18em }
button { font: inherit; padding: 3px 8px }
#legend span { margin-right: 10px; white-space: nowrap }
#legend i { display: inline-block; width: 10px; height: 10px; margin-right: 4px }
canvas { display: block; width: 100%; cursor: pointer }
#about { min-height: 2.8em; margin-top: 6px; color: var(--faint); overflow-wrap: anywhere }
`;

export const BODY = `
<header>
<h1 id="title"></h1>
<div id="legend"></div>
<label>Search <input id="search" type="search" placeholder="text or /expression/" autocomplete="off"></label>
<button id="reset" type="button">Reset zoom</button>
</header>
<canvas id="graph" role="img" aria-label="Flame graph" tabindex="0"></canvas>
<p id="about" aria-live="polite"></p>
<noscript>The picture is drawn by a script.</noscript>
`;

/**
 * Draws the tree and answers clicks, keys and the search. It is a string and not a function of ours, because the page is read
 * by browsers only. A node is [name, kind, value, before, children].
 */
export const SCRIPT = `
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const { title, unit, kinds, differential, root } = data;
const HUES = { process: [210, 8], user: [28, 85], jit: [135, 50], kernel: [215, 70], unknown: [0, 0] };
const WORDS = { process: "process", user: "native", jit: "made at run time", kernel: "kernel", unknown: "unknown" };
const ROW = 18;
const canvas = document.getElementById("graph"), about = document.getElementById("about");
const search = document.getElementById("search");
const dark = matchMedia("(prefers-color-scheme: dark)");
const width = (node) => differential ? Math.max(node[2], 0) : node[2];
(function adopt(node, parent, depth) {
  node.parent = parent; node.depth = depth; node.matches = false;
  for (const child of node[4]) adopt(child, node, depth + 1);
})(root, null, 0);
let zoomed = root, matcher = null, rows = [];
document.title = title;
document.getElementById("title").textContent = title;

function number(value) {
  const scales = { nanoseconds: [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]],
    bytes: [[1073741824, "GiB"], [1048576, "MiB"], [1024, "KiB"], [1, "B"]] }[unit];
  if (!scales) return value.toLocaleString() + " " + unit;
  const [scale, word] = scales.find(([scale]) => Math.abs(value) >= scale) || scales[scales.length - 1];
  return (value / scale).toLocaleString(undefined, { maximumFractionDigits: 2 }) + " " + word;
}
const share = (part, whole) => whole ? part / whole : 0;
const percent = (part) => (part * 100).toFixed(2) + "%";
/* How much larger or smaller a frame's share of its run is. */
const change = (node) => share(node[2], root[2]) - share(node[3], root[3]);
function colour(node) {
  const light = dark.matches ? 38 : 68;
  if (matcher && node.matches) return "hsl(300 80% " + (light - 8) + "%)";
  if (differential) {
    const step = Math.max(-1, Math.min(1, change(node) * 4));
    return "hsl(" + (step < 0 ? 215 : 5) + " " + Math.round(Math.abs(step) * 85) + "% " + light + "%)";
  }
  const [hue, saturation] = HUES[kinds[node[1]]];
  let hash = 0;
  for (const letter of node[0]) hash = (hash * 31 + letter.codePointAt(0)) % 997;
  return "hsl(" + (hue + hash % 20 - 10) + " " + saturation + "% " + (light + hash % 9 - 4) + "%)";
}
function legend() {
  const place = document.getElementById("legend");
  const items = differential ? [["hsl(5 85% 60%)", "more than before"], ["hsl(215 85% 60%)", "less"]]
    : Object.keys(WORDS).map((kind) => ["hsl(" + HUES[kind][0] + " " + HUES[kind][1] + "% 60%)", WORDS[kind]]);
  for (const [fill, word] of items) {
    const item = document.createElement("span"), box = document.createElement("i");
    box.style.background = fill;
    item.append(box, word);
    place.append(item);
  }
}
function layout() {
  const total = canvas.clientWidth;
  rows = [];
  const put = (node, left, size) => {
    if (size < 0.3) return;
    (rows[node.depth] ||= []).push({ node, left, size });
    let at = left;
    const scale = size / width(node);
    for (const child of node[4]) { put(child, at, width(child) * scale); at += width(child) * scale; }
  };
  for (let node = zoomed.parent; node; node = node.parent) rows[node.depth] = [{ node, left: 0, size: total }];
  if (width(zoomed) > 0) put(zoomed, 0, total);
}
function draw() {
  layout();
  const ratio = devicePixelRatio || 1, height = Math.max(rows.length, 1) * ROW;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = height * ratio;
  canvas.style.height = height + "px";
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  const letter = pen.measureText("n").width;
  rows.forEach((row, depth) => {
    const top = height - (depth + 1) * ROW;
    for (const { node, left, size } of row) {
      pen.globalAlpha = node.depth < zoomed.depth ? 0.5 : 1;
      pen.fillStyle = colour(node);
      pen.fillRect(left, top, Math.max(size - 0.5, 0.3), ROW - 1);
      const letters = Math.floor((size - 6) / letter);
      if (letters < 3) continue;
      const text = node[0].length > letters ? node[0].slice(0, letters - 1) + "\\u2026" : node[0];
      pen.fillStyle = dark.matches ? "#f4f4f4" : "#161616";
      pen.fillText(text, left + 3, top + ROW / 2);
    }
  });
  pen.globalAlpha = 1;
}
function at(event) {
  const box = canvas.getBoundingClientRect();
  const row = rows[rows.length - 1 - Math.floor((event.clientY - box.top) / ROW)];
  const x = event.clientX - box.left;
  return row && (row.find(({ left, size }) => x >= left && x < left + size) || {}).node;
}
function tell(node) {
  const self = node[2] - node[4].reduce((sum, child) => sum + child[2], 0);
  const parts = [node[0] + " (" + WORDS[kinds[node[1]]] + ")", number(node[2]) + ", " + percent(share(node[2], root[2])), "itself " + number(self)];
  if (differential) parts.push("before " + number(node[3]) + ", " + percent(share(node[3], root[3])), (change(node) < 0 ? "" : "+") + percent(change(node)));
  about.textContent = parts.join("; ");
}
function summary() {
  let found = 0;
  (function sum(node) { if (node.matches) found += node[2]; else node[4].forEach(sum); })(root);
  about.textContent = matcher ? "found in " + number(found) + ", " + percent(share(found, root[2])) : "all: " + number(root[2]);
}
function zoom(node) { zoomed = node; draw(); }
canvas.addEventListener("mousemove", (event) => { const node = at(event); if (node) tell(node); else summary(); });
canvas.addEventListener("mouseleave", summary);
canvas.addEventListener("click", (event) => { const node = at(event); if (node) zoom(node); });
document.getElementById("reset").addEventListener("click", () => zoom(root));
search.addEventListener("input", () => {
  const text = search.value.trim(), [, pattern] = /^\\/(.+)\\/$/.exec(text) || [];
  try { matcher = text === "" ? null : pattern ? new RegExp(pattern, "i") : { test: (name) => name.toLowerCase().includes(text.toLowerCase()) }; } catch { return; }
  (function mark(node) { node.matches = matcher !== null && matcher.test(node[0]); node[4].forEach(mark); })(root);
  summary(); draw();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") { search.value = ""; matcher = null; zoom(root); summary(); }
  if ((event.ctrlKey || event.metaKey) && event.key === "f") { event.preventDefault(); search.focus(); }
});
addEventListener("resize", draw);
dark.addEventListener("change", draw);
legend(); draw(); summary();
`;
