import type { Btf } from "../btf/btf.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { DecodeOptions } from "./decoder.ts";
import { type BpfValue, Emitter } from "./emit.ts";
import { layoutOf, type RecordLayout } from "./layout.ts";

/** Reads members from the bytes at the moment they are asked for. */
export type LazyRecord = { readonly [member: string]: BpfValue };

/** One object that is moved over many records: nothing is allocated for a record, only members read cost anything. */
export interface RecordView {
  /** Bytes of the fixed part. */
  readonly size: number;
  /** Always the same object. Reading a member while it is not bound throws a RangeError. */
  readonly record: LazyRecord;
  /** Moves `record` to `offset` of `view`, where `length` (at least `size`) bytes belong to it. */
  bind(view: DataView, offset: number, length: number): void;
  /** Takes `record` off its bytes, so that a reader who kept it cannot touch them any more. */
  release(): void;
}

/**
 * A lazy view of a struct or union; each call gives an independent one.
 * @throws {MalformedError} {InvalidArgumentError} when the type is no struct or union
 */
export function viewOf(btf: Btf, typeId: number, options: DecodeOptions = {}): RecordView {
  const layout = recordLayoutOf(btf, typeId);
  const emitter = new Emitter({ littleEndian: btf.littleEndian, integers64: options.integers64 ?? "bigint" });
  return emitter.instantiate(
    `const nothing=new DataView(new ArrayBuffer(0));
    var v=nothing;
    ${viewSource(layout, emitter)}
    return {
      size:${layout.size},
      record,
      bind(view,offset,length){v=view;o=offset;dataEnd=offset+length},
      release(){v=nothing;o=dataEnd=0},
    }`,
  ) as RecordView;
}

/** @throws {InvalidArgumentError} when the type is no struct or union */
export function recordLayoutOf(btf: Btf, typeId: number): RecordLayout {
  const layout = layoutOf(btf, typeId);
  if (layout.kind === "record") return layout;
  throw new InvalidArgumentError(
    `a lazy view needs a struct or union, type ${typeId} (${btf.nameOf(typeId)}) is a ${layout.kind}`,
    'ask for objects instead: as: "object"',
  );
}

/**
 * Declares, for generated code that has a DataView `v`: `record`, which reads at `o`, where its bytes end at `dataEnd`. A
 * `let` in their place would be checked for being initialised whenever a member is read.
 */
export function viewSource(layout: RecordLayout, emitter: Emitter): string {
  const getters = layout.fields.map((field) => {
    // A class may not have a getter literally called "constructor"; a computed key may be anything.
    return `get [${JSON.stringify(field.name)}](){return ${emitter.field(field, "o", 0, "dataEnd")}}`;
  });
  return `var o=0,dataEnd=0;
    const record=new (class{${getters.join("\n")}})();`;
}
