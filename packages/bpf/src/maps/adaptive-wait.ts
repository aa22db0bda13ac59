import type { Native } from "../linux/native.ts";

/**
 * How a reading of the buffers ended:
 * `empty`: all was read; `busy`: a program is still writing the next record; `limit`: as much as was asked for.
 */
export type DrainEnd = "empty" | "busy" | "limit";

/**
 * How often to look at a buffer that gets more than `rate` events per second, in milliseconds. Being woken costs 50 to 100
 * microseconds of CPU, mostly for one event; five milliseconds later nobody has noticed.
 */
const TICKS = [
  { rate: 20_000, tick: 1 },
  { rate: 500, tick: 5 },
] as const;
const BUSY_TICK = 1;
/** Milliseconds over which the rate is averaged. */
const MEMORY = 20;

/**
 * Decides when to look again. When little happens, the kernel wakes us (epoll); when much happens, a timer does: at high
 * rates the wake-ups, one for nearly each event, cost several times as much as reading does, to us and to the program that
 * sends. Keeps the event loop alive until stopped.
 */
export class AdaptiveWait {
  readonly #native: Native;
  readonly #fds: readonly number[];
  readonly #wake: () => void;
  #watches: Disposable[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** Of the timer. */
  #tick = 0;
  #rate = 0;
  #last = performance.now();

  constructor(native: Native, fds: readonly number[], wake: () => void) {
    this.#native = native;
    this.#fds = fds;
    this.#wake = wake;
  }

  /** Call after each reading, with the number of events read: `wake` is called when it is time for the next. */
  arm(events: number, end: DrainEnd): void {
    this.#measure(events);
    if (end === "limit") {
      this.pause();
      this.#immediate = setImmediate(() => this.#fire());
      return;
    }
    // While a record is being written its descriptor stays readable: watching it would spin.
    const tick = end === "busy" ? BUSY_TICK : TICKS.find(({ rate }) => this.#rate > rate)?.tick;
    if (tick !== undefined) {
      this.#wakeAfter(tick);
      return;
    }
    this.#clearTimers();
    if (this.#watches.length > 0) return;
    for (const fd of this.#fds) this.#watches.push(this.#native.onReadable(fd, this.#wake));
    // What arrived since the last look may have spent its wake-up already (perf buffers report each once).
    this.#immediate = setImmediate(() => this.#fire());
  }

  /** Nothing is called until the next `arm`. */
  pause(): void {
    this.#clearTimers();
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]();
  }

  #wakeAfter(tick: number): void {
    if (this.#watches.length > 0 || this.#tick !== tick) this.pause();
    this.#tick = tick;
    // Set again and again: a new timer each time costs a tenth of a millisecond's tick.
    this.#timer = this.#timer?.refresh() ?? setTimeout(this.#wake, tick);
  }

  #fire(): void {
    this.#clearTimers();
    this.#wake();
  }

  #clearTimers(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
  }

  #measure(events: number): void {
    const now = performance.now();
    const elapsed = Math.max(now - this.#last, 0.001);
    this.#last = now;
    this.#rate += ((events / elapsed) * 1000 - this.#rate) * Math.min(1, elapsed / MEMORY);
  }
}
