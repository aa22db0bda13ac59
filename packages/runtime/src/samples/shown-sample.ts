import { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY, type BpfObject, type BpfValue } from "@skep/bpf";
import type { Column, ColumnOptions } from "../output/columns.ts";
import type { Naming } from "../output/naming.ts";
import type { EventKind } from "../output/view.ts";
import type { Profile } from "../profiles/profile.ts";
import type { Shape } from "../shapes/shape.ts";
import { aged } from "./aged-entries.ts";
import { computedEntries } from "./computed-entries.ts";
import { entryKind, entryRecord } from "./entry-kind.ts";
import { EntryTotals } from "./entry-totals.ts";
import { keyType, valueType } from "./entry-types.ts";
import { percentilesOf } from "./histogram.ts";
import type { HistogramGroup } from "./histogram-picture.ts";
import {
  HISTOGRAM_MEMBERS,
  histogramGroup,
  histogramReader,
  histograms,
  PERCENTILE_MEMBERS,
} from "./histogram-view.ts";
import { kvTable } from "./kv-table.ts";
import { type Entry, MapReader } from "./map-reader.ts";
import type { SampleView } from "./sample-view.ts";
import { isHistogram, type SampledMap } from "./sampled-maps.ts";
import type { StackEntry } from "./stack-reader.ts";
import type { StackTotals } from "./stack-totals.ts";

/** A sampled map of a loaded object, and the ways to show it. */
export interface ShownSample {
  readonly sampled: SampledMap;
  /** What an entry is to filters, `--fields`, and the formats for machines. */
  readonly kind: EventKind;
  read(): readonly Entry[];
  /** Entries as values of `kind`. */
  records(entries: readonly Entry[]): readonly Record<string, BpfValue>[];
  /** For people. */
  table(columns: readonly Column[]): SampleView;
  /** Only of stacks. */
  readonly stacks?: StackShow;
  /** Only of histograms. */
  readonly histograms?: HistogramShow;
}

/** What histograms can be shown as, besides. */
export interface HistogramShow {
  /** How much an entry counts in all. */
  count(entry: Entry): bigint;
  /** Collects what looks find. */
  gather(): EntryTotals;
  picture(entries: readonly Entry[], columns: readonly Column[]): HistogramGroup;
}

/** What stacks can be shown as, besides. */
export interface StackShow {
  /** Whether an entry counts anything. */
  counts(entry: Entry): boolean;
  /** Finds frames and their names. */
  read(entries: readonly Entry[]): readonly StackEntry[];
  /** Puts together what went through the same functions. */
  merge(entries: readonly StackEntry[]): readonly StackEntry[];
  /** Collects what looks find. */
  gather(): StackTotals;
  records(entries: readonly StackEntry[]): readonly Record<string, BpfValue>[];
  table(entries: readonly StackEntry[]): readonly string[];
  /** One line for each stack, for flame graphs. */
  folded(entries: readonly StackEntry[]): readonly string[];
  profile(entries: readonly StackEntry[], about: Pick<Profile, "title" | "begin" | "duration">): Profile;
}

const ARRAYS: ReadonlySet<number> = new Set([BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY]);

/**
 * @param naming needed for stacks
 * @throws {MalformedError} when the map's types do not suit the way it shall be shown; {NotImplementedError}
 */
export function shownSample(
  object: BpfObject,
  sampled: SampledMap,
  options: ColumnOptions,
  naming?: Naming,
): ShownSample {
  const { map, show, clear, perCpu } = sampled;
  const key = keyType(map, object.btf);
  const value = valueType(map, object.btf);
  const reader = new MapReader(object.map(map.name), { key, value, clear, perCpu, widen: isHistogram(show) });
  const computed = computedEntries(value.shape, options.annotations);
  const shapes = { key: key.shape, value: computed.shape };
  if (show === "stacks" && naming !== undefined)
    return {
      sampled,
      read: () => computed.add(aged(reader.read(), sampled)),
      ...naming.showStacks(object, sampled, shapes, options),
    };
  if (!isHistogram(show)) {
    const kind = entryKind(sampled, shapes, options);
    const records = (entries: readonly Entry[]) => entries.map(entryRecord);
    return { sampled, kind, read: () => computed.add(reader.read()), records, table: kvTable };
  }
  if (!ARRAYS.has(map.type) || value.shape.kind !== "integer")
    return shownHistograms(sampled, { key: key.shape, value: value.shape }, () => reader.read(), options);
  const whole: Shape = { kind: "array", element: value.shape, length: map.maxEntries };
  const read = () => oneEntry(reader.read(), map.maxEntries);
  return shownHistograms(sampled, { key: key.shape, value: whole }, read, options);
}

/** A map with a histogram in each entry. */
function shownHistograms(
  sampled: SampledMap,
  shapes: { readonly key: Shape; readonly value: Shape },
  read: () => readonly Entry[],
  options: ColumnOptions,
): ShownSample {
  const { clear, percentiles, unit } = sampled;
  const computed = computedEntries(shapes.value, options.annotations);
  const histogram = histogramReader(sampled, computed.shape);
  const more = percentiles.length === 0 ? HISTOGRAM_MEMBERS : [...HISTOGRAM_MEMBERS, ...PERCENTILE_MEMBERS];
  return {
    sampled,
    kind: entryKind(sampled, { ...shapes, value: computed.shape }, options, more),
    read: () => computed.add(read()),
    records: (entries) =>
      entries.map((entry) => {
        const buckets = histogram.buckets(entry);
        return {
          ...entryRecord(entry),
          unit,
          buckets: buckets.map((bucket): BpfValue => ({ ...bucket })),
          percentiles: percentilesOf(buckets, percentiles).map((one): BpfValue => ({ ...one })),
        };
      }),
    table: (columns) => histograms(sampled, histogram, columns),
    histograms: {
      count: (entry) => histogram.slots(entry).reduce((sum, { count }) => sum + count, 0n),
      gather: () => new EntryTotals(shapes.value, clear),
      picture: (entries, columns) => histogramGroup(sampled, histogram, columns, computed.add(entries)),
    },
  };
}

/** An array whose values are counts is one histogram, its indexes being the slots; of each CPU one when they are kept apart. */
function oneEntry(entries: readonly Entry[], slots: number): Entry[] {
  const counts = new Map<number | undefined, BpfValue[]>();
  for (const { key, value, cpu } of entries) {
    const its = counts.get(cpu) ?? Array.from({ length: slots }, () => 0);
    its[Number(key)] = value;
    counts.set(cpu, its);
  }
  return [...counts].map(([cpu, value]) => ({ key: 0, value, ...(cpu === undefined ? {} : { cpu }) }));
}
