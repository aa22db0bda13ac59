import type { Btf } from "../btf/btf.ts";
import { MalformedError } from "../errors.ts";
import { type BpfValue, Emitter, type Integers64 } from "./emit.ts";
import { layoutOf } from "./layout.ts";

export type { BpfValue, Integers64 } from "./emit.ts";
export type { EnumValue } from "./enum-table.ts";

export interface DecodeOptions {
  /** How integers of 5 to 8 bytes (and pointers) are given. `"bigint"` unless told. */
  readonly integers64?: Integers64;
}

/**
 * Decodes one BTF type. Integers up to 4 bytes are numbers, up to 8 as asked, beyond bigints; a bitfield goes by the
 * width of its declared type. Enums are shared frozen {@link EnumValue}s. Arrays of `char` are text up to the first
 * NUL (see `text.ts` for bytes that are not UTF-8). All members of a union are decoded. Members of anonymous structs and
 * unions belong to their parent. A flexible array, in the last place only, takes what remains of the data.
 */
export interface Decoder {
  /** Bytes of the fixed part. */
  readonly size: number;
  /**
   * Decodes one value at `offset` of a buffer; `length` bytes belong to it.
   * @throws {MalformedError} when they are too few, or not within the view
   */
  decode(view: DataView, offset: number, length: number): BpfValue;
}

const known = new WeakMap<Btf, Map<string, Decoder>>();

/** Generates the decoder of a BTF type, once per type and option set. @throws {MalformedError} */
export function decoderOf(btf: Btf, typeId: number, options: DecodeOptions = {}): Decoder {
  const integers64 = options.integers64 ?? "bigint";
  let decoders = known.get(btf);
  if (decoders === undefined) {
    decoders = new Map();
    known.set(btf, decoders);
  }
  const key = `${typeId} ${integers64}`;
  let decoder = decoders.get(key);
  if (decoder === undefined) {
    decoder = generate(btf, typeId, integers64);
    decoders.set(key, decoder);
  }
  return decoder;
}

function generate(btf: Btf, typeId: number, integers64: Integers64): Decoder {
  const layout = layoutOf(btf, typeId);
  const emitter = new Emitter({ littleEndian: btf.littleEndian, integers64 });
  const value = emitter.value(layout, "o", 0, "(o+n)");
  const short = emitter.constant((view: DataView, offset: number, length: number) => {
    const there = Math.min(length, view.byteLength - offset);
    return tooShort(btf.nameOf(typeId), layout.size, there);
  });
  const decode = emitter.instantiate(
    `return (v,o,n)=>{if(n<${layout.size}||n>v.byteLength-o)throw ${short}(v,o,n);return ${value}}`,
  ) as Decoder["decode"];
  return { size: layout.size, decode };
}

/** The data is shorter than its type. */
function tooShort(name: string, size: number, length: number): MalformedError {
  const what = name === "" ? "a value" : `a ${name}`;
  return new MalformedError(
    `${what} takes ${size} bytes, there are ${length}`,
    "check that the program sends the type that it is decoded as",
  );
}
