import { type Json, type JsonObject, parseJsonPrefix } from "@skep/package";

/** What a doc comment says, as entries for the description of a variable, map, program or the whole tool. */
export interface Annotations {
  readonly entries: JsonObject;
  /** Annotations that look like a mistake, in words. */
  readonly problems: readonly string[];
}

/** Commands of doxygen: their text runs over several lines and is never JSON. */
const PROSE = new Set(
  [
    "attention author authors brief bug copyright date deprecated details example invariant note post pre remark",
    "remarks result return returns sa see short since test todo version warning",
  ].flatMap((line) => line.split(" ")),
);
/** Commands that describe a parameter of a function: nothing a runner could use. */
const DROPPED = new Set(["param", "tparam"]);
/** Readers of a package want text here, whatever it looks like. */
const TEXT = new Set(["description", "brief", "details", "version"]);
const WANTS_OBJECT = new Set(["cmdarg", "sample", "tchook", "tcopts", "xdpopts"]);
const COMMAND = /^[@\\]([A-Za-z][A-Za-z0-9_-]*)(?![A-Za-z0-9_-])[ \t]*/;

/**
 * Reads annotations: `@key value` or `\key value`, where the value is JSON, text, or nothing (`true`); text
 * before any command is the description. A value may run over several lines; an empty line ends it.
 */
export function readAnnotations(comment: string): Annotations {
  const entries: Record<string, Json> = {};
  const problems: string[] = [];
  for (const { key, text } of splitCommands(comment)) {
    if (DROPPED.has(key)) continue;
    const value = readValue(key, text);
    if (WANTS_OBJECT.has(key) && (typeof value !== "object" || value === null))
      problems.push(`@${key} wants a JSON object, not ${JSON.stringify(text)}`);
    entries[key] = value;
  }
  return { entries, problems };
}

interface Command {
  readonly key: string;
  readonly text: string;
}

function splitCommands(comment: string): Command[] {
  const commands: Command[] = [];
  let key = "description";
  let lines: string[] = [];
  let explicit = false;
  const finish = (): void => {
    const text = lines.join("\n").trim();
    if (explicit || text !== "") commands.push(...splitLine(key, text));
    key = "description";
    lines = [];
    explicit = false;
  };
  for (const line of comment.split("\n")) {
    const command = COMMAND.exec(line);
    if (command !== null || (line === "" && !openJson(key, lines))) finish();
    if (command !== null) {
      key = command[1] ?? key;
      explicit = true;
    }
    lines.push(line.slice(command?.[0].length ?? 0));
  }
  finish();
  return mergeDescriptions(commands);
}

/** `@flags 0 @ifindex 1`: a complete JSON value may be followed by another command. */
function splitLine(key: string, text: string): Command[] {
  const prefix = PROSE.has(key) ? undefined : parseJsonPrefix(text);
  const rest = prefix === undefined ? "" : text.slice(prefix.end).trim();
  const command = COMMAND.exec(rest);
  if (prefix === undefined || command === null) return [{ key, text }];
  return [
    { key, text: text.slice(0, prefix.end) },
    ...splitLine(command[1] ?? "", rest.slice(command[0].length).trim()),
  ];
}

function openJson(key: string, lines: readonly string[]): boolean {
  const text = lines.join("\n").trim();
  return !PROSE.has(key) && /^[[{]/.test(text) && parseJsonPrefix(text) === undefined;
}

/** Paragraphs without a command are one description, after one given by name. */
function mergeDescriptions(commands: readonly Command[]): Command[] {
  const texts = commands.filter(({ key }) => key === "description").map(({ text }) => text);
  const others = commands.filter(({ key }) => key !== "description");
  return texts.length === 0 ? others : [{ key: "description", text: texts.join("\n") }, ...others];
}

function readValue(key: string, text: string): Json {
  if (PROSE.has(key)) return text;
  const json = parseJsonPrefix(text);
  const whole = json !== undefined && json.end === text.length ? json.value : undefined;
  if (typeof whole === "string") return whole;
  if (whole !== undefined && !TEXT.has(key)) return whole;
  if (text === "" && !TEXT.has(key)) return true;
  return text.replaceAll("\n", " ");
}
