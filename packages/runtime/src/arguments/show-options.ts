import type { BpfValue } from "@skep/bpf";
import { parseSort, type SortKey } from "../events/sort.ts";
import { type Fields, parseFields } from "../output/fields.ts";
import { TIME_KINDS, type TimeKind } from "../output/timeline.ts";
import type { EventKind } from "../output/view.ts";
import { isRowFormat, isStackFormat, OUTPUT_WORDS, type OutputFormat, PICTURE } from "../output/views.ts";
import { documentMaker, type MakeDocument, type StackFormat } from "../profiles/documents.ts";
import type { DrawHistograms } from "../samples/histogram-sheet.ts";
import { UsageError } from "../usage-error.ts";
import type { OwnValues } from "./own-options.ts";

/** What the command line says about how events are shown. */
export interface ShowOptions {
  readonly output: OutputFormat;
  /** Stacks as something else than rows; the output is a table then. */
  readonly stacks: StackFormat | undefined;
  /** Makes a file of what the whole run has counted. */
  readonly document: MakeDocument | undefined;
  /** Draws the histograms that the whole run has counted, in place of rows. */
  readonly draw: DrawHistograms | undefined;
  /** Most entries of a look at a map. */
  readonly top: number | undefined;
  /** Without it a table has the time of day, and other formats have what the event has. */
  readonly timestamp: TimeKind | undefined;
  readonly fields: Fields | undefined;
  /** Makes the filters of `--filter`, one for each kind of event. */
  readonly filter: MakeFilters | undefined;
  readonly sort: readonly SortKey[];
}

/** @throws {UsageError} for an expression that suits none of the kinds */
type MakeFilters = (
  kinds: readonly EventKind[],
  warn: (line: string) => void,
) => readonly ((event: BpfValue) => boolean)[];

/**
 * The expression language is read only where somebody filters.
 * @param looks whether maps are shown at intervals, each look in order
 * @param title of pictures
 * @throws {UsageError} for a word that an option does not know
 */
export async function showOptions(own: OwnValues, looks = false, title = "profile"): Promise<ShowOptions> {
  const output = oneOf("output", OUTPUT_WORDS, own.get("output") ?? (own.has("json") ? "json" : "table"));
  const timestamp = own.get("timestamp");
  const fields = own.get("fields");
  const sort = own.get("sort");
  const filter = own.get("filter");
  if (sort !== undefined && !looks && !own.has("count") && !own.has("duration"))
    throw new UsageError(
      "--sort: a stream of events has no end to sort at",
      "give --duration or --count as well",
    );
  const stacks = isStackFormat(output) ? output : undefined;
  return {
    output: isRowFormat(output) ? output : "table",
    stacks,
    document: await documentMaker(stacks, title, own.get("compare")),
    draw: output === PICTURE ? await histogramDrawer(title) : undefined,
    top: topOf(own.get("top")),
    timestamp: timestamp === undefined ? undefined : oneOf("timestamp", TIME_KINDS, timestamp),
    fields: fields === undefined ? undefined : parseFields(fields),
    filter: filter === undefined ? undefined : await filterMaker(filter),
    sort: sort === undefined ? [] : parseSort(sort),
  };
}

async function histogramDrawer(title: string): Promise<DrawHistograms> {
  const { histogramPicture } = await import("../samples/histogram-picture.ts");
  return (groups, run) => histogramPicture(groups, { ...run, title });
}

function topOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d{1,7}$/.test(text) && number > 0) return number;
  throw new UsageError(
    `--top: ${JSON.stringify(text)} is not a positive integer`,
    "give a number such as 10",
  );
}

async function filterMaker(text: string): Promise<MakeFilters> {
  const { eventFilters } = await import("../events/event-filter.ts");
  return (kinds, warn) => eventFilters(text, kinds, warn);
}

function oneOf<Word extends string>(option: string, words: readonly Word[], text: string): Word {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageError(`--${option}: there is no ${JSON.stringify(text)}`, `give ${words.join(", ")}`);
}
