import { STACK_FORMATS, type StackFormat } from "../profiles/documents.ts";
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

/** What `--output` says for histograms as a picture. */
export const PICTURE = "svg";

/** All that `--output` may say: counts by stack and histograms have formats of their own. */
export const OUTPUT_WORDS = [...OUTPUT_FORMATS, ...STACK_FORMATS, PICTURE] as const;

export function isRowFormat(word: string): word is OutputFormat {
  return Object.hasOwn(OUTPUTS, word);
}

export function isStackFormat(word: string): word is StackFormat {
  return (STACK_FORMATS as readonly string[]).includes(word);
}

/** How events of these kinds are shown. */
export function viewsOf(format: OutputFormat, selections: readonly Selection[]): Views {
  return OUTPUTS[format](selections);
}
