import type { BpfValue } from "@skep/bpf";
import { clockOf } from "./clock-text.ts";
import type { Column } from "./columns.ts";
import { rowsView } from "./rows.ts";
import type { Stamp } from "./timeline.ts";
import type { Loss, Selection, View, Views } from "./view.ts";

/** Rows under a header: the time, what kind of event where there are several, then the columns; or lines of text. */
export function tables(selections: readonly Selection[]): Views {
  const labels = selections.flatMap(({ label }) => label ?? []);
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

  constructor({ kind, columns, stamp, label }: Selection, labelWidth: number) {
    this.#columns = columns;
    this.#deep = columns.filter(({ lines }) => lines !== undefined);
    this.#stamp = stamp;
    this.#label = label?.padEnd(labelWidth);
    const head = [
      ...(stamp === undefined ? [] : [stamp.header.padEnd(stamp.width)]),
      ...(label === undefined ? [] : ["EVENT".padEnd(labelWidth)]),
    ];
    this.header = kind.stray === true ? undefined : this.#line(head.join(" "), (column) => column.header);
  }

  row(event: BpfValue): string {
    const stamp = this.#stamp;
    let head = stamp === undefined ? "" : stamp.text(event);
    if (this.#label !== undefined) head += head === "" ? this.#label : ` ${this.#label}`;
    const row = this.#line(head, (column) => column.text(event));
    if (this.#deep.length === 0) return row;
    const below = this.#deep.flatMap((column) => column.lines?.(event) ?? []);
    return [row, ...below.map((line) => `    ${line}`)].join("\n");
  }

  /**
   * Every cell begins below its header. A cell that is too long pushes the next ones to the right, one space
   * apart, until a shorter one makes up for it: nothing is cut and nothing runs together.
   */
  #line(head: string, cell: (column: Column) => string): string {
    let text = head;
    let end = head.length;
    for (const column of this.#columns) {
      if (end > 0) {
        if (text.length < end) text = text.padEnd(end);
        text += " ";
        end++;
      }
      end += column.width;
      const value = cell(column);
      // Numbers end below the end of their header, also after a cell that was too long.
      text += column.align === "right" ? value.padStart(end - text.length) : value;
    }
    return text;
  }
}
