import { shortNames } from "../shapes/enum-names.ts";
import { enumeratorsOf } from "./enumerators.ts";
import type { MakeFormat } from "./format.ts";
import { integerOf, isWhole, unknown } from "./numbers.ts";

/**
 * `enum NAME`: the enumerator's name. On a member that is an enum the name of the enum may be left out. `enum NAME short`: the
 * name as people say it.
 */
export const enumeration: MakeFormat = (shape, [name, short], context) => {
  if (!isWhole(shape)) return "is for integers";
  const values =
    name === undefined && shape.kind === "enum" ? shape.values : enumeratorsOf(name ?? "", context);
  if (values === undefined) return "names no enum of the object or the kernel";
  const names = new Map<bigint, string>();
  // Of two names for one value the first is the usual one.
  const texts = short === "short" ? shortNames(values) : values.map(({ name }) => name);
  values.forEach(({ value }, index) => {
    if (!names.has(value)) names.set(value, texts[index] ?? "");
  });
  return {
    width: Math.min(Math.max(0, ...texts.map(({ length }) => length)), 24),
    align: "left",
    text(value) {
      const integer = integerOf(value);
      return (integer === undefined ? undefined : names.get(BigInt(integer))) ?? unknown(value);
    },
  };
};
