/** What the page of a flame graph looks like. Dark where the reader's system is. */
export const STYLE = `
:root { color-scheme: light dark; font: 13px/1.4 system-ui, sans-serif;
  --ink: #1c1e21; --paper: #fff; --faint: #6a6f76; --line: #dcdfe3; --hold: #f6f7f8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e7e9; --paper: #17191c; --faint: #9aa0a8; --line: #33373d; --hold: #1f2226 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; color: var(--ink); background: var(--paper) }
header { position: sticky; top: 0; z-index: 1; padding: 10px 16px; background: var(--hold); border-bottom: 1px solid var(--line) }
h1 { font-size: 15px; font-weight: 600; margin: 0; overflow-wrap: anywhere }
#run { color: var(--faint); margin: 0 0 8px }
#tools { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center }
input, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 5px; padding: 3px 9px }
input { width: 18em }
button:enabled { cursor: pointer }
button:disabled { opacity: 0.45 }
button:enabled:hover { border-color: var(--faint) }
#legend { margin-left: auto; display: flex; flex-wrap: wrap; gap: 4px 12px }
#legend span { white-space: nowrap }
#legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 5px; vertical-align: -1px }
#graph { margin: 12px 16px; flex: 1; position: relative; align-self: stretch }
#here { position: absolute; height: 18px; border: 1px solid var(--ink); pointer-events: none }
canvas { display: block; width: 100%; cursor: pointer }
canvas:focus-visible { outline: 2px solid #4a8df0; outline-offset: 2px }
#about { position: sticky; bottom: 0; margin: 0; padding: 7px 16px; min-height: 3.9em; background: var(--hold);
  border-top: 1px solid var(--line); overflow-wrap: anywhere; white-space: pre-line }
`;

export const BODY = `
<header>
<h1 id="title"></h1>
<p id="run"></p>
<div id="tools">
<input id="search" type="search" placeholder="Search: text or /expression/" aria-label="Search" autocomplete="off" spellcheck="false">
<button id="reset" type="button" disabled>Reset zoom</button>
<button id="flip" type="button">Root at the bottom</button>
<button id="side" type="button" hidden>Widths of the other run</button>
<div id="legend"></div>
</div>
</header>
<div id="graph"><canvas id="canvas" role="img" tabindex="0"
aria-label="Flame graph. Arrow keys go from frame to frame, Enter zooms, Escape goes back to all."></canvas><div id="here" hidden></div></div>
<p id="about" aria-live="polite"></p>
<noscript>The picture is drawn by a script.</noscript>
`;

/**
 * Draws the tree and answers clicks, keys and the search. It is a string and not a function of ours, because the page is read
 * by browsers only. A node is [name, kind, value, before, children].
 */
export const SCRIPT = `
"use strict";
const { title, run, unit, kinds, differential, root } = JSON.parse(document.getElementById("data").textContent);
const NAME = 0, KIND = 1, VALUE = 2, BEFORE = 3, CHILDREN = 4;
const HUES = { process: [215, 12], user: [30, 82], jit: [140, 42], kernel: [212, 72], unknown: [0, 0] };
const WORDS = { process: "process", user: "native code", jit: "made at run time", kernel: "kernel", unknown: "unknown" };
const ROW = 19, THINNEST = 0.3, LARGEST_CANVAS = 32767;
const element = (id) => document.getElementById(id);
const canvas = element("canvas"), about = element("about"), search = element("search");
const dark = matchMedia("(prefers-color-scheme: dark)");
(function adopt(node, parent, depth) {
  Object.assign(node, { parent, depth, matches: false });
  for (const child of node[CHILDREN]) adopt(child, node, depth + 1);
})(root, null, 0);
let zoomed = root, pointed = null, matcher = null, rows = [], side = VALUE, rootBelow = false;
element("title").textContent = title;
element("run").textContent = run;

function number(value) {
  const scales = { nanoseconds: [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]],
    bytes: [[1073741824, "GiB"], [1048576, "MiB"], [1024, "KiB"], [1, "B"]] }[unit];
  if (!scales) return value.toLocaleString("en") + " " + unit;
  const [scale, word] = scales.find(([scale]) => Math.abs(value) >= scale) || scales[scales.length - 1];
  return (value / scale).toLocaleString("en", { maximumFractionDigits: 2 }) + " " + word;
}
const share = (part, whole) => whole ? part / whole : 0;
const percent = (part) => (part * 100).toFixed(2) + "%";
/* How much larger or smaller a frame's share of its run is. */
const change = (node) => share(node[VALUE], root[VALUE]) - share(node[BEFORE], root[BEFORE]);
function changeColour(change) {
  const strength = Math.min(1, Math.sqrt(Math.abs(change)) * 1.6);
  const light = dark.matches ? 36 + strength * 10 : 86 - strength * 24;
  return "hsl(" + (change < 0 ? 214 : 4) + " " + Math.round(strength * 84) + "% " + light + "%)";
}
function colour(node) {
  if (matcher && node.matches) return dark.matches ? "hsl(300 55% 48%)" : "hsl(300 75% 74%)";
  if (differential) return changeColour(change(node));
  const [hue, saturation] = HUES[kinds[node[KIND]]];
  let hash = 0;
  for (const letter of node[NAME]) hash = (hash * 31 + letter.codePointAt(0)) % 997;
  const light = dark.matches ? 38 : 72;
  return "hsl(" + (hue + hash % 17 - 8) + " " + saturation + "% " + (light + hash % 11 - 5) + "%)";
}
function legend() {
  const items = differential
    ? [[changeColour(-0.35), "less than before"], [changeColour(0), "the same"], [changeColour(0.35), "more"]]
    : Object.entries(WORDS).map(([kind, word]) => ["hsl(" + HUES[kind][0] + " " + HUES[kind][1] + "% " + (dark.matches ? 38 : 72) + "%)", word]);
  element("legend").replaceChildren(...items.map(([fill, word]) => {
    const item = document.createElement("span"), box = document.createElement("i");
    box.style.background = fill;
    item.append(box, word);
    return item;
  }));
}
function layout() {
  rows = [];
  const put = (node, left, size) => {
    if (size < THINNEST) return;
    (rows[node.depth] ||= []).push({ node, left, size });
    const scale = share(size, node[side]);
    let at = left;
    for (const child of node[CHILDREN]) { put(child, at, child[side] * scale); at += child[side] * scale; }
  };
  for (let node = zoomed.parent; node; node = node.parent) rows[node.depth] = [{ node, left: 0, size: canvas.clientWidth }];
  if (zoomed[side] > 0) put(zoomed, 0, canvas.clientWidth);
}
function draw() {
  layout();
  const height = Math.max(rows.length, 1) * ROW, ratio = Math.min(devicePixelRatio || 1, LARGEST_CANVAS / height);
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = height * ratio;
  canvas.style.height = height + "px";
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  const letter = pen.measureText("the_usual::letters<of>(names)").width / 29;
  const fitting = (name, room) => pen.measureText(name).width <= room ? name : name.slice(0, room / letter - 1) + "\\u2026";
  rows.forEach((row, depth) => {
    const top = topOf(depth);
    for (const { node, left, size } of row) {
      const aside = node.depth < zoomed.depth || (matcher && !node.matches);
      pen.globalAlpha = aside ? 0.45 : 1;
      pen.fillStyle = colour(node);
      pen.fillRect(left, top, Math.max(size - 0.6, THINNEST), ROW - 1);
      pen.globalAlpha = aside ? 0.7 : 1;
      pen.fillStyle = dark.matches ? "#f2f3f5" : "#17191c";
      if (size > 20) pen.fillText(fitting(node[NAME], size - 8), left + 4, top + ROW / 2, size - 8);
    }
  });
  element("reset").disabled = zoomed === root;
  frame();
}
/* Around the frame that is pointed at; the picture stays as it is. */
function frame() {
  const shown = pointed && (rows[pointed.depth] || []).find(({ node }) => node === pointed);
  element("here").hidden = !shown;
  if (shown) Object.assign(element("here").style, { left: shown.left + "px", top: topOf(pointed.depth) + "px", width: Math.max(shown.size - 0.6, 2) + "px" });
}
const topOf = (depth) => (rootBelow ? rows.length - 1 - depth : depth) * ROW;
function at(event) {
  const box = canvas.getBoundingClientRect(), line = Math.floor((event.clientY - box.top) / ROW), x = event.clientX - box.left;
  const row = rows[rootBelow ? rows.length - 1 - line : line] || [];
  return (row.find(({ left, size }) => x >= left && x < left + size) || {}).node || null;
}
function tell() {
  const node = pointed;
  if (!node) {
    let found = 0;
    (function sum(node) { if (node.matches) found += node[VALUE]; else node[CHILDREN].forEach(sum); })(root);
    about.textContent = matcher ? "Found in " + number(found) + ", " + percent(share(found, root[VALUE])) : "All: " + number(root[VALUE])
      + (differential ? "; the other run: " + number(root[BEFORE]) : "");
    return;
  }
  const own = node[VALUE] - node[CHILDREN].reduce((sum, child) => sum + child[VALUE], 0);
  const parts = [number(node[VALUE]) + ", " + percent(share(node[VALUE], root[VALUE])), "itself " + number(own)];
  if (node !== zoomed && zoomed !== root) parts.push(percent(share(node[VALUE], zoomed[VALUE])) + " of " + zoomed[NAME]);
  if (differential) parts.push("the other run " + number(node[BEFORE]) + ", " + percent(share(node[BEFORE], root[BEFORE])),
    (change(node) < 0 ? "" : "+") + percent(change(node)));
  about.textContent = node[NAME] + " (" + WORDS[kinds[node[KIND]]] + ")\\n" + parts.join("; ");
}
function point(node) { if (node === pointed) return; pointed = node; frame(); tell(); }
function zoom(node) {
  zoomed = node; draw(); tell();
  const top = topOf(node.depth) + canvas.getBoundingClientRect().top;
  if (top < 0 || top > innerHeight) canvas.parentElement.scrollIntoView({ block: rootBelow ? "end" : "start" });
}
function find() {
  const text = search.value.trim(), [, pattern] = /^\\/(.+)\\/$/.exec(text) || [];
  try { matcher = text === "" ? null : pattern ? new RegExp(pattern, "i") : { test: (name) => name.toLowerCase().includes(text.toLowerCase()) }; } catch { return; }
  (function mark(node) { node.matches = matcher !== null && matcher.test(node[NAME]); node[CHILDREN].forEach(mark); })(root);
  draw(); tell();
}
/* Frames beside one another are in the order in which they are drawn. */
function beside(node, step) {
  const row = (rows[node.depth] || []).map(({ node }) => node);
  return row[row.indexOf(node) + step];
}
function inside(node) { return ((rows[node.depth + 1] || []).find(({ node: { parent } }) => parent === node) || {}).node; }
function walk(key) {
  const from = pointed || zoomed, outwards = rootBelow ? "ArrowDown" : "ArrowUp", inwards = rootBelow ? "ArrowUp" : "ArrowDown";
  if (key === "Enter") zoom(from);
  const to = key === outwards ? from.parent : key === inwards ? inside(from) : key === "ArrowLeft" ? beside(from, -1) : key === "ArrowRight" ? beside(from, 1) : null;
  if (to) point(to);
}
canvas.addEventListener("mousemove", (event) => point(at(event)));
canvas.addEventListener("mouseleave", () => point(null));
canvas.addEventListener("click", (event) => { const node = at(event); if (node) zoom(node); });
canvas.addEventListener("keydown", (event) => { if (/^(Arrow|Enter)/.test(event.key)) { event.preventDefault(); walk(event.key); } });
element("reset").addEventListener("click", () => zoom(root));
element("flip").addEventListener("click", ({ target }) => {
  rootBelow = !rootBelow;
  target.textContent = rootBelow ? "Root at the top" : "Root at the bottom";
  draw();
  scrollTo(0, rootBelow ? document.body.scrollHeight : 0);
});
element("side").hidden = !differential;
element("side").addEventListener("click", ({ target }) => {
  side = side === VALUE ? BEFORE : VALUE;
  target.textContent = side === VALUE ? "Widths of the other run" : "Widths of this run";
  draw();
});
search.addEventListener("input", find);
addEventListener("keydown", (event) => {
  if (event.key === "Escape") { search.value = ""; find(); zoom(root); }
  if ((event.ctrlKey || event.metaKey) && event.key === "f") { event.preventDefault(); search.focus(); }
});
addEventListener("resize", draw);
dark.addEventListener("change", () => { legend(); draw(); });
legend(); draw(); tell();
`;
