import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";

const UNITS = "KMGTPE";

/** `bytes`: a size as people read it: `512`, `64.0K`, `1.5M`, in steps of 1024. */
export const bytes: MakeFormat = (shape) =>
  isWhole(shape) || shape.kind === "float"
    ? { width: 7, align: "right", text: (value) => sizeText(numberOf(value)) }
    : "is for numbers";

function sizeText(size: number): string {
  if (!Number.isFinite(size)) return "unknown:?";
  if (size < 0) return `-${sizeText(-size)}`;
  if (size < 1024) return String(size);
  let scaled = size / 1024;
  let unit = 0;
  // What would be rounded to 1024.0 belongs to the next unit.
  while (scaled >= 1023.95 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${scaled.toFixed(1)}${UNITS[unit]}`;
}
