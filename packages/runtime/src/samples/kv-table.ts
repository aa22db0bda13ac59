import type { Column } from "../output/columns.ts";
import { entryRecord } from "./entry-kind.ts";
import type { SampleView } from "./sample-view.ts";

/** A header and a row for each entry, each column as wide as its widest cell. */
export function kvTable(columns: readonly Column[]): SampleView {
  return {
    header: undefined,
    lines(entries) {
      const records = entries.map(entryRecord);
      return table(
        columns,
        records.map((record) => columns.map((column) => column.text(record))),
        records.map((record) => columns.flatMap((column) => column.lines?.(record) ?? [])),
      );
    },
  };
}

function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  below: readonly (readonly string[])[],
): string[] {
  const headers = columns.map(({ header }) => header);
  const widths = headers.map((header, index) =>
    rows.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), header.length),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) =>
        isRight(columns[index]) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join(" ")
      .trimEnd();
  return [line(headers), ...rows.flatMap((row, index) => [line(row), ...(below[index] ?? []).map(indent)])];
}

/** Numbers of a value are compared with one another, those of a key name something. */
function isRight(column: Column | undefined): boolean {
  if (column === undefined || column.align === "right") return column !== undefined;
  return column.path[0] === "value" && column.shape.kind === "integer" && column.width < 20;
}

function indent(line: string): string {
  return `    ${line}`;
}
