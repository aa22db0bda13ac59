/** Ctrl-C, `systemctl stop`, a closed terminal. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Waits for the end: a signal, a length of time, or `stop()`. The second signal ends the process at once, as signals do by default. */
export class Stop implements Disposable {
  readonly requested: Promise<void>;
  #resolve: () => void = () => {};
  readonly #onSignal = () => this.stop();
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param duration milliseconds after which it is the end */
  constructor(duration?: number) {
    this.requested = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    if (duration !== undefined) this.#timer = setTimeout(this.#onSignal, duration);
  }

  stop(): void {
    this[Symbol.dispose]();
    this.#resolve();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
