import { readView, type ViewColumn, type ViewText } from "@skep/package";
import type { Column } from "./columns.ts";
import { columnsNamed } from "./fields.ts";

/** What a kind of event looks like when nobody says otherwise. */
export interface Layout {
  readonly columns: readonly Column[];
  /** Set when events are lines of text. */
  readonly rows?: Extract<ViewText, { kind: "rows" }>;
}

/** The layout that a struct's `@view` asks for; what is wrong with it is told to `warn`, and the rest of it counts. */
export function layoutOf(
  text: string | undefined,
  columns: readonly Column[],
  warn: (line: string) => void,
): Layout {
  const usual = columns.filter(({ hidden, time }) => !hidden && time === undefined);
  if (text === undefined) return { columns: usual };
  const view = readView(text);
  if ("problem" in view) {
    warn(`@view ${view.problem}: shown as usual`);
    return { columns: usual };
  }
  if (view.kind === "rows") return { columns: usual, rows: view };
  return { columns: arrange(view.columns, columns, usual, warn) };
}

function arrange(
  wanted: readonly ViewColumn[],
  all: readonly Column[],
  usual: readonly Column[],
  warn: (line: string) => void,
): readonly Column[] {
  const named = new Set<Column>();
  for (const { member } of wanted) {
    const found = member === "*" ? [] : columnsNamed(all, member);
    if (member !== "*" && found.length === 0) warn(`@view: there is no member ${member}`);
    for (const column of found) named.add(column);
  }
  const rest = usual.filter((column) => !named.has(column));
  const shown = wanted.flatMap((one) => {
    if (one.hidden) return [];
    return one.member === "*" ? rest : columnsNamed(all, one.member).map((column) => restyle(column, one));
  });
  return wanted.every(({ hidden }) => hidden) ? rest : shown;
}

function restyle(
  column: Column,
  { header = column.header, width, align = column.align }: ViewColumn,
): Column {
  return { ...column, header, align, width: Math.max(header.length, width ?? column.width) };
}
