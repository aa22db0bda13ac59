import { csv } from "./csv.ts";
import { jsonLines } from "./json-lines.ts";
import { tables } from "./table.ts";
import type { Selection, Views } from "./view.ts";
import { yaml } from "./yaml.ts";

/** What `--output` may say, and who does it. */
const OUTPUTS = { table: tables, json: jsonLines, csv, yaml } satisfies Record<
  string,
  (selections: readonly Selection[]) => Views
>;

export type OutputFormat = keyof typeof OUTPUTS;

export const OUTPUT_FORMATS = Object.keys(OUTPUTS) as readonly OutputFormat[];

/** Counts by stack, one line for each: no way to show anything else. */
export const FOLDED = "folded";

export const OUTPUT_WORDS: readonly (OutputFormat | typeof FOLDED)[] = [...OUTPUT_FORMATS, FOLDED];

/** How events of these kinds are shown. */
export function viewsOf(format: OutputFormat, selections: readonly Selection[]): Views {
  return OUTPUTS[format](selections);
}
