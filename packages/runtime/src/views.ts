import type { BpfValue, Btf } from "@skep/bpf";
import type { EventSource } from "./event-types.ts";
import { JsonLines } from "./json-lines.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { Table } from "./table.ts";

/** How one kind of event is shown. */
export interface View {
  /** Printed once, before the first row; undefined where rows explain themselves. */
  readonly header: string | undefined;
  row(time: string, event: BpfValue): string;
}

export interface ViewOptions {
  readonly json: boolean;
  /** Names of all sources: with more than one, rows say where they come from. */
  readonly sources: readonly string[];
}

/** Lines of bpf_printk. */
export const PRINTK_SHAPE: Shape = {
  kind: "struct",
  members: [
    { name: "pid", shape: { kind: "integer", bits: 32, signed: false } },
    { name: "message", shape: { kind: "string", size: 1024 } },
  ],
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

export function viewOf(name: string, shape: Shape, { json, sources }: ViewOptions): View {
  const several = sources.length > 1;
  if (json) {
    const lines = new JsonLines(shape, several ? name : undefined);
    return { header: undefined, row: (_time, event) => lines.row(event) };
  }
  const width = Math.max(...sources.map((source) => source.length), "EVENT".length);
  const table = new Table(shape, several ? { text: name, width } : undefined);
  return { header: table.header, row: (time, event) => table.row(time, event) };
}

/** The shapes of a source's records, in the order of `typeIds`; bytes when there is none. */
export function shapesOf(btf: Btf | undefined, source: EventSource): Shape[] {
  if (btf === undefined || source.typeIds.length === 0) return [BYTES_SHAPE];
  return source.typeIds.map((id) => shapeOf(btf, id));
}
