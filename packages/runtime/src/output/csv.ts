import type { BpfValue } from "@skep/bpf";
import type { Shape } from "../shapes/shape.ts";
import type { Column } from "./columns.ts";
import { escapeText } from "./escape.ts";
import { textFormatOf, type ValueText } from "./format-value.ts";
import { timeName } from "./json-lines.ts";
import { rawText } from "./raw-text.ts";
import type { Loss, Selection, View, Views } from "./view.ts";

/** The last column: in a row of its own, how many events were lost. */
const LOST = "lost";

/**
 * Comma-separated values (RFC 4180, lines ending in LF) under one header: raw values, a column for every member, arrays as
 * JSON. All kinds of events share the header; what a kind does not have is empty.
 */
export function csv(selections: readonly Selection[]): Views {
  const members = [...new Set(selections.flatMap(({ columns }) => columns.map(({ name }) => name)))];
  const stamp = selections.find((selection) => selection.stamp !== undefined)?.stamp;
  const labelled = selections.some(({ label }) => label !== undefined);
  const time = timeName(members);
  const header = [...(stamp === undefined ? [] : [time]), ...(labelled ? ["event"] : []), ...members, LOST]
    .map(quoted)
    .join(",");
  const skipped = ",".repeat(members.length + (labelled ? 1 : 0));
  return {
    views: selections.map((selection) => rowOf(selection, header, members)),
    lost: ({ count, until }: Loss) =>
      `${stamp === undefined ? "" : `${cellOfJson(stamp.mark(until))},`}${labelled ? LOST : ""}${skipped}${count}`,
  };
}

function rowOf({ columns, stamp, label }: Selection, header: string, members: readonly string[]): View {
  const cells = members.map((name) => {
    const column = columns.find((candidate) => candidate.name === name);
    return column === undefined ? () => "" : cellOf(column);
  });
  const named = label === undefined ? "" : `${quoted(label)},`;
  return {
    header,
    row(event) {
      let text = stamp === undefined ? named : `${cellOfJson(stamp.json(event))},${named}`;
      for (const cell of cells) text += `${cell(event)},`;
      return text;
    },
  };
}

function cellOf(column: Column): (event: BpfValue) => string {
  const text = cellTextOf(column.shape);
  return (event) => {
    const value = column.value(event);
    return value === null ? "" : text(value);
  };
}

function cellTextOf(shape: Shape): ValueText {
  switch (shape.kind) {
    case "integer":
    case "bool":
    case "float":
      return String;
    case "enum":
      return (value) => quoted(rawText(value));
    default: {
      const text = textFormatOf(shape);
      return (value) => quoted(text(value));
    }
  }
}

/** A number, or text of letters, digits and colons; nothing for null. */
function cellOfJson(json: string): string {
  return json === "null" ? "" : json.replaceAll('"', "");
}

/** On one line and harmless to a terminal; in quotes where something in it would be mistaken for the end of a cell. */
function quoted(text: string): string {
  const safe = escapeText(text);
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
