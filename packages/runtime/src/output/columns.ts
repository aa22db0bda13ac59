import type { BpfValue, Btf } from "@skep/bpf";
import type { OwnTime, Struct, Written } from "../formats/format.ts";
import { formatOf } from "../formats/index.ts";
import type { Machine } from "../formats/machine.ts";
import { withNone } from "../formats/none.ts";
import { type Annotations, type MemberNotes, NO_ANNOTATIONS } from "../shapes/annotations.ts";
import type { MemberShape, Shape, StructShape } from "../shapes/shape.ts";
import { escapeText } from "./escape.ts";

/** One member of an event, or of a struct inside it. */
export interface Column {
  /** `pid`; `key.pid` inside a struct. */
  readonly name: string;
  /** The members that lead to the value. */
  readonly path: readonly string[];
  readonly header: string;
  /** Characters. */
  readonly width: number;
  readonly align: "left" | "right";
  /** Shown only when asked for. */
  readonly hidden: boolean;
  readonly shape: Shape;
  /** The value for machines: raw, or `written` where raw bytes would say nothing; null where there is none (`@none`). */
  value(event: BpfValue): BpfValue | null;
  /** Set when the value is not that of the event. */
  readonly written?: Written;
  /** The value as people read it, on one line and harmless to a terminal. */
  text(event: BpfValue): string;
  /** What takes lines of its own below the row. */
  lines?(event: BpfValue): readonly string[];
  /** Set when the value is the time of the event. */
  readonly time?: OwnTime;
}

export interface ColumnOptions {
  readonly machine: Machine;
  /** Types of the object. */
  readonly btf?: Btf | undefined;
  readonly annotations?: Annotations;
  /** Takes complaints about annotations, one line each. */
  readonly warn?: (line: string) => void;
}

/** What the column of a value that is no struct is called. */
const ONLY = "value";

/**
 * The columns of a type in the order of its members. Structs and unions become their members, unless they have a format of
 * their own; arrays stay whole.
 */
export function columnsOf(shape: Shape, options: ColumnOptions): Column[] {
  if (shape.kind === "struct") return structColumns(shape, [], options);
  const member = { name: ONLY, shape };
  const column = columnOf({ kind: "struct", members: [member] }, member, [], options);
  const wrap = (event: BpfValue) => ({ [ONLY]: event });
  return [
    {
      ...column,
      path: [],
      value: (event) => column.value(wrap(event)),
      text: (event) => column.text(wrap(event)),
    },
  ];
}

function structColumns(struct: StructShape, path: readonly string[], options: ColumnOptions): Column[] {
  return struct.members.flatMap((member) => {
    const notes = notesOf(struct, member, options);
    if (notes?.ignore === true) return [];
    const inner = member.shape;
    return inner.kind === "struct" && inner.members.length > 0 && notes?.format === undefined
      ? structColumns(inner, [...path, member.name], options)
      : [columnOf(struct, member, path, options)];
  });
}

function columnOf(
  struct: StructShape,
  member: MemberShape,
  path: readonly string[],
  options: ColumnOptions,
): Column {
  const { machine, btf, warn = () => {} } = options;
  const { name, shape } = member;
  const full = [...path, name].join(".");
  const notes = notesOf(struct, member, options);
  const plain = formatOf(full, shape, notes?.format, { machine, btf, siblings: struct.members }, warn);
  const format = notes?.none === undefined ? plain : withNone(plain, shape, notes.none);
  const recordOf = follow(path);
  const memberOf = (record: Struct) => record[name] ?? 0;
  const header = headerOf(full, notes?.format);
  return {
    name: full,
    path: [...path, name],
    header,
    width: Math.max(header.length, format.width),
    align: format.align,
    hidden: notes?.hidden ?? false,
    shape: format.written?.shape ?? shape,
    value: format.written === undefined ? (event) => memberOf(recordOf(event)) : writtenValue(format.written),
    text(event) {
      const record = recordOf(event);
      return escapeText(format.text(memberOf(record), record));
    },
    ...(format.lines === undefined ? {} : { lines: linesOf }),
    ...(format.time === undefined ? {} : { time: format.time }),
    ...(format.written === undefined ? {} : { written: format.written }),
  };

  function writtenValue(written: Written): Column["value"] {
    return (event) => {
      const record = recordOf(event);
      return written.value(memberOf(record), record);
    };
  }

  function linesOf(event: BpfValue): readonly string[] {
    const record = recordOf(event);
    return format.lines?.(memberOf(record), record).map(escapeText) ?? [];
  }
}

/** Durations are shown with their unit, which the name then need not say. */
function headerOf(name: string, format: string | undefined): string {
  const shown = format?.startsWith("duration") ? name.replace(/_(?:ns|us|ms|s)$/, "") : name;
  return escapeText(shown.toUpperCase());
}

function notesOf(
  struct: StructShape,
  member: MemberShape,
  { annotations = NO_ANNOTATIONS }: ColumnOptions,
): MemberNotes | undefined {
  return struct.name === undefined ? undefined : annotations.get(struct.name)?.members.get(member.name);
}

/** Leads to the struct at the end of a path. */
function follow(path: readonly string[]): (event: BpfValue) => Struct {
  const [first, second] = path;
  if (first === undefined) return (event) => event as Struct;
  if (second === undefined) return (event) => (event as Struct)[first] as Struct;
  return (event) => path.reduce((record, name) => record[name] as Struct, event as Struct);
}
