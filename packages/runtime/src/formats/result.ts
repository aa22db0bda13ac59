import { enumeratorsOf } from "./enumerators.ts";
import { errnoText } from "./errno.ts";
import type { MakeFormat } from "./format.ts";
import { integerOf, isWhole, unknown } from "./numbers.ts";

/** `result`: what a call gave back, errors by name. `result NAME`: what is no error is named by the enum NAME. */
export const result: MakeFormat = (shape, [name], context) => {
  if (!isWhole(shape)) return "is for integers";
  const values = name === undefined ? [] : enumeratorsOf(name, context);
  if (values === undefined) return "names no enum of the object or the kernel";
  const names = new Map(values.map((one) => [Number(one.value), one.name]));
  return {
    width: Math.min(Math.max(8, ...[...names.values()].map(({ length }) => length)), 24),
    align: "left",
    text(value) {
      const integer = integerOf(value);
      if (integer === undefined) return unknown(value);
      return integer < 0 ? errnoText(Number(integer)) : (names.get(Number(integer)) ?? String(integer));
    },
  };
};
