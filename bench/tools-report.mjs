// What bench/tools.mjs found, for a terminal, for docs/benchmarks.md and for the pages of the tools.
import { readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";

const BEGIN = "<!-- bench/tools.mjs -->";
const END = "<!-- end -->";

const fixed = (value) => (Math.abs(value) < 10 ? value.toFixed(1) : value.toFixed(0));

function time(nanoseconds) {
  if (Math.abs(nanoseconds) < 1000) return `${nanoseconds.toFixed(0)} ns`;
  if (Math.abs(nanoseconds) < 1e6) return `${fixed(nanoseconds / 1e3)} µs`;
  return `${fixed(nanoseconds / 1e6)} ms`;
}

const size = (bytes) =>
  bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(0)} KB` : `${fixed(bytes / 2 ** 20)} MB`;
const milliseconds = (value) => `${value.toFixed(0)} ms`;

const columns = [
  { key: "added", header: "added", show: time, noisy: true },
  { key: "programs", header: "programs", show: time },
  { key: "cpu", header: "CPU", show: time },
  { key: "kernel", header: "kernel memory", show: size },
  { key: "resident", header: "resident", show: size },
  { key: "attached", header: "attached", show: milliseconds },
];

/** A figure of one side; what is less than the noise says no more than that. */
function figure(column, side) {
  const value = side[column.key];
  if (value === undefined) return undefined;
  return column.noisy && value < side.noise ? `< ${column.show(side.noise)}` : column.show(value);
}

/** Ours to the model's, where both are figures. */
function ratio(column, [ours, model]) {
  const [a, b] = [ours[column.key], model[column.key]];
  if (a === undefined || b === undefined || b === 0) return undefined;
  return column.noisy && (a < ours.noise || b < model.noise) ? undefined : (a / b).toFixed(2);
}

/** @returns the lines of one tool */
export function terminal({ tool, operation, alone, sides }) {
  const row = (name, cells) => `  ${name.padEnd(13)} ${cells.map((cell) => cell.padStart(14)).join("")}`;
  const head = `${tool}: ${operation}, ${alone === undefined ? "not measured" : time(alone)} alone`;
  const lines = sides.map((side) =>
    side.reason === undefined
      ? row(
          side.name,
          columns.map((column) => figure(column, side)),
        )
      : `  ${side.name}: ${side.reason}`,
  );
  const ratios = columns.map((column) => ratio(column, sides) ?? "");
  return [
    head,
    row(
      "",
      columns.map(({ header }) => header),
    ),
    ...lines,
    row("ratio", ratios),
    "",
  ].join("\n");
}

function tableRow({ tool, operation, alone, sides }) {
  const [ours, model] = sides;
  if (ours.reason !== undefined)
    return `| ${[tool, operation, "", "", `not here: ${ours.reason}`].join(" | ")} ${"| ".repeat(columns.length)}`.trim();
  const cells = columns.map((column) => {
    const theirs = figure(column, model);
    const text = `${figure(column, ours)}${theirs === undefined ? "" : ` · ${theirs}`}`;
    const quotient = ratio(column, sides);
    return quotient === undefined ? text : `${text} · **${quotient}**`;
  });
  return `| ${[tool, operation, time(alone), model.name, ...cells].join(" | ")} |`;
}

/** @returns the table of docs/benchmarks.md; rows of tools that were not measured now are those of `old` */
export function table(results, old = "") {
  const rows = new Map(old.split("\n").map((row) => [/^\| ([\w-]+) \|/.exec(row)?.[1], row]));
  for (const result of results) rows.set(result.tool, tableRow(result));
  for (const name of [undefined, "tool"]) rows.delete(name);
  const headers = ["tool", "operation", "alone", "model", ...columns.map(({ header }) => header)];
  const sorted = [...rows.values()].sort();
  return [`| ${headers.join(" | ")} |`, `|${"---|".repeat(headers.length)}`, ...sorted].join("\n");
}

/** @returns the sentences on a tool's page, or undefined where it does not run here */
function page({ operation, alone, sides: [ours, model] }) {
  if (ours.reason !== undefined) return undefined;
  const kernel = release().split(".").slice(0, 2).join(".");
  const longer = (side) =>
    `${figure(columns[0], side).replace("<", "less than")} longer; in the eBPF programs ${time(side.programs)}`;
  const sentences = [
    `One ${operation} takes ${time(alone)}; watched, ${longer(ours)} (\`bench/tools.mjs\`, Linux ${kernel}).`,
    `Kernel memory: ${size(ours.kernel)}.`,
  ];
  if (model.reason === undefined) {
    const name =
      model.name === "bpftrace" ? "A bpftrace program that does the least of the same" : "libbpf-tools";
    sentences.push(`${name}: ${longer(model)}; kernel memory ${size(model.kernel)}.`);
  }
  return sentences.join("\n");
}

/** Puts a text between the marks of a file. */
function replaceMarked(path, text) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const [before, rest] = readFileSync(file, "utf8").split(BEGIN);
  const [old, after] = rest?.split(END) ?? [];
  if (after === undefined) throw new Error(`${path} has no ${BEGIN} … ${END}`);
  writeFileSync(file, [before, BEGIN, "\n", text(old), "\n", END, after].join(""));
}

/** Writes the table of docs/benchmarks.md and the page of each tool. */
export function record(results) {
  replaceMarked("docs/benchmarks.md", (old) => table(results, old));
  for (const result of results) {
    const text = page(result);
    if (text !== undefined) replaceMarked(`tools/${result.tool}/README.md`, () => text);
  }
}
