import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";

/** `boolean`: an integer that means no (0) or yes. */
export const boolean: MakeFormat = (shape) =>
  isWhole(shape)
    ? { width: 5, align: "left", text: (value) => String(numberOf(value) !== 0) }
    : "is for integers";
