import type { OwnValues } from "./own-options.ts";
import { TIME_KINDS, type TimeKind } from "./timeline.ts";
import { UsageError } from "./usage-error.ts";
import { OUTPUT_FORMATS, type OutputFormat } from "./views.ts";

/** What the command line says about how events are shown. */
export interface ShowOptions {
  readonly output: OutputFormat;
  /** Without it a table has the time of day, and other formats have what the event has. */
  readonly timestamp: TimeKind | undefined;
}

/** @throws {UsageError} for a word that an option does not know */
export function showOptions(own: OwnValues): ShowOptions {
  const output = own.get("output") ?? (own.has("json") ? "json" : "table");
  const timestamp = own.get("timestamp");
  return {
    output: oneOf("output", OUTPUT_FORMATS, output),
    timestamp: timestamp === undefined ? undefined : oneOf("timestamp", TIME_KINDS, timestamp),
  };
}

function oneOf<Word extends string>(option: string, words: readonly Word[], text: string): Word {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageError(`--${option}: there is no ${JSON.stringify(text)}`, `give ${words.join(", ")}`);
}
