import type { Readable } from "node:stream";

const EVENTS = ["readable", "end", "close", "error"] as const;

/** Standard input, for a guest that asks. The stream is not touched before that. */
export class GuestInput implements Disposable {
  readonly #open: () => Readable;
  #stream: (Readable & { unref?: () => void }) | undefined;

  constructor(open: () => Readable) {
    this.#open = open;
  }

  /** Up to `length` bytes; none at the end of input; undefined when interrupted. */
  async read(length: number, interrupt: Promise<void>): Promise<Uint8Array | undefined> {
    if (!(await this.ready(-1, interrupt))) return undefined;
    const stream = this.#started();
    const bytes: Buffer | null = stream.read(Math.min(length, stream.readableLength));
    return bytes ?? new Uint8Array();
  }

  /** Whether a read would answer at once, after `timeout` milliseconds at most (no limit when negative). */
  async ready(timeout: number, interrupt: Promise<void>): Promise<boolean> {
    const stream = this.#started();
    let timer: NodeJS.Timeout | undefined;
    let wake = () => {};
    const over = new Promise<"over">((resolve) => {
      if (timeout >= 0) timer = setTimeout(() => resolve("over"), timeout);
      void interrupt.then(() => resolve("over"));
    });
    try {
      for (;;) {
        if (stream.readableLength > 0 || stream.readableEnded || stream.destroyed) return true;
        const change = new Promise<void>((resolve) => {
          wake = resolve;
          for (const event of EVENTS) stream.once(event, wake);
        });
        // Nothing is read ahead until asked for.
        stream.read(0);
        if ((await Promise.race([change, over])) === "over") return false;
        for (const event of EVENTS) stream.off(event, wake);
      }
    } finally {
      for (const event of EVENTS) stream.off(event, wake);
      clearTimeout(timer);
    }
  }

  /** Waiting for input no longer keeps the process alive. */
  [Symbol.dispose](): void {
    this.#stream?.pause();
    this.#stream?.unref?.();
  }

  #started(): Readable {
    this.#stream ??= this.#open();
    return this.#stream;
  }
}
