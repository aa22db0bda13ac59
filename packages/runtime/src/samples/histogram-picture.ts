import { escapeMarkup } from "../output/markup.ts";
import { type PicturedRun, whenText } from "../output/pictured-run.ts";
import type { Bucket, Percentile } from "./histogram.ts";
import { countText, valueText } from "./histogram-scale.ts";

/** The histograms of one map. */
export interface HistogramGroup {
  /** What bounds of buckets are: `usecs`. */
  readonly unit: string;
  readonly panels: readonly HistogramPanel[];
}

export interface HistogramPanel {
  /** What is counted, in words: `pid 42`; empty where there is but one histogram. */
  readonly name: string;
  /** What else is known of it: `comm = bash`. */
  readonly notes: readonly string[];
  /** All slots, as many in each panel of a group. */
  readonly slots: readonly Bucket[];
  readonly percentiles: readonly Percentile[];
}

/** All lengths are in pixels. */
const WIDTH = 1000;
const MARGIN = 24;
const HEAD = 66;
const GAP = 40;
/** Of a panel, above and below its bars; the axis of counts is left of them. */
const TOP = 70;
const BOTTOM = 40;
const LEFT = 48;
/** How high the bars of one histogram become, and those of several. */
const ALONE = 300;
const AMONG = 150;
/** Above the largest bar, for its count. */
const SPARE = 16;
/** How wide letters are, by what the style says of their size. */
const LETTER = { title: 9, name: 7.5, text: 6, small: 6.2 };

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #1c1e21; white-space: pre }
.paper { fill: #fff } .title { font-size: 16px; font-weight: 600 } .name { font-size: 13px; font-weight: 600 }
.faint, .tick { fill: #6a6f76 } .tick, .count, .mark { font-size: 10.5px } .middle { text-anchor: middle } .end { text-anchor: end }
.bar { fill: #4a86d8 } .slot:hover .bar { fill: #e0813a } .place { fill: transparent } .grid { stroke: #e6e8eb } .axis { stroke: #9aa0a8 }
line.mark { stroke: #b3472f; stroke-dasharray: 3 3 } text.mark { fill: #b3472f }
@media (prefers-color-scheme: dark) {
text { fill: #e6e7e9 } .paper { fill: #17191c } .faint, .tick { fill: #9aa0a8 } .bar { fill: #4b80c4 } .grid { stroke: #2b2f35 }
.axis { stroke: #6a6f76 } line.mark { stroke: #ee8f72 } text.mark { fill: #ee8f72 } }
`;

/**
 * Histograms as one SVG file that needs nothing else: bars with their counts, and where percentiles lie. Histograms of one map
 * show the same buckets, so that bars of one value stand below each other. What a bar counts exactly is told under the mouse.
 */
export function histogramPicture(groups: readonly HistogramGroup[], run: PicturedRun): string {
  const panels = groups.flatMap(panelsOf);
  const columns = panels.length > 1 ? 2 : 1;
  const width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns;
  const bars = columns === 1 ? ALONE : AMONG;
  const height = TOP + bars + BOTTOM;
  const drawn = panels.map((panel, index) => {
    const x = MARGIN + (index % columns) * (width + GAP);
    const y = MARGIN + HEAD + Math.floor(index / columns) * height;
    return `<g transform="translate(${x} ${y})">\n${panelText(panel, width, bars)}\n</g>`;
  });
  const total = 2 * MARGIN + HEAD + Math.max(1, Math.ceil(panels.length / columns)) * height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${total}" width="${WIDTH}" height="${total}" role="img">`,
    `<title>${escapeMarkup(run.title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${total}"/>`,
    `<g transform="translate(${MARGIN} ${MARGIN})">`,
    text(0, 14, fitted(run.title, WIDTH - 2 * MARGIN, LETTER.title), "title"),
    text(0, 35, whenText(run), "faint"),
    ...(panels.length === 0 ? [text(0, HEAD, "Nothing was counted.")] : []),
    "</g>",
    ...drawn,
    "</svg>",
  ].join("\n");
}

/** A panel with the slots to show. */
interface ShownPanel extends HistogramPanel {
  readonly unit: string;
}

/** Without the slots before and behind all that any of them counted, and without those that counted nothing at all. */
function panelsOf({ unit, panels }: HistogramGroup): ShownPanel[] {
  const counted = panels.flatMap(({ slots }) =>
    slots.flatMap(({ count }, index) => (count > 0n ? [index] : [])),
  );
  const first = counted.reduce((least, index) => Math.min(least, index), Number.POSITIVE_INFINITY);
  const last = counted.reduce((most, index) => Math.max(most, index), -1);
  return panels
    .filter(({ slots }) => slots.some(({ count }) => count > 0n))
    .map((panel) => ({ ...panel, unit, slots: panel.slots.slice(first, last + 1) }));
}

function panelText(panel: ShownPanel, width: number, bars: number): string {
  const { name, notes, slots, unit, percentiles } = panel;
  const total = slots.reduce((sum, { count }) => sum + count, 0n);
  const facts = [
    `${total.toLocaleString("en")} ${total === 1n ? "value" : "values"}`,
    ...percentiles.map(({ percent, most }) => `${percent}% ≤ ${valueText(most, unit)}`),
  ].join("   ");
  const heading = [name, ...notes].filter((words) => words !== "").join("   ");
  const step = (width - LEFT) / slots.length;
  return [
    text(0, 13, fitted(heading, width, LETTER.name), "name"),
    text(0, heading === "" ? 13 : 31, fitted(facts, width, LETTER.text), "faint"),
    `<g transform="translate(${LEFT} ${TOP})">`,
    ...gridLines(slots, width - LEFT, bars),
    ...slots.map((slot, index) => slotText(slot, index, { slots, step, bars, unit })),
    `<line class="axis" x2="${round(width - LEFT)}" y1="${bars}" y2="${bars}"/>`,
    ...tickTexts(slots, step, bars, unit),
    ...markTexts(panel, step, bars),
    "</g>",
  ].join("\n");
}

function slotText(
  { low, high, count }: Bucket,
  index: number,
  around: {
    readonly slots: readonly Bucket[];
    readonly step: number;
    readonly bars: number;
    readonly unit: string;
  },
): string {
  const { slots, step, bars, unit } = around;
  const height = barHeight(count, slots, bars);
  const label = countText(count);
  const counted = `${low} to ${high}${/^\(.*\)$/.test(unit) ? "" : ` ${unit}`}: ${count.toLocaleString("en")}`;
  const x = index * step;
  return [
    `<g class="slot"><title>${escapeMarkup(counted)}</title>`,
    `<rect class="place" x="${round(x)}" width="${round(step)}" height="${bars}"/>`,
    `<rect class="bar" x="${round(x + 1)}" y="${round(bars - height)}" width="${round(Math.max(step - 2, 1))}" height="${round(height)}"/>`,
    ...(count > 0n && label.length * LETTER.small <= step
      ? [text(x + step / 2, bars - height - 4, label, "count middle")]
      : []),
    "</g>",
  ].join("");
}

/** What counted anything can be seen. */
function barHeight(count: bigint, slots: readonly Bucket[], bars: number): number {
  if (count === 0n) return 0;
  return Math.max(1, (Number(count) / largest(slots)) * (bars - SPARE));
}

function largest(slots: readonly Bucket[]): number {
  return slots.reduce((most, { count }) => Math.max(most, Number(count)), 0);
}

/** Lines at round counts, four above 0 at most. */
function gridLines(slots: readonly Bucket[], width: number, bars: number): string[] {
  const most = largest(slots);
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => one * 4 >= most) ?? most);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => {
    const y = bars - ((index * step) / most) * (bars - SPARE);
    const line = `<line class="grid" x2="${round(width)}" y1="${round(y)}" y2="${round(y)}"/>`;
    return `${line}${text(-6, y + 4, countText(BigInt(Math.round(index * step))), "tick end")}`;
  });
}

/** Below the begin of each bucket and the end of the last, as many as there is room for. */
function tickTexts(slots: readonly Bucket[], step: number, bars: number, unit: string): string[] {
  const bounds = [...slots.map(({ low }) => low), (slots.at(-1)?.high ?? 0n) + 1n];
  const texts = bounds.map((bound) => valueText(bound, unit));
  const longest = texts.reduce((most, { length }) => Math.max(most, length), 0);
  const every = Math.max(1, Math.ceil(((longest + 1) * LETTER.small) / step));
  const ticks = texts.flatMap((label, index) =>
    index % every === 0 ? [text(index * step, bars + 15, label, "tick middle")] : [],
  );
  // Bounds in a unit of time or size say so themselves.
  const said = /^\(.*\)$/.test(unit) || valueText(1n, unit) !== "1";
  return said ? ticks : [...ticks, text(slots.length * step, bars + 31, unit, "tick end")];
}

/** A line at the end of the bucket in which a percentile lies; in turn on two levels, for want of room. */
function markTexts({ percentiles, slots }: ShownPanel, step: number, bars: number): string[] {
  const byEnd = new Map<number, string[]>();
  for (const { percent, most } of percentiles) {
    const end = slots.findIndex(({ high }) => high === most) + 1;
    byEnd.set(end, [...(byEnd.get(end) ?? []), `${percent}%`]);
  }
  return [...byEnd].flatMap(([end, names], index) => {
    const x = round(end * step);
    const level = index % 2 === 0 ? -4 : -16;
    const side = end === slots.length ? "end" : "middle";
    return [
      `<line class="mark" x1="${x}" x2="${x}" y1="${level + 2}" y2="${bars}"/>`,
      text(x, level, names.join(" "), `mark ${side}`),
    ];
  });
}

function text(x: number, y: number, words: string, kind = ""): string {
  return words === ""
    ? ""
    : `<text x="${round(x)}" y="${round(y)}"${kind === "" ? "" : ` class="${kind}"`}>${escapeMarkup(words)}</text>`;
}

/** What is too long ends in `…`. */
function fitted(words: string, width: number, letter: number): string {
  const most = Math.floor(width / letter);
  const letters = [...words];
  return letters.length <= most ? words : `${letters.slice(0, most - 1).join("")}…`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}
