import { textFormatOf } from "../output/format-value.ts";
import type { Shape } from "../shapes/shape.ts";
import type { Format } from "./format.ts";

/** How a value is written when nobody asked for a format. */
export function plainFormat(shape: Shape): Format {
  return { width: usualWidth(shape), align: "left", text: textFormatOf(shape) };
}

/** Characters that the values of a type usually take: the common case lines up, the extreme one still fits in. */
function usualWidth(shape: Shape): number {
  switch (shape.kind) {
    case "integer":
      // Process IDs end at 4194304 (PID_MAX_LIMIT, include/linux/threads.h); nanoseconds of a day take 14 digits.
      return shape.bits <= 8 ? 4 : shape.bits <= 16 ? 6 : shape.bits <= 32 ? 7 : 14;
    case "bool":
      return 5;
    case "float":
      return 10;
    case "string":
      return Math.min(Math.max(shape.size - 1, 6), 32);
    case "enum":
      return Math.min(Math.max(0, ...shape.values.map(({ name, value }) => `${name}(${value})`.length)), 24);
    default:
      return 16;
  }
}
