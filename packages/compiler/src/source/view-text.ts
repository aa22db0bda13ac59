/**
 * The text of `@view`, as docs/packages.md gives its grammar. Only read here to find mistakes and the members it names; the
 * runner shows by it.
 */
export interface ViewText {
  readonly kind: "table" | "rows";
  /** Members that it names, each once. */
  readonly members: readonly string[];
}

const MEMBER = "[A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)*";
const STRING = '"(?:[^"\\\\]|\\\\.)*"';
const COLUMN = new RegExp(`^(?:\\*|(-?)(${MEMBER})(?:=(?:${STRING}|[^\\s,:"]+))?(?::[<>]?\\d{1,4})?)$`);
const CONDITION = new RegExp(`^(${MEMBER})!?=[^\\s"]+$`);
const FIELD = new RegExp(`^(${MEMBER})(?::[<>]?\\d{1,4})?$`);

/** Reads a view's text, or says what is wrong with it. */
export function readView(text: string): ViewText | { readonly problem: string } {
  const [, kind = "", rest = ""] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  if (kind === "table") return readTable(rest);
  if (kind === "rows") return readRows(rest);
  return { problem: `wants table or rows first, not ${JSON.stringify(kind)}` };
}

/** What is wrong with a view's text; undefined when nothing is. */
export function checkView(text: string): string | undefined {
  const view = readView(text);
  return "problem" in view ? view.problem : undefined;
}

function readTable(text: string): ViewText | { readonly problem: string } {
  const members = new Set<string>();
  for (const column of splitOutside(text, ",")) {
    const match = COLUMN.exec(column);
    if (match === null)
      return { problem: `cannot read column ${JSON.stringify(column)}: write member="HEADER":>WIDTH` };
    if (match[2] !== undefined) members.add(match[2]);
  }
  return { kind: "table", members: [...members] };
}

function readRows(text: string): ViewText | { readonly problem: string } {
  const members = new Set<string>();
  let rows = 0;
  for (const word of splitOutside(text, " ")) {
    if (word === "header") continue;
    if (word.startsWith('"')) {
      rows++;
      for (const field of fieldsIn(word)) {
        const member = FIELD.exec(field)?.[1];
        if (member === undefined) return { problem: `cannot read {${field}}: write {member:<WIDTH}` };
        if (member !== "time") members.add(member);
      }
      continue;
    }
    const condition = CONDITION.exec(word)?.[1];
    if (condition === undefined)
      return { problem: `cannot read ${JSON.stringify(word)}: write member=value "text {member}"` };
    members.add(condition);
  }
  return rows === 0 ? { problem: "has no row of text in quotes" } : { kind: "rows", members: [...members] };
}

/** What stands between single braces. */
function fieldsIn(text: string): string[] {
  return [
    ...text
      .replaceAll("{{", "")
      .replaceAll("}}", "")
      .matchAll(/\{([^{}]*)\}/g),
  ].map((match) => match[1] ?? "");
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
