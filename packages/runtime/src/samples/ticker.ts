/** A timer that does not drift: the n-th tick is due n intervals after the start, however long ticks take. */
export class Ticker {
  readonly #interval: number;
  readonly #tick: () => void;
  #due: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `interval` is in milliseconds. */
  constructor(interval: number, tick: () => void) {
    this.#interval = interval;
    this.#tick = tick;
  }

  /** The first tick comes after an interval; after a pause ticks go on in the old rhythm. */
  start(): void {
    const now = performance.now();
    if (this.#due === undefined || this.#due <= now)
      this.#due = nextDue(this.#due ?? now, now, this.#interval);
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const left = (this.#due ?? 0) - performance.now();
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, Math.ceil(left)));
  }

  #fire(): void {
    const due = this.#due ?? 0;
    // The tick may stop the ticker, which then has no timer left to set.
    if (performance.now() >= due) {
      this.#due = nextDue(due, performance.now(), this.#interval);
      this.#wait();
      this.#tick();
    } else this.#wait();
  }
}

/** The first point of the rhythm after now: ticks that nobody had time for are left out. */
export function nextDue(due: number, now: number, interval: number): number {
  return due + interval * Math.max(1, Math.floor((now - due) / interval) + 1);
}
