import type { Btf } from "../btf/btf.ts";
import { HOST_IS_LITTLE_ENDIAN } from "../btf/host-order.ts";
import { InvalidArgumentError } from "../errors.ts";
import { type BpfValue, type DecodeOptions, decoderOf } from "./decoder.ts";
import { type BpfInput, encoderOf } from "./encoder.ts";

/** Both directions of one type: how a map's keys and values become JavaScript values, and back. */
export interface Codec<T = BpfValue> {
  /** Bytes. */
  readonly size: number;
  decode(view: DataView, offset: number, length: number): T;
  /** `what`: the value's name in messages. @throws {InvalidArgumentError} */
  encode(value: BpfInput, view: DataView, offset: number, what?: string): void;
}

/** Keys and values of a BTF type. Values may always be given as their bytes. @throws {MalformedError} */
export function codecOf(btf: Btf, typeId: number, options: DecodeOptions = {}): Codec {
  const { size, decode } = decoderOf(btf, typeId, options);
  return { size, decode, encode: encoderOf(btf, typeId).encode };
}

/** For types that are not known: bytes in, a copy of the bytes out. Encoding throws {@link InvalidArgumentError} for anything else. */
export function rawCodec(size: number): Codec<Uint8Array> {
  return {
    size,
    decode: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, size).slice(),
    encode(value, view, offset) {
      if (!(value instanceof Uint8Array) || value.length !== size) {
        const given = value instanceof Uint8Array ? `${value.length} bytes` : typeof value;
        throw new InvalidArgumentError(
          `${size} bytes are wanted, ${given} given`,
          "pass a Uint8Array: the map was made without type information",
        );
      }
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(value, offset);
    },
  };
}

/** A 32-bit index in this machine's byte order: the key of every array map. */
export const indexCodec: Codec<number> = {
  size: 4,
  decode: (view, offset) => view.getUint32(offset, HOST_IS_LITTLE_ENDIAN),
  encode(value, view, offset) {
    if (value instanceof Uint8Array && value.length === 4) {
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(value, offset);
      return;
    }
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffffffff)
      throw new InvalidArgumentError(
        `${String(value)} is no index`,
        "pass an integer from 0 to max_entries - 1",
      );
    view.setUint32(offset, value, HOST_IS_LITTLE_ENDIAN);
  },
};
