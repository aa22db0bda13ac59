import { readView, type ViewColumn, type ViewText } from "@skep/package";
import type { Shape } from "../shapes/shape.ts";
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
  shape?: Shape,
): Layout {
  const usual = columns.filter(({ hidden, time }) => !hidden && time === undefined);
  if (text === undefined) return { columns: usual };
  const view = readView(text);
  if ("problem" in view) {
    warn(`@view ${view.problem}: shown as usual`);
    return { columns: usual };
  }
  if (view.kind === "rows") return { columns: usual, rows: view };
  // A member that a flag leaves out (`@when`) is no mistake.
  const complain = (member: string) => {
    if (shape === undefined || !hasMember(shape, member)) warn(`@view: there is no member ${member}`);
  };
  return { columns: arrange(view.columns, columns, usual, complain) };
}

function arrange(
  wanted: readonly ViewColumn[],
  all: readonly Column[],
  usual: readonly Column[],
  unknown: (member: string) => void,
): readonly Column[] {
  const named = new Set<Column>();
  for (const { member } of wanted) {
    const found = member === "*" ? [] : columnsNamed(all, member);
    if (member !== "*" && found.length === 0) unknown(member);
    for (const column of found) named.add(column);
  }
  const rest = usual.filter((column) => !named.has(column));
  const shown = wanted.flatMap((one) => {
    if (one.hidden) return [];
    if (one.member === "*") return rest;
    const found = columnsNamed(all, one.member).filter((column) => !column.hidden);
    return found.map((column) => restyle(column, one));
  });
  return wanted.every(({ hidden }) => hidden) ? rest : shown;
}

function restyle(
  column: Column,
  { header = column.header, width, align = column.align }: ViewColumn,
): Column {
  return { ...column, header, align, width: Math.max(header.length, width ?? column.width) };
}

function hasMember(shape: Shape, path: string): boolean {
  const [head, ...rest] = path.split(".");
  const member = shape.kind === "struct" ? shape.members.find(({ name }) => name === head) : undefined;
  return member !== undefined && (rest.length === 0 || hasMember(member.shape, rest.join(".")));
}
