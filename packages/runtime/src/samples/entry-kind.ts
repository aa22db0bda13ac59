import type { BpfValue } from "@skep/bpf";
import { type Column, type ColumnOptions, columnsOf } from "../output/columns.ts";
import type { EventKind } from "../output/view.ts";
import type { Annotations, MemberNotes } from "../shapes/annotations.ts";
import type { MemberShape, Shape, StructShape } from "../shapes/shape.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap } from "./sampled-maps.ts";

const WHOLE_NUMBER: Shape = { kind: "integer", bits: 32, signed: false };

/** The record that an entry is for whoever filters, sorts and prints it: `{"key": …, "value": …}`. */
export function entryRecord({ key, value, cpu }: Entry): Record<string, BpfValue> {
  return cpu === undefined ? { key, value } : { key, cpu, value };
}

/**
 * The entries of a map as a kind of event. Members of a key or value that is a struct are columns of their own names, as long
 * as key and value do not share a name.
 * @param more members that the way of showing adds to the record
 */
export function entryKind(
  sampled: SampledMap,
  shapes: { readonly key: Shape; readonly value: Shape },
  options: ColumnOptions,
  more: readonly MemberShape[] = [],
): EventKind {
  const { map, keyFormat, valueFormat, perCpu } = sampled;
  const shape: StructShape = {
    kind: "struct",
    name: `sample of ${map.name}`,
    members: [
      { name: "key", shape: shapes.key },
      ...(perCpu ? [{ name: "cpu", shape: WHOLE_NUMBER }] : []),
      { name: "value", shape: shapes.value },
      ...more,
    ],
  };
  const formats = new Map([
    ["key", notesOf(keyFormat)],
    ["value", notesOf(valueFormat)],
  ]);
  const annotations: Annotations = new Map([
    ...(options.annotations ?? []),
    [shape.name ?? "", { view: undefined, kind: undefined, members: formats }],
  ]);
  const columns = shortNames(columnsOf(shape, { ...options, annotations }));
  return { source: map.name, name: map.name, shape, columns };
}

function notesOf(format: string | undefined): MemberNotes {
  return { format, hidden: false, ignore: false };
}

/** `pid` for `key.pid`. */
function shortNames(columns: readonly Column[]): Column[] {
  const shorts = columns.map(shortName);
  return columns.map((column, index) => {
    const name = shorts[index] ?? column.name;
    if (name === column.name || shorts.filter((short) => short === name).length > 1) return column;
    const header = column.header.slice(column.name.length - name.length);
    return { ...column, name, header, width: column.width - column.header.length + header.length };
  });
}

function shortName({ name, path }: Column): string {
  return path.length > 1 && (path[0] === "key" || path[0] === "value") ? path.slice(1).join(".") : name;
}
