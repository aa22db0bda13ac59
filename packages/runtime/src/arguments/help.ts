import { shortNames } from "../shapes/enum-names.ts";
import { writtenKind, writtenText } from "./flag-formats.ts";
import type { Flag } from "./flags.ts";
import type { MapFlag } from "./map-flags.ts";
import type { OwnOption } from "./own-options.ts";
import { ownLetters, ownOptions, type ToolOptions } from "./parse-arguments.ts";

/** What a package says about itself (`LICENSE`'s doc comment). */
export interface ToolDescription {
  readonly name: string;
  readonly about: string | undefined;
  readonly details: string | undefined;
  readonly version: string | undefined;
  /** Command lines. */
  readonly examples: readonly string[];
}

/** The text of `--help`. `invocation` is what stands before the options: `skep run opensnoop`. */
export function helpText(
  tool: ToolDescription & { readonly invocation: string },
  options: ToolOptions,
): string {
  const { flags, mapFlags } = options;
  const letters = new Set([...flags, ...mapFlags].map(({ short }) => short));
  const rows = [
    ...flags.filter(({ constant, live }) => constant && live).map(flagRow),
    ...mapFlags.map(mapRow),
    ...ownOptions(options).map((option) => ownRow(option, letters)),
    ...ownLetters(options).map(letterRow),
  ];
  const variables = flags.filter(({ constant }) => !constant).map(flagRow);
  const folded = flags.filter(({ live }) => !live).map(flagRow);
  const width = Math.max(...[...rows, ...variables, ...folded].map(({ left }) => left.length));
  const list = (title: string, of: readonly Row[]) =>
    `${title}:\n${of.map(({ left, help }) => `${left.padEnd(width)}    ${help}`).join("\n")}`;
  const sections = [
    tool.about ?? "An eBPF program.",
    `Usage: ${tool.invocation} [OPTIONS]`,
    list("Options", rows),
  ];
  if (variables.length > 0) sections.push(list("Variables that the program changes itself", variables));
  if (folded.length > 0)
    sections.push(
      list(
        "Without effect: constants that are not volatile, which the compiler has put into the code",
        folded,
      ),
    );
  if (tool.details !== undefined) sections.push(tool.details);
  const own = tool.examples.map((line) => asCalled(line, tool));
  const examples = own.length > 0 ? own : usualExamples(tool.invocation, options);
  sections.push(`Examples:\n${examples.map((line) => `  ${line}`).join("\n")}`);
  return `${sections.join("\n\n")}\n`;
}

/** The text of `--version`. */
export function versionText(tool: ToolDescription): string {
  return `${tool.name} ${tool.version ?? "0.1.0"}\n`;
}

/** The author of `opensnoop --failed` does not know how the tool is started; the reader wants to paste it. */
function asCalled(
  line: string,
  { name, invocation }: { readonly name: string; readonly invocation: string },
): string {
  return line === name || line.startsWith(`${name} `) ? `sudo ${invocation}${line.slice(name.length)}` : line;
}

/** For packages without examples of their own. */
function usualExamples(invocation: string, options: ToolOptions): string[] {
  const ours = new Set(ownOptions(options).map(({ name }) => name));
  const wanted = [
    ["pid", "--pid 1234"],
    ["iface", "--iface eth0"],
    ["usdt", "--binary ./server --usdt server:request"],
    [
      "function",
      ours.has("binary") ? "--binary /usr/bin/bash --function readline" : "--function tcp_v4_connect",
    ],
    ["duration", "--duration 10s"],
    ["json", "--json"],
  ] as const;
  const examples = wanted
    .filter(([name]) => ours.has(name))
    .map(([, words]) => `sudo ${invocation} ${words}`);
  return examples.slice(0, 3);
}

interface Row {
  readonly left: string;
  readonly help: string;
}

function flagRow(flag: Flag): Row {
  const fallback = flag.override ?? flag.initial;
  if (flag.shape.kind === "bool") {
    const on = fallback === "true";
    const prefix = on ? "disable-" : flag.spelling === "enable" ? "enable-" : "";
    return {
      left: `  ${letter(flag.short)}--${prefix}${flag.name}`,
      help: on ? `${flag.help} [default: true]` : flag.help,
    };
  }
  const shown = fallback === undefined ? zeroOf(flag) : writtenText(flag.format, fallback);
  // A default that has a unit is example enough.
  const words = fallback !== undefined && shown !== fallback ? "" : inWords(flag);
  const note = shown === undefined || shown === "" ? "" : ` [default: ${shown}]`;
  return {
    left: `  ${letter(flag.short)}--${flag.name} <${writtenKind(flag.format)?.word ?? flag.name}>`,
    help: `${flag.help}${note}${words}`,
  };
}

/** What a variable holds that the source leaves at 0. */
function zeroOf({ shape }: Flag): string | undefined {
  if (shape.kind === "integer") return "0";
  if (shape.kind !== "enum") return undefined;
  return shortNames(shape.values)[shape.values.findIndex(({ value }) => value === 0n)];
}

/** How a value may be written, where that is more than a number. */
function inWords({ shape, format }: Flag): string {
  const written = writtenKind(format);
  if (written !== undefined) return ` [such as ${written.example}]`;
  if (shape.kind !== "enum") return "";
  const names = shortNames(shape.values).slice(0, 6);
  return ` [${names.join(", ")}${shape.values.length > names.length ? ", …" : ""}]`;
}

/** A map that a flag turns on is a set: what stands beside its keys means nothing. */
function mapRow({ short, name, help, key, value, enables }: MapFlag): Row {
  const word = "word" in key ? key.word : (writtenKind(key.format)?.word ?? "KEY");
  const words = value === undefined || enables !== undefined ? `${word},…` : `${word}[=VALUE],…`;
  return { left: `  ${letter(short)}--${name} <${words}>`, help };
}

/** The letter of an option of ours is not shown where the tool uses it for another. */
function ownRow({ name, short, value, help }: OwnOption, taken: ReadonlySet<string | undefined>): Row {
  const shown = value === undefined ? "" : ` <${value}>`;
  return { left: `  ${letter(taken.has(short) ? undefined : short)}--${name}${shown}`, help };
}

/** Whose name is a flag of the tool's. */
function letterRow({ short, value, help }: OwnOption): Row {
  return { left: `  -${short}${value === undefined ? "" : ` <${value}>`}`, help };
}

function letter(short: string | undefined): string {
  return short === undefined ? "    " : `-${short}, `;
}
