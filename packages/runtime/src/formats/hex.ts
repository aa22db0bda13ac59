import type { Format, MakeFormat } from "./format.ts";
import { byteArrayLength, integerBytes, integerOf, isWhole, unknown } from "./numbers.ts";

/** `hex`: 0x1f; the bytes of an array one after the other. Negative numbers show their bits. */
export const hex: MakeFormat = (shape): Format | string => {
  const length = byteArrayLength(shape);
  if (length !== undefined)
    return {
      width: length * 2,
      align: "left",
      text: (value) => (Array.isArray(value) ? Buffer.from(value as number[]).toString("hex") : ""),
    };
  const bytes = shape.kind === "enum" ? shape.size : shape.kind === "integer" ? integerBytes(shape) : 0;
  if (bytes === 0 && !isWhole(shape)) return "is for integers and arrays of bytes";
  return {
    width: 2 + Math.max(bytes, 1) * 2,
    align: "right",
    text(value) {
      const integer = integerOf(value);
      if (integer === undefined) return unknown(value);
      const bits = integer < 0 ? BigInt.asUintN(bytes * 8, BigInt(integer)) : integer;
      return `0x${bits.toString(16)}`;
    },
  };
};
