import { type BpfValue, type Btf, codecOf, HOST_IS_LITTLE_ENDIAN, type MapSpec } from "@skep/bpf";
import { type Shape, shapeOf } from "../shapes/shape.ts";

/** How the bytes of a key or of a value become a value to show. */
export interface EntryType {
  readonly shape: Shape;
  /** Bytes. */
  readonly size: number;
  decode(view: DataView, offset: number): BpfValue;
}

/** @throws {MalformedError} */
export function keyType(map: MapSpec, btf: Btf | undefined): EntryType {
  return entryType(btf, map.keyTypeId, map.keySize);
}

/** Of a per-CPU map the type of one CPU's share. @throws {MalformedError} */
export function valueType(map: MapSpec, btf: Btf | undefined): EntryType {
  return entryType(btf, map.valueTypeId, map.valueSize);
}

function entryType(btf: Btf | undefined, typeId: number, size: number): EntryType {
  if (btf !== undefined && typeId !== 0) {
    const codec = codecOf(btf, typeId);
    if (codec.size === size) {
      const decode = (view: DataView, offset: number) => codec.decode(view, offset, size);
      return { shape: shapeOf(btf, typeId), size, decode };
    }
  }
  return untyped(size);
}

/** Maps without types are of old, where an integer was as good as anything; what is of no integer's size are bytes. */
function untyped(size: number): EntryType {
  if (size === 1 || size === 2 || size === 4 || size === 8)
    return {
      shape: { kind: "integer", bits: size * 8, signed: false },
      size,
      decode: (view, offset) => integerAt(view, offset, size),
    };
  const byte: Shape = { kind: "integer", bits: 8, signed: false };
  return {
    shape: { kind: "array", element: byte, length: size },
    size,
    decode: (view, offset) => [...new Uint8Array(view.buffer, view.byteOffset + offset, size)],
  };
}

function integerAt(view: DataView, offset: number, size: 1 | 2 | 4 | 8): number | bigint {
  if (size === 8) return view.getBigUint64(offset, HOST_IS_LITTLE_ENDIAN);
  if (size === 4) return view.getUint32(offset, HOST_IS_LITTLE_ENDIAN);
  return size === 2 ? view.getUint16(offset, HOST_IS_LITTLE_ENDIAN) : view.getUint8(offset);
}
