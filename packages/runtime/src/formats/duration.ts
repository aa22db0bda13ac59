import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";
import { NANOSECONDS, TIME_UNITS } from "./units.ts";

const STEPS = [
  ["us", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
] as const;

/** `duration ns`: a length of time as people read it, `1.25ms`. Two decimals, so that points stand below each other. */
export const duration: MakeFormat = (shape, [unit = "ns"]) => {
  if (!isWhole(shape) && shape.kind !== "float") return "is for numbers";
  const factor = NANOSECONDS[unit];
  if (factor === undefined) return `knows the units ${TIME_UNITS}`;
  return { width: 8, align: "right", text: (value) => durationText(numberOf(value), unit, factor) };
};

function durationText(value: number, unit: string, factor: number): string {
  if (!Number.isFinite(value)) return "unknown:?";
  if (value < 0) return `-${durationText(-value, unit, factor)}`;
  const nanoseconds = value * factor;
  if (nanoseconds >= 59.995e9) return longText(nanoseconds / 1e9);
  for (const [name, size] of STEPS) {
    const scaled = nanoseconds / size;
    // What would be rounded to 1000.00 belongs to the next unit; a unit's own whole numbers have no decimals to show.
    if (name === unit && scaled < 1000) return `${Math.round(scaled)}${name}`;
    if (scaled < (name === "s" ? 60 : 999.995) && scaled >= 0.999995) return `${scaled.toFixed(2)}${name}`;
  }
  return `${Math.round(nanoseconds)}ns`;
}

function longText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const total = Math.round(seconds);
  const [s, m, h, d] = [
    total % 60,
    Math.floor(total / 60) % 60,
    Math.floor(total / 3600) % 24,
    Math.floor(total / 86400),
  ];
  if (d > 0) return `${d}d${two(h)}h`;
  return h > 0 ? `${h}h${two(m)}m` : `${m}m${two(s)}s`;
}
