import type { Loss } from "../output/view.ts";
import type { LostEvents } from "./feed.ts";

/** Milliseconds between two looks at the counters: how soon a loss shows, also when no event follows it. */
const INTERVAL = 1000;

/** Looks at all counters of lost events now and then, and reports what they gained. */
export class LossWatch {
  readonly #read: () => readonly LostEvents[];
  /** Shows a loss; false when that has to wait. */
  readonly #report: (loss: Loss) => boolean;
  readonly #reported = new Map<string, { count: bigint; at: bigint }>();
  #timer: NodeJS.Timeout | undefined;
  #total = 0n;

  constructor(read: () => readonly LostEvents[], report: (loss: Loss) => boolean) {
    this.#read = read;
    this.#report = report;
  }

  start(): void {
    const at = now();
    for (const { counter } of this.#read()) this.#reported.set(counter, { count: 0n, at });
    this.#timer = setInterval(() => this.#look(), INTERVAL);
  }

  /** Looks a last time. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#look();
  }

  /** All that was lost, as of now while watching. */
  get total(): bigint {
    if (this.#timer !== undefined) this.#count(this.#read());
    return this.#total;
  }

  /** All that was lost, as of the last look: that costs nothing. */
  get seen(): bigint {
    return this.#total;
  }

  #look(): void {
    const counters = new Map(this.#read().map((one) => [one.counter, one]));
    this.#count([...counters.values()]);
    const until = now();
    for (const [counter, { count, cause }] of counters) {
      const before = this.#reported.get(counter) ?? { count: 0n, at: until };
      if (count > before.count) {
        if (!this.#report({ count: count - before.count, since: before.at, until, cause })) continue;
      }
      this.#reported.set(counter, { count, at: until });
    }
  }

  /** Sources that share a counter are counted once. */
  #count(counters: readonly LostEvents[]): void {
    const each = new Map(counters.map(({ counter, count }) => [counter, count]));
    this.#total = [...each.values()].reduce((sum, count) => sum + count, 0n);
  }
}

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
