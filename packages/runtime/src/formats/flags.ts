import { shortNames } from "../shapes/enum-names.ts";
import { flagsText } from "./bit-names.ts";
import { enumeratorsOf } from "./enumerators.ts";
import type { MakeFormat } from "./format.ts";
import { integerBytes, integerOf, isWhole, unknown } from "./numbers.ts";
import { OPEN_FLAGS, openFlagsText } from "./open-flags.ts";

/** `flags NAME`, `flags NAME short`: a set of bits, named by the enumerators of an enum; `flags open`: those of open(2). */
export const flags: MakeFormat = (shape, [name = "", short], context) => {
  if (!isWhole(shape)) return "is for integers";
  const size = integerBytes(shape) * 8 || 64;
  if (name === "open") {
    const table = OPEN_FLAGS[context.machine.architecture];
    if (table === undefined) return `has no table for machine ${context.machine.architecture}`;
    return { width: 20, align: "left", text: cached(size, (bits) => openFlagsText(bits, table)) };
  }
  const values = enumeratorsOf(name, context);
  if (values === undefined) return "names no enum of the object or the kernel";
  const texts = short === "short" ? shortNames(values) : values.map((value) => value.name);
  const table = values.map(({ value }, index) => ({ name: texts[index] ?? "", value }));
  return { width: 20, align: "left", text: cached(size, (bits) => flagsText(bits, table)) };
};

/** Few sets of flags are in use at a time. */
const CACHED = 256;

function cached(size: number, textOf: (bits: bigint) => string) {
  const texts = new Map<number | bigint, string>();
  return (value: Parameters<typeof integerOf>[0]): string => {
    const integer = integerOf(value);
    if (integer === undefined) return unknown(value);
    let text = texts.get(integer);
    if (text === undefined) {
      text = textOf(BigInt.asUintN(size, BigInt(integer)));
      if (texts.size < CACHED) texts.set(integer, text);
    }
    return text;
  };
}
