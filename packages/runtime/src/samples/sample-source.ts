import type { BpfValue, LostCounter } from "@skep/bpf";
import type { SortKey } from "../sort.ts";
import type { Selection, View } from "../view.ts";
import { entryRecord } from "./entry-kind.ts";
import { orderOf } from "./entry-order.ts";
import { filterRecord } from "./filter-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampleSource } from "./sample-feed.ts";
import type { ShownSample } from "./shown-sample.ts";
import type { Terminal } from "./terminal.ts";
import { TopScreen } from "./top-screen.ts";

export interface SampleSourceOptions {
  /** What is shown of an entry, and the time of the look. */
  readonly selection: Selection;
  /** Shows an entry; undefined when a look is shown as a table. */
  readonly view: View | undefined;
  /** Stacks as lines for flame graphs. */
  readonly folded: boolean;
  /** Draws looks over one another. */
  readonly screen: Screen | undefined;
  readonly filter: ((record: BpfValue) => boolean) | undefined;
  readonly sort: readonly SortKey[];
  /** Milliseconds, in place of the package's own. */
  readonly interval: number | undefined;
  /** Shows a look, which is put into lines when its turn comes. `owed`: it holds what earlier looks did not show. */
  readonly take: (lines: () => readonly string[], owed?: boolean) => void;
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
  const { selection, view, screen, filter, sort, take, warn } = options;
  const order = orderOf(sample.sampled, sample.kind.columns, sort, warn);
  const folded = options.folded ? sample.folded?.() : undefined;
  const lines =
    folded?.lines ?? (view === undefined ? tableLines(sample, selection) : recordLines(sample, view));
  const drawn = screen === undefined ? lines : onScreen(lines, screen);
  // Lines for flame graphs are added up: what counts on from look to look is given once.
  const onlyLast = folded !== undefined && !sample.sampled.clear;
  return {
    interval: options.interval ?? sample.sampled.interval,
    read() {
      const entries = sample.read();
      return order(
        filter === undefined ? entries : entries.filter((entry) => filter(filterRecord(entryRecord(entry)))),
      );
    },
    show(entries, last) {
      // Names are there as long as the processes are.
      if (onlyLast) take(() => (last ? lines(entries) : lines(entries).slice(0, 0)), last);
      else if (entries.length > 0 || !last) take(() => drawn(entries));
    },
    lost: () => options.lost?.read() ?? 0n,
    close: () => screen?.terminal.close(),
  };
}

/** The time, the look, and an empty line. */
function tableLines({ table }: ShownSample, { columns, stamp, label }: Selection) {
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
