import { UsageError } from "../usage-error.ts";
import { parseDuration } from "./flag-formats.ts";
import type { OwnValues } from "./own-options.ts";

/** When a run ends by itself, and how often maps are looked at. */
export interface Limits {
  /** Milliseconds. */
  readonly duration: number | undefined;
  /** Events, or looks at sampled maps. */
  readonly count: number | undefined;
  /** Milliseconds. */
  readonly interval: number | undefined;
}

/** @throws {UsageError} */
export function limitsOf(own: OwnValues): Limits {
  return {
    duration: time("duration", own.get("duration")),
    count: count(own.get("count")),
    interval: time("interval", own.get("interval")),
  };
}

/** The longest that a timer can wait: about 24 days. */
const MAX_MILLISECONDS = 0x7fff_ffff;

/** `500ms`, `2m`; a plain number is seconds. */
function time(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? parseDuration(`${text}s`) : parseDuration(text);
  const milliseconds = seconds === undefined ? Number.NaN : Number(seconds) / 1e6;
  if (milliseconds >= 1 && milliseconds <= MAX_MILLISECONDS) return Math.round(milliseconds);
  const problem = Number.isNaN(milliseconds) ? "is not a time" : "is not between 1ms and 24 days";
  throw new UsageError(
    `--${option}: ${JSON.stringify(text)} ${problem}`,
    "give seconds, or a time such as 500ms or 2m",
  );
}

function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d{1,15}$/.test(text) && number > 0) return number;
  throw new UsageError(
    `--count: ${JSON.stringify(text)} is not a positive integer`,
    "give a number such as 10",
  );
}
