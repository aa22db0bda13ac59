import type { MakeFormat } from "./format.ts";
import { numberOf } from "./numbers.ts";

/** `percent`: a part of a whole, 0 to 1. */
export const percent: MakeFormat = (shape) =>
  shape.kind === "float" || shape.kind === "integer"
    ? { width: 6, align: "right", text: (value) => `${(numberOf(value) * 100).toFixed(1)}%` }
    : "is for numbers";
