/** A count of a slot: 32-bit counters come as numbers, 64-bit ones as bigints. */
export type Count = number | bigint;

/** How often values between `low` and `high`, both included, occurred. */
export interface Bucket {
  readonly low: bigint;
  readonly high: bigint;
  readonly count: bigint;
}

/** What a slot counts. */
export type Slots =
  /** Slot 0: 0 and 1; slot i: 2^i to 2^(i+1) - 1. */
  | { readonly kind: "log2" }
  /** Slot i: `min + i * step` and the values up to the next slot. */
  | { readonly kind: "linear"; readonly min: bigint; readonly step: bigint };

/**
 * The buckets up to the last that counted anything, of a linear histogram from the first that did; none when nothing was
 * counted.
 */
export function bucketsOf(counts: readonly Count[], slots: Slots): Bucket[] {
  const first = slots.kind === "linear" ? counts.findIndex((count) => count > 0) : 0;
  const last = counts.findLastIndex((count) => count > 0);
  return last < 0 ? [] : slotsOf(counts, slots).slice(first, last + 1);
}

/** A bucket for each slot. */
export function slotsOf(counts: readonly Count[], slots: Slots): Bucket[] {
  return counts.map((count, index) => ({ ...rangeOf(index, slots), count: BigInt(count) }));
}

function rangeOf(index: number, slots: Slots): { readonly low: bigint; readonly high: bigint } {
  if (slots.kind === "log2") {
    const low = index === 0 ? 0n : 1n << BigInt(index);
    return { low, high: (1n << BigInt(index + 1)) - 1n };
  }
  const low = slots.min + BigInt(index) * slots.step;
  return { low, high: low + slots.step - 1n };
}

/** Below or at `most` lie at least `percent` of the values. */
export interface Percentile {
  readonly percent: number;
  readonly most: bigint;
}

/** A histogram knows of a value only its bucket: `most` is the upper end of the bucket in which the percentile lies. */
export function percentilesOf(buckets: readonly Bucket[], percents: readonly number[]): Percentile[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0n);
  if (total === 0n) return [];
  return percents.map((percent) => {
    let seen = 0n;
    // Percents have at most four digits behind the point that matter.
    const bucket = buckets.find(({ count }) => {
      seen += count;
      return seen * 1_000_000n >= total * BigInt(Math.round(percent * 10_000));
    });
    return { percent, most: (bucket ?? buckets.at(-1))?.high ?? 0n };
  });
}

/** Beyond 2^32 the bounds no longer fit, and columns are wider (as BCC and libbpf-tools have it). */
const WIDE = 32;

/**
 * The lines of a histogram as BCC, libbpf-tools and eunomia print it: a head that names the unit, and a row of at most 40
 * stars for each bucket. Counts of any size keep their digits, and their stars.
 */
export function histogramLines(buckets: readonly Bucket[], unit: string): string[] {
  if (buckets.length === 0) return [];
  // Index of the last slot that is shown, not the number of slots.
  const wide = buckets.length - 1 > WIDE;
  const [indent, room, bound, stars] = wide ? [15, 29, 20, 20] : [5, 19, 10, 40];
  const largest = buckets.map(({ count }) => count).reduce(larger, 0n);
  const row = ({ low, high, count }: Bucket) =>
    `${String(low).padStart(bound)} -> ${String(high).padEnd(bound)} : ${String(count).padEnd(8)} |${starsOf(count, largest, stars)}|`;
  return [`${" ".repeat(indent)}${unit.padEnd(room)} : count    distribution`, ...buckets.map(row)];
}

function starsOf(count: bigint, largest: bigint, width: number): string {
  const filled = largest === 0n ? 0 : Number((count * BigInt(width)) / largest);
  return "*".repeat(filled).padEnd(width);
}

function larger(one: bigint, other: bigint): bigint {
  return one < other ? other : one;
}
