import type { Shape } from "../shapes/shape.ts";
import { sum } from "./counters.ts";
import { entryIdentity } from "./entry-identity.ts";
import type { Entry } from "./map-reader.ts";

/** What looks at a map found, gathered to be shown at the end. */
export class EntryTotals {
  readonly #value: Shape;
  readonly #adds: boolean;
  #entries = new Map<string, Entry>();

  /** @param adds whether each look shows what came since the one before; else the last look has it all */
  constructor(value: Shape, adds: boolean) {
    this.#value = value;
    this.#adds = adds;
  }

  add(entries: readonly Entry[]): void {
    if (!this.#adds) this.#entries = new Map();
    for (const entry of entries) {
      const id = entryIdentity(entry);
      const value = sum(this.#value, entry.value, this.#entries.get(id)?.value);
      this.#entries.set(id, { ...entry, value });
    }
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }
}
