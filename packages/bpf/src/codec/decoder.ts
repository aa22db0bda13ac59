import type { Btf } from "../btf/btf.ts";
import { NotImplementedError } from "../errors.ts";

/** How 64-bit integers are given: exact bigint, or number (exact up to 2^53, else the nearest). */
export type Integers64 = "bigint" | "number";

/** What decoding yields. Structs and unions are plain objects, arrays are arrays, char arrays are strings. */
export type BpfValue =
  | number
  | bigint
  | boolean
  | string
  | EnumValue
  | readonly BpfValue[]
  | { readonly [member: string]: BpfValue };

/** An enum value keeps its number; `name` is undefined when no enumerator has it. */
export interface EnumValue {
  readonly name: string | undefined;
  readonly value: number | bigint;
}

export interface Decoder {
  /** Bytes of the fixed part. A flexible array at the end takes what remains. */
  readonly size: number;
  /** Decodes one value at `offset` of a buffer; `length` bytes belong to it. @throws {MalformedError} when too short. */
  decode(view: DataView, offset: number, length: number): BpfValue;
}

/** Generates the decoder of a BTF type, once per type and option set. @throws {MalformedError} */
export function decoderOf(_btf: Btf, _typeId: number, _options: { readonly integers64?: Integers64 } = {}): Decoder {
  throw new NotImplementedError("decoderOf");
}
