/** The text of `@view`, read. docs/packages.md gives its grammar. */
export type ViewText =
  | { readonly kind: "table"; readonly columns: readonly ViewColumn[] }
  | { readonly kind: "rows"; readonly header: string | undefined; readonly rows: readonly ViewRow[] };

/** `lat_us="LAT (us)":>9`, `-pad`, `*`. */
export interface ViewColumn {
  /** `*`: all that are not named. */
  readonly member: string;
  readonly hidden: boolean;
  readonly header: string | undefined;
  readonly width: number | undefined;
  readonly align: "left" | "right" | undefined;
}

/** A line of text for the events that meet all conditions. */
export interface ViewRow {
  readonly conditions: readonly ViewCondition[];
  readonly parts: readonly (string | ViewField)[];
}

export interface ViewCondition {
  readonly member: string;
  /** `=`, or `!=`. */
  readonly equal: boolean;
  readonly value: string;
}

/** `{comm:<16}`. */
export interface ViewField {
  readonly member: string;
  readonly width: number | undefined;
  readonly align: "left" | "right";
}

/** What stands where a member could: the time of the event. */
export const VIEW_TIME = "time";

export interface ViewProblem {
  /** The tail of a sentence that begins with `@view`. */
  readonly problem: string;
}

const MEMBER = "[A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)*";
const STRING = '"(?:[^"\\\\]|\\\\.)*"';
const COLUMN = new RegExp(`^(-?)(${MEMBER}|\\*)(?:=(${STRING}|[^\\s,:"]+))?(?::([<>]?)(\\d{1,4}))?$`);
const CONDITION = new RegExp(`^(${MEMBER})(!?)=([^\\s"]+)$`);
const FIELD = new RegExp(`^(${MEMBER})(?::([<>]?)(\\d{1,4}))?$`);

/** Reads a view's text, or says what is wrong with it. */
export function readView(text: string): ViewText | ViewProblem {
  const [, kind = "", rest = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  if (kind === "table") return readTable(rest);
  if (kind === "rows") return readRows(rest);
  return { problem: `wants table or rows first, not ${JSON.stringify(kind)}` };
}

/** The members that a view names, each once. */
export function viewMembers(view: ViewText): string[] {
  const names =
    view.kind === "table"
      ? view.columns.map(({ member }) => member).filter((member) => member !== "*")
      : view.rows.flatMap(({ conditions, parts }) => [
          ...conditions.map(({ member }) => member),
          ...parts.flatMap((part) =>
            typeof part === "string" || part.member === VIEW_TIME ? [] : part.member,
          ),
        ]);
  return [...new Set(names)];
}

function readTable(text: string): ViewText | ViewProblem {
  const columns: ViewColumn[] = [];
  for (const column of splitOutside(text, ",")) {
    const [match, minus, member = "", header, sign, width] = COLUMN.exec(column) ?? [];
    const title = header === undefined ? undefined : unquoted(header);
    if (match === undefined || title === null)
      return { problem: `cannot read column ${JSON.stringify(column)}: write member="HEADER":>WIDTH` };
    columns.push({
      member,
      hidden: minus === "-",
      header: title,
      width: numberOf(width),
      align: alignOf(sign),
    });
  }
  return { kind: "table", columns };
}

function readRows(text: string): ViewText | ViewProblem {
  const rows: ViewRow[] = [];
  let header: string | undefined;
  let conditions: ViewCondition[] = [];
  let headerNext = false;
  for (const word of splitOutside(text, " ")) {
    if (word.startsWith('"')) {
      const line = unquoted(word);
      if (line === null) return { problem: `cannot read ${word}: write it as JSON text` };
      if (headerNext) header = line;
      else {
        const parts = readTemplate(line);
        if ("problem" in parts) return parts;
        rows.push({ conditions, parts });
        conditions = [];
      }
      headerNext = false;
    } else if (word === "header" && !headerNext && conditions.length === 0) headerNext = true;
    else {
      const [match, member = "", not, value = ""] = CONDITION.exec(word) ?? [];
      if (match === undefined || headerNext)
        return { problem: `cannot read ${JSON.stringify(word)}: write member=value "text {member}"` };
      conditions.push({ member, equal: not === "", value });
    }
  }
  if (headerNext || conditions.length > 0) return { problem: "ends before the text in quotes" };
  return rows.length === 0 ? { problem: "has no row of text in quotes" } : { kind: "rows", header, rows };
}

/** `PID {pid:<7} {{}}` → text and fields. */
function readTemplate(text: string): readonly (string | ViewField)[] | ViewProblem {
  const parts: (string | ViewField)[] = [];
  let plain = "";
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if ((letter === "{" || letter === "}") && text[at + 1] === letter) {
      plain += letter;
      at++;
    } else if (letter === "{") {
      const end = text.indexOf("}", at);
      const inside = text.slice(at + 1, end < 0 ? undefined : end);
      const [match, member = "", sign, width] = FIELD.exec(inside) ?? [];
      if (match === undefined || end < 0)
        return { problem: `cannot read {${inside}}: write {member:<WIDTH}` };
      if (plain !== "") parts.push(plain);
      plain = "";
      parts.push({ member, width: numberOf(width), align: alignOf(sign) ?? "left" });
      at = end;
    } else plain += letter;
  }
  return plain === "" ? parts : [...parts, plain];
}

function alignOf(sign: string | undefined): "left" | "right" | undefined {
  if (sign === ">") return "right";
  return sign === "<" ? "left" : undefined;
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}

/** A bare word, or what JSON text says; null when it is not JSON. */
function unquoted(word: string): string | null {
  if (!word.startsWith('"')) return word;
  try {
    const text: unknown = JSON.parse(word);
    return typeof text === "string" ? text : null;
  } catch {
    return null;
  }
}

/** Parts between separators (and space) that are not in quotes; empty ones are left out. */
function splitOutside(text: string, separator: "," | " "): string[] {
  const parts: string[] = [];
  let part = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (quoted && letter === "\\") part += letter + (text[++at] ?? "");
    else if (!quoted && (letter === separator || (separator === " " && /\s/.test(letter)))) {
      parts.push(part);
      part = "";
    } else {
      if (letter === '"') quoted = !quoted;
      part += letter;
    }
  }
  return [...parts, part].map((found) => found.trim()).filter((found) => found !== "");
}
