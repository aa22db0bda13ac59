import type { MakeFormat } from "./format.ts";
import { integerOf, isWhole, unknown } from "./numbers.ts";

/** `octal`: `0644`. */
export const octal: MakeFormat = (shape) => {
  if (!isWhole(shape)) return "is for integers";
  const bits = shape.kind === "integer" ? shape.bits : 64;
  return {
    width: 7,
    align: "right",
    text(value) {
      const integer = integerOf(value);
      if (integer === undefined) return unknown(value);
      return integer === 0 ? "0" : `0${BigInt.asUintN(bits, BigInt(integer)).toString(8)}`;
    },
  };
};
