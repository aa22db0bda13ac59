import type { BpfValue } from "@skep/bpf";
import { type Format, textFormatOf } from "./format-value.ts";
import type { MemberShape, Shape } from "./shape.ts";

interface Column {
  readonly name: string;
  readonly header: string;
  /** Characters. The last column ends where its text ends. */
  readonly width: number;
  readonly format: Format;
}

/** Rows under a header: the time, then the members of a struct in their order. */
export class Table {
  /** One line, without line feed. */
  readonly header: string;
  readonly #columns: readonly Column[];
  readonly #label: string | undefined;

  /** `label` names the source in a second column, where several tables share the screen. */
  constructor(shape: Shape, label?: { readonly text: string; readonly width: number }) {
    this.#columns = (shape.kind === "struct" ? shape.members : [{ name: "value", shape }]).map(columnOf);
    this.#label = label?.text.padEnd(label.width);
    const head = label === undefined ? "TIME    " : `TIME     ${"EVENT".padEnd(label.width)}`;
    this.header = this.#line(head, (column) => column.header);
  }

  /** One line, without line feed. `time` is the text of `clockText`. */
  row(time: string, event: BpfValue): string {
    const members = isStruct(event) ? event : { value: event };
    const head = this.#label === undefined ? time : `${time} ${this.#label}`;
    return this.#line(head, (column) => column.format(members[column.name] ?? 0));
  }

  /**
   * Every cell begins below its header. A cell that is too long pushes the next ones to the right, one space
   * apart, until a shorter one makes up for it: nothing is cut and nothing runs together.
   */
  #line(head: string, cell: (column: Column) => string): string {
    let text = head;
    let column = head.length;
    for (const next of this.#columns) {
      text = text.padEnd(column);
      text += ` ${cell(next)}`;
      column += next.width + 1;
    }
    return text;
  }
}

/** Local time of day, `HH:MM:SS`. */
export function clockText(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function columnOf({ name, shape }: MemberShape): Column {
  const header = name.toUpperCase();
  return { name, header, width: Math.max(header.length, usualWidth(shape)), format: textFormatOf(shape) };
}

/** Characters that the values of a type usually take: the common case lines up, the extreme one still fits in. */
function usualWidth(shape: Shape): number {
  switch (shape.kind) {
    case "integer":
      // Process IDs end at 4194304 (PID_MAX_LIMIT, include/linux/threads.h); nanoseconds of a day take 14 digits.
      return shape.bits <= 8 ? 4 : shape.bits <= 16 ? 6 : shape.bits <= 32 ? 7 : 14;
    case "bool":
      return 5;
    case "float":
      return 10;
    case "string":
      return Math.min(Math.max(shape.size - 1, 6), 32);
    case "enum":
      return Math.min(Math.max(0, ...shape.values.map(({ name, value }) => `${name}(${value})`.length)), 24);
    default:
      return 16;
  }
}

function isStruct(value: BpfValue): value is { readonly [member: string]: BpfValue } {
  return typeof value === "object" && !Array.isArray(value);
}
