import { type Json, parseJsonPrefix } from "@skep/package";
import type { DocComment, DocLine } from "./doc-comment.ts";

/** One `@word value` of a doc comment, or its plain text, which is the word `description`. */
export interface Annotation {
  readonly word: string;
  readonly value: Json;
  /** Where the word stands. */
  readonly line: number;
  /** False for plain text. */
  readonly named: boolean;
}

/** Commands of doxygen: their text runs over several lines and is never JSON. */
export const PROSE: ReadonlySet<string> = new Set(
  [
    "attention author authors brief bug copyright date deprecated details example invariant note post pre remark",
    "remarks result return returns sa see short since test todo version warning",
  ].flatMap((line) => line.split(" ")),
);
/** Commands that describe a parameter of a function: nothing a runner could use. */
const DROPPED = new Set(["param", "tparam"]);
/** Readers of a package want text here, whatever it looks like. */
const TEXT = new Set(["description", "brief", "details", "format", "one-of", "version", "view"]);
const COMMAND = /^[@\\]([A-Za-z][A-Za-z0-9_-]*)(?![A-Za-z0-9_-])[ \t]*/;

/**
 * Reads the annotations of a comment: `@key value` or `\key value`, where the value is JSON, text, or nothing (`true`); text
 * before any command is the description. A value may run over several lines; an empty line ends it.
 */
export function readAnnotations(doc: DocComment): Annotation[] {
  return splitCommands(doc.lines)
    .filter(({ word }) => !DROPPED.has(word))
    .map(({ word, text, line, named }) => ({ word, value: readValue(word, text), line, named }));
}

interface Command {
  readonly word: string;
  readonly text: string;
  readonly line: number;
  readonly named: boolean;
}

function splitCommands(lines: readonly DocLine[]): Command[] {
  const commands: Command[] = [];
  let open = { word: "description", lines: [] as string[], line: 0, named: false };
  const begin = (word: string, line: number, named: boolean): void => {
    const text = open.lines.join("\n").trim();
    if (open.named || text !== "") commands.push(...splitLine({ ...open, text }));
    open = { word, lines: [], line, named };
  };
  for (const { text, line } of lines) {
    const command = COMMAND.exec(text);
    if (command !== null) begin(command[1] ?? "", line, true);
    else if (text === "" && !isOpenJson(open)) begin("description", line + 1, false);
    open.lines.push(text.slice(command?.[0].length ?? 0));
  }
  begin("", 0, false);
  return mergeRepeated(commands);
}

/** `@flags 0 @ifindex 1`: a complete JSON value may be followed by another command. */
function splitLine(command: Command): Command[] {
  const { word, text, line } = command;
  const prefix = PROSE.has(word) ? undefined : parseJsonPrefix(text);
  const rest = prefix === undefined ? "" : text.slice(prefix.end).trim();
  const next = COMMAND.exec(rest);
  if (prefix === undefined || next === null) return [command];
  const value = text.slice(0, prefix.end);
  const after = rest.slice(next[0].length).trim();
  const lastLine = line + value.split("\n").length - 1;
  return [
    { ...command, text: value },
    ...splitLine({ word: next[1] ?? "", text: after, line: lastLine, named: true }),
  ];
}

function isOpenJson({ word, lines }: { readonly word: string; readonly lines: readonly string[] }): boolean {
  const text = lines.join("\n").trim();
  return !PROSE.has(word) && /^[[{]/.test(text) && parseJsonPrefix(text) === undefined;
}

/** Paragraphs without a command are one description, which comes first; several examples stand below each other. */
function mergeRepeated(commands: readonly Command[]): Command[] {
  const merged = merge(merge(commands, "description"), "example");
  const isDescription = ({ word }: Command) => word === "description";
  return [...merged.filter(isDescription), ...merged.filter((command) => !isDescription(command))];
}

function merge(commands: readonly Command[], repeated: string): readonly Command[] {
  const all = commands.filter(({ word }) => word === repeated);
  const [first] = all;
  if (first === undefined) return commands;
  const text = all.map((command) => command.text).join("\n");
  const merged = { ...first, text, named: all.some(({ named }) => named) };
  return commands.flatMap((command) =>
    all.includes(command) ? (command === first ? [merged] : []) : [command],
  );
}

function readValue(word: string, text: string): Json {
  if (PROSE.has(word)) return text;
  const json = parseJsonPrefix(text);
  const whole = json !== undefined && json.end === text.length ? json.value : undefined;
  if (typeof whole === "string" && word !== "view") return whole;
  if (whole !== undefined && !TEXT.has(word)) return whole;
  if (text === "" && !TEXT.has(word)) return true;
  return text.replaceAll("\n", " ");
}
