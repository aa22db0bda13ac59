import type { BpfValue, LostCounter } from "@skep/bpf";
import type { SortKey } from "../sort.ts";
import type { Selection, View } from "../view.ts";
import { entryRecord } from "./entry-kind.ts";
import { orderOf } from "./entry-order.ts";
import { filterRecord } from "./filter-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampleSource } from "./sample-feed.ts";
import type { ShownSample } from "./shown-sample.ts";

export interface SampleSourceOptions {
  /** What is shown of an entry, and the time of the look. */
  readonly selection: Selection;
  /** Shows an entry; undefined when a look is shown as a table. */
  readonly view: View | undefined;
  readonly filter: ((record: BpfValue) => boolean) | undefined;
  readonly sort: readonly SortKey[];
  /** Milliseconds, in place of the package's own. */
  readonly interval: number | undefined;
  /** Shows a look, which is put into lines when its turn comes. */
  readonly take: (lines: () => readonly string[]) => void;
  readonly warn: (line: string) => void;
  readonly lost: LostCounter | undefined;
}

/** A sampled map with everything that the command line says about showing it. */
export function sampleSource(sample: ShownSample, options: SampleSourceOptions): SampleSource {
  const { selection, view, filter, sort, take, warn } = options;
  const order = orderOf(sample.sampled, sample.kind.columns, sort, warn);
  const lines = view === undefined ? tableLines(sample, selection) : recordLines(sample, view);
  return {
    interval: options.interval ?? sample.sampled.interval,
    read() {
      const entries = sample.read();
      return order(
        filter === undefined ? entries : entries.filter((entry) => filter(filterRecord(entryRecord(entry)))),
      );
    },
    show(entries, last) {
      if (entries.length > 0 || !last) take(() => lines(entries));
    },
    lost: () => options.lost?.read() ?? 0n,
    close() {},
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

function recordLines({ records }: ShownSample, view: View) {
  return (entries: readonly Entry[]) => records(entries).map((record) => view.row(record));
}
