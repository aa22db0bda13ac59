import type { BpfValue, LostCounter } from "@skep/bpf";
import type { SortKey } from "../events/sort.ts";
import type { Line } from "../output/output.ts";
import type { Selection, View } from "../output/view.ts";
import type { MakeDocument, StackFormat } from "../profiles/documents.ts";
import { entryRecord } from "./entry-kind.ts";
import { type Order, orderOf } from "./entry-order.ts";
import { filterRecord } from "./filter-kind.ts";
import type { HistogramSheet } from "./histogram-sheet.ts";
import type { Entry } from "./map-reader.ts";
import type { SampleSource } from "./sample-feed.ts";
import type { ShownSample, StackShow } from "./shown-sample.ts";
import type { Terminal } from "./terminal.ts";
import { TopScreen } from "./top-screen.ts";

export interface SampleSourceOptions {
  /** What is shown of an entry, and the time of the look. */
  readonly selection: Selection;
  /** Shows an entry; undefined when a look is shown as a table. */
  readonly view: View | undefined;
  /** Stacks as something else than rows. */
  readonly stacks: StackFormat | undefined;
  /** Makes it of what the whole run has found. */
  readonly document: MakeDocument | undefined;
  /** Where histograms of the whole run are drawn. */
  readonly sheet: HistogramSheet | undefined;
  /** Most entries of a look, in place of the package's own. */
  readonly top: number | undefined;
  /** Shows each look also where the package wants them all in one at the end. */
  readonly eachLook: boolean;
  /** Draws looks over one another. */
  readonly screen: Screen | undefined;
  readonly filter: ((record: BpfValue) => boolean) | undefined;
  readonly sort: readonly SortKey[];
  /** Milliseconds, in place of the package's own. */
  readonly interval: number | undefined;
  /** Shows a look, which is put into lines when its turn comes. `owed`: it holds what earlier looks did not show. */
  readonly take: (lines: () => readonly Line[], owed?: boolean) => void;
  readonly warn: (line: string) => void;
  readonly lost: LostCounter | undefined;
}

/** A terminal that shows one look at a time. */
export interface Screen {
  readonly terminal: Terminal;
  /** Writes lines that are no new look. */
  redraw(lines: readonly string[]): void;
}

/** A sampled map with everything that the command line says about showing it. */
export function sampleSource(sample: ShownSample, options: SampleSourceOptions): SampleSource {
  const { filter, screen, take } = options;
  const { sampled } = sample;
  const order = ordered(sample, options);
  const once = sampled.once && !options.eachLook;
  const gathered = gatheredStacks(sample, options) ?? gatheredHistograms(sample, options);
  const lines = lookLines(sample, options);
  const drawn = screen === undefined ? lines : onScreen(lines, screen);
  return {
    interval: options.interval ?? sampled.interval,
    read() {
      const all = sample.read();
      const entries = sample.stacks === undefined ? all : all.filter((entry) => sample.stacks?.counts(entry));
      return order(
        filter === undefined ? entries : entries.filter((entry) => filter(filterRecord(entryRecord(entry)))),
      );
    },
    show(entries, last) {
      // Names are there as long as the processes are.
      gathered?.add(entries);
      if (gathered !== undefined) take(() => (last ? gathered.lines() : []), last);
      else if (once) take(() => (last ? lines(entries) : []), last);
      else if (entries.length > 0 || !last) take(() => drawn(entries));
    },
    lost: () => options.lost?.read() ?? 0n,
    close: () => screen?.terminal.close(),
  };
}

/** Of a look that is gathered nothing is left out: that comes when all is there. */
function ordered(sample: ShownSample, options: SampleSourceOptions): Order {
  const { sampled, kind } = sample;
  const { sort, warn, stacks, sheet, top } = options;
  const all = sampled.once || sampled.group || stacks !== undefined || sheet !== undefined;
  const rows = all ? undefined : (top ?? sampled.rows);
  const most = rows ?? Number.POSITIVE_INFINITY;
  const usual = orderOf(sampled, kind.columns, sort, warn, most);
  return all ? usual : (busiest(sample, options) ?? usual);
}

/** Histograms that are not all wanted: those that count most, unless somebody says by what to choose. */
function busiest(
  { histograms, sampled }: ShownSample,
  { sort, top }: SampleSourceOptions,
): Order | undefined {
  if (histograms === undefined || top === undefined || sort.length > 0 || sampled.sort !== undefined)
    return undefined;
  return (entries) =>
    entries
      .map((entry) => ({ entry, count: histograms.count(entry) }))
      .sort((one, other) => (one.count < other.count ? 1 : one.count > other.count ? -1 : 0))
      .slice(0, top)
      .map(({ entry }) => entry);
}

function lookLines(sample: ShownSample, options: SampleSourceOptions) {
  const { selection, view, stacks } = options;
  const { stacks: show } = sample;
  if (stacks !== undefined && show !== undefined)
    return (entries: readonly Entry[]) => show.folded(show.read(entries));
  if (view !== undefined) return recordLines(sample, view);
  if (show === undefined || !sample.sampled.group) return tableLines(sample, selection);
  return mergedLines(sample, show, options);
}

/** Entries that led through the same functions are one, and then the first of them are shown. */
function mergedLines(
  { sampled, kind }: ShownSample,
  show: StackShow,
  { selection, sort, warn, top }: SampleSourceOptions,
) {
  const order = orderOf(sampled, kind.columns, sort, warn, top ?? sampled.rows);
  return (entries: readonly Entry[]) => {
    const merged = new Map(show.merge(show.read(entries)).map((one) => [one.entry, one]));
    const rows = order([...merged.keys()]).flatMap((entry) => merged.get(entry) ?? []);
    const lines = { header: undefined, lines: () => show.table(rows) };
    return tableLines({ table: () => lines }, selection)(entries);
  };
}

/** What looks find, shown in one at the end. */
interface Gathered {
  add(entries: readonly Entry[]): void;
  lines(): readonly Line[];
}

function gatheredStacks(sample: ShownSample, options: SampleSourceOptions): Gathered | undefined {
  const { stacks, sampled, kind } = sample;
  const { document, stacks: format, view, sort, warn, top } = options;
  const once = sampled.once && !options.eachLook;
  // What counts on from look to look is given once.
  if (stacks === undefined || !(document !== undefined || once || (format !== undefined && !sampled.clear)))
    return undefined;
  const begin = Date.now();
  const totals = stacks.gather();
  const order = orderOf(sampled, kind.columns, sort, warn, top ?? sampled.rows);
  return {
    add: (entries) => totals.add(entries),
    lines() {
      const all = totals.entries;
      if (document !== undefined)
        return [document((about) => stacks.profile(all, { ...about, begin, duration: Date.now() - begin }))];
      if (format !== undefined) return stacks.folded(all);
      // For machines every entry of the map is a record, as it is.
      const shown = view === undefined ? stacks.merge(all) : all;
      const found = new Map(shown.map((one) => [one.entry, one]));
      const rows = order([...found.keys()]).flatMap((entry) => found.get(entry) ?? []);
      return view === undefined ? stacks.table(rows) : stacks.records(rows).map((record) => view.row(record));
    },
  };
}

function gatheredHistograms(sample: ShownSample, options: SampleSourceOptions): Gathered | undefined {
  const { histograms, sampled, kind } = sample;
  const { sheet, selection, sort, warn, top } = options;
  if (histograms === undefined || sheet === undefined) return undefined;
  const totals = histograms.gather();
  const order = busiest(sample, options) ?? orderOf(sampled, kind.columns, sort, warn, top ?? sampled.rows);
  return {
    add: (entries) => totals.add(entries),
    lines: () => sheet.add(histograms.picture(order(totals.entries), selection.columns)),
  };
}

/** The time, the look, and an empty line. */
function tableLines({ table }: Pick<ShownSample, "table">, { columns, stamp, label }: Selection) {
  const view = table(columns);
  return (entries: readonly Entry[]) => {
    const head = [stamp?.text({}).trim(), label].filter((word) => word !== undefined).join(" ");
    const body = view.lines(entries);
    const blank = body.length > 0 && body.at(-1) !== "" ? [""] : [];
    return [...(head === "" ? [] : [head]), ...body, ...blank];
  };
}

/** Each look takes the place of the one before. */
function onScreen(lines: (entries: readonly Entry[]) => readonly string[], { terminal, redraw }: Screen) {
  const screen = new TopScreen(terminal);
  let last: readonly string[] = [];
  terminal.onRedraw(() => {
    screen.resize();
    redraw(screen.draw(last));
  });
  return (entries: readonly Entry[]) => {
    const look = lines(entries);
    last = look.at(-1) === "" ? look.slice(0, -1) : look;
    return screen.draw(last);
  };
}

function recordLines({ records }: ShownSample, view: View) {
  return (entries: readonly Entry[]) => records(entries).map((record) => view.row(record));
}
