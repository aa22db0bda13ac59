import type { BpfValue } from "@skep/bpf";
import type { Column } from "../output/columns.ts";
import type { View } from "../output/view.ts";
import { compareBy, type SortKey, type SortValue, sortValues } from "./sort.ts";

interface Row {
  readonly values: readonly SortValue[];
  readonly text: string;
}

/** Rows that are kept for sorting. */
const MOST = 100_000;

/**
 * Rows that wait for the end, to be shown in order. Only so many are kept: the first ones of the order, so that what is left
 * out is what one would have had to scroll to.
 */
export class SortedRows {
  readonly #compare: (a: Row, b: Row) => number;
  readonly #valuesOf = new Map<View, (event: BpfValue) => SortValue[]>();
  readonly #most: number;
  #rows: Row[] = [];
  #leftOut = 0;

  /** `columns`: what the events of each view have. */
  constructor(keys: readonly SortKey[], columns: ReadonlyMap<View, readonly Column[]>, most = MOST) {
    const compare = compareBy(keys);
    this.#compare = (a, b) => compare(a.values, b.values);
    for (const [view, its] of columns) this.#valuesOf.set(view, sortValues(keys, its));
    this.#most = most;
  }

  /** Rows that were too many to keep. */
  get leftOut(): number {
    return this.#leftOut;
  }

  add(view: View, event: BpfValue): void {
    this.#rows.push({ values: this.#valuesOf.get(view)?.(event) ?? [], text: view.row(event) });
    // Sorting only when there are twice as many keeps the cost of each row constant.
    if (this.#rows.length >= this.#most * 2) this.#shorten();
  }

  /** All rows in their order. Equal ones keep theirs. */
  take(): string[] {
    this.#shorten();
    return this.#rows.splice(0).map(({ text }) => text);
  }

  #shorten(): void {
    this.#rows.sort(this.#compare);
    this.#leftOut += Math.max(0, this.#rows.length - this.#most);
    this.#rows.length = Math.min(this.#rows.length, this.#most);
  }
}
