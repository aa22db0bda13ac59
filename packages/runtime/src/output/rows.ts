import type { BpfValue } from "@skep/bpf";
import { VIEW_TIME, type ViewCondition, type ViewField, type ViewRow } from "@skep/package";
import type { Column } from "./columns.ts";
import { escapeLines } from "./escape.ts";
import { rawText } from "./raw-text.ts";
import type { Selection, View } from "./view.ts";

type TextOf = (event: BpfValue) => string;

/** Events as lines of text, after the templates of their struct's `@view rows`. */
export function rowsView({ kind, rows, stamp }: Selection): View {
  const columns = new Map(kind.columns.map((column) => [column.name, column]));
  const time: TextOf = stamp === undefined ? () => "" : (event) => stamp.text(event);
  const templates = stamp === undefined ? (rows?.rows ?? []).map(withoutTime) : (rows?.rows ?? []);
  const lines = templates.map((row) => lineOf(row, columns, time));
  return {
    header: rows?.header === undefined ? undefined : escapeLines(rows.header),
    row(event) {
      for (const { meets, text } of lines) if (meets(event)) return text(event);
      // No row is meant for it: nothing is hidden for that reason.
      return `${time(event)} ${kind.columns.map((column) => `${column.name}=${column.text(event)}`).join(" ")}`;
    },
  };
}

/** Without the time, and the space behind it. */
function withoutTime({ conditions, parts }: ViewRow): ViewRow {
  const isTime = (part: string | ViewField | undefined) =>
    typeof part === "object" && part.member === VIEW_TIME;
  const kept = parts.flatMap((part, index) => {
    if (isTime(part)) return [];
    return typeof part === "string" && isTime(parts[index - 1]) ? [part.replace(/^ /, "")] : [part];
  });
  return { conditions, parts: kept };
}

function lineOf(row: ViewRow, columns: ReadonlyMap<string, Column>, time: TextOf) {
  const conditions = row.conditions.map((condition) => meets(condition, columns));
  const parts = row.parts.map((part) =>
    typeof part === "string" ? always(escapeLines(part)) : field(part, columns, time),
  );
  return {
    meets: (event: BpfValue) => conditions.every((condition) => condition(event)),
    text: (event: BpfValue) => {
      let text = "";
      for (const part of parts) text += part(event);
      return text;
    },
  };
}

function always(text: string): TextOf {
  return () => text;
}

function field(
  { member, width = 0, align }: ViewField,
  columns: ReadonlyMap<string, Column>,
  time: TextOf,
): TextOf {
  const column = columns.get(member);
  const text = member === VIEW_TIME ? time : (event: BpfValue) => column?.text(event) ?? `{${member}}`;
  if (width === 0) return text;
  return align === "right" ? (event) => text(event).padStart(width) : (event) => text(event).padEnd(width);
}

/** Compares with the raw value, and with the name that the member's format gives it. */
function meets(condition: ViewCondition, columns: ReadonlyMap<string, Column>): (event: BpfValue) => boolean {
  const column = columns.get(condition.member);
  if (column === undefined) return () => false;
  const { equal, value } = condition;
  return (event) => {
    const raw = column.value(event);
    const same =
      column.text(event) === value || (raw !== null && (rawText(raw) === value || flagText(raw) === value));
    return same === equal;
  };
}

/** `exit_event=true` of a member that is an integer. */
function flagText(value: BpfValue): string | undefined {
  return value === 0 || value === 1 ? String(value === 1) : undefined;
}
