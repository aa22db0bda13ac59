import { type BpfValue, writeInteger } from "@skep/bpf";
import type { Shape } from "../shapes/shape.ts";
import type { Struct } from "./format.ts";
import { integerOf } from "./numbers.ts";

type Bytes = (value: BpfValue) => readonly number[];

/** How to get at the 4 and 16 bytes of a value that may hold addresses of both lengths. */
export interface AddressBytes {
  readonly four?: Bytes;
  readonly sixteen?: Bytes;
}

/**
 * The bytes of an address as they lie in memory, which is network order: of integers, arrays, and the first member of
 * either length of structs and unions (`struct in6_addr` is a union of three arrays).
 */
export function addressBytes(shape: Shape, littleEndian: boolean): AddressBytes {
  switch (shape.kind) {
    case "integer":
      return sized(shape.bits / 8, (value) => integerBytes(value, shape.bits / 8, littleEndian));
    case "array": {
      const { element, length } = shape;
      if (element.kind !== "integer" || element.bits % 8 !== 0) return {};
      const size = element.bits / 8;
      return sized(size * length, (value) =>
        Array.isArray(value) ? value.flatMap((item) => integerBytes(item, size, littleEndian)) : [],
      );
    }
    case "struct": {
      const members = shape.members.map(({ name, shape: inner }) => {
        const { four, sixteen } = addressBytes(inner, littleEndian);
        return { four: inside(name, four), sixteen: inside(name, sixteen) };
      });
      const four = members.find((member) => member.four)?.four;
      const sixteen = members.find((member) => member.sixteen)?.sixteen;
      return { ...(four && { four }), ...(sixteen && { sixteen }) };
    }
    default:
      return {};
  }
}

function sized(size: number, bytes: Bytes): AddressBytes {
  if (size === 4) return { four: bytes };
  return size === 16 ? { sixteen: bytes } : {};
}

function inside(name: string, bytes: Bytes | undefined): Bytes | undefined {
  return bytes && ((value) => bytes((value as Struct)[name] ?? 0));
}

function integerBytes(value: BpfValue, size: number, littleEndian: boolean): number[] {
  const integer = integerOf(value);
  if (integer === undefined) return [];
  const bytes = new Uint8Array(size);
  writeInteger(new DataView(bytes.buffer), 0, size, BigInt(integer), littleEndian);
  return [...bytes];
}
