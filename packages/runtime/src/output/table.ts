import type { BpfValue } from "@skep/bpf";
import { clockOf } from "./clock-text.ts";
import type { Column } from "./columns.ts";
import { escapeText } from "./escape.ts";
import { rowsView } from "./rows.ts";
import type { Stamp } from "./timeline.ts";
import type { Loss, Selection, View, Views } from "./view.ts";

/** Rows under a header: the time, what kind of event where there are several, then the columns; or lines of text. */
export function tables(selections: readonly Selection[]): Views {
  const labels = selections.flatMap(({ label }) => (label === undefined ? [] : escapeText(label)));
  const width = Math.max("EVENT".length, ...labels.map(({ length }) => length));
  const views = selections.map((selection) =>
    selection.rows === undefined ? new Table(selection, width) : rowsView(selection),
  );
  return { views, lost: lossLine };
}

/** `12:00:01 lost 34 events since 12:00:00: …`. */
export function lossLine({ count, since, until, cause }: Loss): string {
  const events = count === 1n ? "event" : "events";
  return `${clockOf(until)} lost ${count} ${events} since ${clockOf(since)}: ${cause}`;
}

class Table implements View {
  readonly header: string | undefined;
  readonly #columns: readonly Column[];
  /** Those with lines below the row. */
  readonly #deep: readonly Column[];
  readonly #stamp: Stamp | undefined;
  readonly #label: string | undefined;
  readonly #starts: readonly number[];

  constructor({ kind, columns, stamp, label }: Selection, labelWidth: number) {
    this.#columns = columns;
    this.#deep = columns.filter(({ lines }) => lines !== undefined);
    this.#stamp = stamp;
    this.#label = label === undefined ? undefined : escapeText(label).padEnd(labelWidth);
    const head = [
      ...(stamp === undefined ? [] : [stamp.header.padEnd(stamp.width)]),
      ...(label === undefined ? [] : ["EVENT".padEnd(labelWidth)]),
    ];
    this.#starts = startsOf(columns, head.join(" ").length);
    this.header = kind.stray === true ? undefined : this.#line(head.join(" "), (column) => column.header);
  }

  row(event: BpfValue): string {
    const stamp = this.#stamp;
    let head = stamp === undefined ? "" : stamp.text(event);
    if (this.#label !== undefined) head += head === "" ? this.#label : ` ${this.#label}`;
    const text = this.#line(head, (column) => column.text(event));
    if (this.#deep.length === 0) return text;
    const below = this.#deep.flatMap((column) => column.lines?.(event) ?? []);
    return [text, ...below.map((line) => `    ${line}`)].join("\n");
  }

  #line(head: string, cell: (column: Column) => string): string {
    let text = head;
    for (let index = 0; index < this.#columns.length; index++) {
      const column = this.#columns[index]!;
      text = place(text, this.#starts[index]!, column, cell(column));
    }
    return text;
  }
}

/** Where cells begin, one space after the end of what is before. */
function startsOf(columns: readonly Column[], head: number): number[] {
  let start = head === 0 ? 0 : head + 1;
  return columns.map(({ width }) => {
    const here = start;
    start += width + 1;
    return here;
  });
}

/**
 * Puts a cell below its header. A cell that is too long pushes the next ones to the right, one space apart, until a shorter
 * one makes up for it: nothing is cut and nothing runs together.
 */
function place(row: string, start: number, { align, width }: Column, cell: string): string {
  const before = row.length < start ? row.padEnd(start) : row === "" ? row : `${row} `;
  // Numbers end below the end of their header, also after a cell that was too long.
  return align === "right" ? before + cell.padStart(start + width - before.length) : before + cell;
}
