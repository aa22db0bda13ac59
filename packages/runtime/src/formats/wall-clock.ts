import type { ClockName, Machine } from "./machine.ts";

/** How long the difference between two clocks is trusted, in milliseconds: clocks are set, and drift. */
const TRUST = 1000;

/** Turns times of other clocks into the time of day. */
export class WallClock {
  readonly #machine: Machine;
  readonly #offsets = new Map<ClockName, { readonly offset: bigint; readonly until: number }>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Nanoseconds since 1970 of a time in nanoseconds that `clock` gave. */
  at(time: bigint, clock: ClockName): bigint {
    return time + this.offset(clock);
  }

  /** What to add to a time of `clock`. */
  offset(clock: ClockName): bigint {
    if (clock === "wall") return 0n;
    const now = performance.now();
    const known = this.#offsets.get(clock);
    if (known !== undefined && now < known.until) return known.offset;
    const offset = this.#machine.now("wall") - this.#machine.now(clock);
    this.#offsets.set(clock, { offset, until: now + TRUST });
    return offset;
  }
}
