/** Ranges in order of their starts, which may overlap and lie in one another. */
export class Ranges {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** How far anything reaches that begins here or before: where to stop walking back. */
  readonly #reach: Float64Array;

  constructor(starts: Float64Array, ends: Float64Array) {
    this.starts = starts;
    this.ends = ends;
    this.#reach = new Float64Array(starts.length);
    let furthest = 0;
    for (let index = 0; index < starts.length; index++) {
      furthest = Math.max(furthest, ends[index] ?? 0);
      this.#reach[index] = furthest;
    }
  }

  /** Bytes of memory. */
  get bytes(): number {
    return this.starts.byteLength * 3;
  }

  /** Index of the range that begins last before the address and holds it; -1 when none does. */
  find(address: number): number {
    for (let index = lastNotAfter(this.starts, address); index >= 0; index--) {
      if ((this.#reach[index] ?? 0) <= address) return -1;
      if ((this.ends[index] ?? 0) > address) return index;
    }
    return -1;
  }
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
