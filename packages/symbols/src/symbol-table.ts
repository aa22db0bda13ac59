/** Functions by address. Addresses are exact to 2^53. */
export interface SymbolTable {
  /** Entries. */
  readonly length: number;
  /** Bytes of memory that the table keeps. */
  readonly bytes: number;
  find(address: number): { readonly name: string; readonly offset: number } | undefined;
}

/** One function to be in a table. */
export interface SymbolRange {
  readonly start: number;
  /** The first address after it. */
  readonly end: number;
  readonly name: string;
}

/**
 * A table over arrays in order of `starts`. Ranges may overlap and lie in one another; the one that begins last before the
 * address and holds it is the answer.
 * @param nameAt the name of an entry, asked for only when it is found
 */
export function symbolTable(
  starts: Float64Array,
  ends: Float64Array,
  nameAt: (index: number) => string,
  bytesOfNames: number,
): SymbolTable {
  // How far anything reaches that begins here or before: where to stop walking back.
  const reach = new Float64Array(starts.length);
  let furthest = 0;
  for (let index = 0; index < starts.length; index++) {
    furthest = Math.max(furthest, ends[index] ?? 0);
    reach[index] = furthest;
  }
  return {
    length: starts.length,
    bytes: starts.byteLength * 3 + bytesOfNames,
    find(address) {
      for (let index = lastNotAfter(starts, address); index >= 0; index--) {
        if ((reach[index] ?? 0) <= address) return undefined;
        if ((ends[index] ?? 0) > address)
          return { name: nameAt(index), offset: address - (starts[index] ?? 0) };
      }
      return undefined;
    },
  };
}

/** A table of a few ranges in any order. Of several with the same start the last one counts. */
export function tableOfRanges(ranges: readonly SymbolRange[]): SymbolTable {
  const latest = new Map(ranges.map((range) => [range.start, range]));
  const sorted = [...latest.values()].sort((one, other) => one.start - other.start);
  return symbolTable(
    Float64Array.from(sorted, ({ start }) => start),
    Float64Array.from(sorted, ({ end }) => end),
    (index) => sorted[index]?.name ?? "",
    sorted.reduce((bytes, { name }) => bytes + name.length, 0),
  );
}

/** Index of the last element that is not greater than `value`; -1 when all are. */
export function lastNotAfter(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
