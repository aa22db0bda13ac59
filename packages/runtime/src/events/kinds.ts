import type { BpfValue, Btf } from "@skep/bpf";
import { type ColumnOptions, columnsOf } from "../output/columns.ts";
import type { EventKind } from "../output/view.ts";
import { gatherTexts } from "../shapes/gathered-texts.ts";
import { type Shape, shapeOf } from "../shapes/shape.ts";
import type { EventSource } from "./event-types.ts";

/** Lines of bpf_printk. `time` is CLOCK_MONOTONIC, nanoseconds. */
const PRINTK_SHAPE: Shape = {
  kind: "struct",
  members: [
    { name: "pid", shape: { kind: "integer", bits: 32, signed: false } },
    { name: "message", shape: { kind: "string", size: 1024 } },
  ],
};

const PRINTK_TIME: Shape = {
  kind: "struct",
  members: [{ name: "time", shape: { kind: "integer", bits: 64, signed: false } }],
};

/** Records whose type nobody knows. */
const BYTES_SHAPE: Shape = {
  kind: "struct",
  members: [
    { name: "size", shape: { kind: "integer", bits: 32, signed: false } },
    { name: "bytes", shape: { kind: "string", size: 64 } },
  ],
};

/** What a record without type is shown as. */
export function bytesEvent(record: Uint8Array): BpfValue {
  return { size: record.length, bytes: Buffer.from(record).toString("hex") };
}

export function printkKind(options: ColumnOptions): EventKind {
  const columns = columnsOf(PRINTK_SHAPE, options);
  const [column] = columnsOf(PRINTK_TIME, options);
  const own = { clock: "monotonic", nanoseconds: BigInt } as const;
  const time = column && { ...column, time: own };
  return { source: "printk", name: "printk", shape: PRINTK_SHAPE, columns, time };
}

/**
 * The kinds of a source's records, in the order of `typeIds`, and where there are several or none a last one for
 * records that are none of them, which are shown as bytes.
 */
export function kindsOf(btf: Btf | undefined, source: EventSource, options: ColumnOptions): EventKind[] {
  const kinds = btf === undefined ? [] : source.typeIds.map((id) => typedKind(btf, id, source, options));
  if (kinds.length === 1) return kinds;
  const columns = columnsOf(BYTES_SHAPE, options);
  const stray = kinds.length > 0;
  return [...kinds, { source: source.map, name: source.map, shape: BYTES_SHAPE, columns, stray }];
}

function typedKind(btf: Btf, typeId: number, source: EventSource, options: ColumnOptions): EventKind {
  const struct = btf.nameOf(typeId);
  const notes = options.annotations?.get(struct);
  const stored = shapeOf(btf, typeId);
  const texts = gatherTexts(stored, notes, options.warn ?? (() => {}));
  const shape = texts?.shape ?? stored;
  // The only struct of a buffer is known by the buffer.
  const usual = source.typeIds.length > 1 ? struct : source.map;
  const columns = columnsOf(shape, options);
  return {
    source: source.map,
    name: notes?.kind ?? usual,
    shape,
    columns,
    time: columns.find(({ time }) => time !== undefined),
    layout: notes?.view,
    ...(texts === undefined ? {} : { gather: texts.gather }),
  };
}
