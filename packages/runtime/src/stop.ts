/** Ctrl-C, `systemctl stop`, a closed terminal. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Waits for the end: a signal, or `stop()`. The second signal ends the process at once, as signals do by default. */
export class Stop implements Disposable {
  readonly requested: Promise<void>;
  #resolve: () => void = () => {};
  readonly #onSignal = () => this.stop();

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  stop(): void {
    this[Symbol.dispose]();
    this.#resolve();
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
