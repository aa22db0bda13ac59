import type { Shape } from "../shapes/shape.ts";
import { sum } from "./counters.ts";
import { entryIdentity } from "./entry-identity.ts";
import type { Entry } from "./map-reader.ts";
import type { StackEntry, StackReader } from "./stack-reader.ts";

/** What looks at a map of stacks found, gathered to be shown at the end. Names are asked for at each look, while processes live. */
export class StackTotals {
  readonly #reader: StackReader;
  readonly #value: Shape;
  readonly #adds: boolean;
  #entries = new Map<string, StackEntry>();

  /** @param adds whether each look shows what came since the one before; else the last look has it all */
  constructor(reader: StackReader, value: Shape, adds: boolean) {
    this.#reader = reader;
    this.#value = value;
    this.#adds = adds;
  }

  add(entries: readonly Entry[]): void {
    if (!this.#adds) this.#entries = new Map();
    for (const found of this.#reader.read(entries)) {
      const id = entryIdentity(found.entry);
      const before = this.#entries.get(id);
      const value = sum(this.#value, found.entry.value, before?.entry.value);
      const stacks = before?.stacks ?? found.stacks;
      this.#entries.set(id, { ...found, stacks, entry: { ...found.entry, value } });
    }
  }

  get entries(): readonly StackEntry[] {
    return [...this.#entries.values()];
  }
}
