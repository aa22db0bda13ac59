import { type BpfValue, MalformedError } from "@skep/bpf";
import type { Column } from "../output/columns.ts";
import type { MemberShape, Shape } from "../shapes/shape.ts";
import { entryRecord } from "./entry-kind.ts";
import {
  type Bucket,
  bucketsOf,
  type Count,
  histogramLines,
  percentilesOf,
  type Slots,
  slotsOf,
} from "./histogram.ts";
import type { HistogramGroup, HistogramPanel } from "./histogram-picture.ts";
import type { Entry } from "./map-reader.ts";
import type { SampleView } from "./sample-view.ts";
import type { SampledMap } from "./sampled-maps.ts";

/** The member that holds the counts, as every program for eunomia and libbpf-tools calls it. */
const SLOTS = "slots";

const EXACT: Shape = { kind: "integer", bits: 64, signed: true };

/** What a histogram adds to the record of its entry. */
export const HISTOGRAM_MEMBERS: readonly MemberShape[] = [
  { name: "unit", shape: { kind: "string", size: 64 } },
  {
    name: "buckets",
    shape: {
      kind: "array",
      length: 0,
      element: {
        kind: "struct",
        members: ["low", "high", "count"].map((name) => ({ name, shape: EXACT })),
      },
    },
  },
];

/** What percentiles add. */
export const PERCENTILE_MEMBERS: readonly MemberShape[] = [
  {
    name: "percentiles",
    shape: {
      kind: "array",
      length: 0,
      element: {
        kind: "struct",
        members: [
          { name: "percent", shape: { kind: "float", size: 8 } },
          { name: "most", shape: EXACT },
        ],
      },
    },
  },
];

/** Finds the counts in the values of a map. */
export interface HistogramReader {
  /** From the first that counted anything to the last. */
  buckets(entry: Entry): readonly Bucket[];
  /** All of them. */
  slots(entry: Entry): readonly Bucket[];
}

/** @throws {MalformedError} when the values of the map hold no counts */
export function histogramReader(sampled: SampledMap, value: Shape): HistogramReader {
  const slots: Slots =
    sampled.show === "linear_hist"
      ? { kind: "linear", min: sampled.min, step: sampled.step }
      : { kind: "log2" };
  const counts = countsIn(value);
  if (counts === undefined)
    throw new MalformedError(
      `map ${sampled.map.name} cannot be shown as ${sampled.show}: its value has no counts`,
      `give the value a member "${SLOTS}", an array of unsigned integers`,
    );
  return {
    buckets: (entry) => bucketsOf(counts(entry.value), slots),
    slots: (entry) => slotsOf(counts(entry.value), slots),
  };
}

function countsIn(shape: Shape): ((value: BpfValue) => readonly Count[]) | undefined {
  if (isCounts(shape)) return (value) => value as readonly Count[];
  const member = shape.kind === "struct" ? shape.members.find(({ name }) => name === SLOTS) : undefined;
  if (member === undefined || !isCounts(member.shape)) return undefined;
  return (value) => (value as { readonly [member: string]: BpfValue })[SLOTS] as readonly Count[];
}

function isCounts(shape: Shape): boolean {
  return shape.kind === "array" && shape.element.kind === "integer" && shape.element.bits <= 64;
}

/**
 * A histogram for each entry, below its key and the other members of its value. An entry that counted nothing is not shown.
 * @param columns of the entry
 */
export function histograms(
  sampled: SampledMap,
  reader: HistogramReader,
  columns: readonly Column[],
): SampleView {
  const { unit, percentiles } = sampled;
  const { keys, others } = columnsAround(columns);
  return {
    header: undefined,
    lines: (entries) =>
      entries.flatMap((entry) => {
        const buckets = reader.buckets(entry);
        const lines = histogramLines(buckets, unit);
        if (lines.length === 0) return [];
        const record = entryRecord(entry);
        return [
          ...keyLine(keys, record),
          ...others.map((column) => `${labelOf(column)} = ${column.text(record)}`),
          ...lines,
          ...percentileLines(buckets, percentiles),
          "",
        ];
      }),
  };
}

/** `pid = 1, tid = 68` of a key that is a struct, else as eunomia's loader has it. */
function keyLine(keys: readonly Column[], record: ReturnType<typeof entryRecord>): string[] {
  const [first, ...more] = keys;
  if (first === undefined) return [];
  if (more.length === 0 && first.path.length === 1) return [`key =  ${first.text(record)}`];
  return [keys.map((column) => `${labelOf(column)} = ${column.text(record)}`).join(", ")];
}

/** The same for a picture. */
export function histogramGroup(
  { percentiles, unit }: SampledMap,
  reader: HistogramReader,
  columns: readonly Column[],
  entries: readonly Entry[],
): HistogramGroup {
  const { keys, others } = columnsAround(columns);
  const panels = entries.map((entry): HistogramPanel => {
    const record = entryRecord(entry);
    return {
      name: keys.map((column) => `${labelOf(column)} ${column.text(record)}`).join("   "),
      notes: others.map((column) => `${labelOf(column)} = ${column.text(record)}`),
      slots: reader.slots(entry),
      percentiles: percentilesOf(reader.buckets(entry), percentiles),
    };
  });
  return { unit, panels };
}

/** As tables head it, in small letters: `total` of `total_ns`, which is shown with a unit. */
function labelOf({ header }: Column): string {
  return header.toLowerCase();
}

/** What is said of an entry beside its counts. */
function columnsAround(columns: readonly Column[]) {
  return {
    keys: columns.filter(({ path }) => path[0] === "key" || path[0] === "cpu"),
    others: columns.filter(({ path }) => path[0] === "value" && path.length > 1 && path[1] !== SLOTS),
  };
}

/** `50% <= 7, 99% <= 127`. */
function percentileLines(buckets: readonly Bucket[], percents: readonly number[]): string[] {
  const words = percentilesOf(buckets, percents).map(({ percent, most }) => `${percent}% <= ${most}`);
  return words.length === 0 ? [] : [`     ${words.join(", ")}`];
}
