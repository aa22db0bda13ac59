import type { Writable } from "node:stream";
import { outputCost, Slot } from "../protocol.ts";

/**
 * What the guest writes, on its way to our streams. They are counted in shared memory until they are written, so that the
 * guest's thread waits while a reader is slow.
 */
export class GuestOutput implements Disposable {
  readonly #streams: Readonly<Record<1 | 2, Writable>>;
  readonly #shared: Int32Array;
  readonly #onClosed: () => void;
  #unread = 0;
  #settled: () => void = () => {};

  /** `onClosed`: a reader has gone. */
  constructor(streams: Readonly<Record<1 | 2, Writable>>, shared: Int32Array, onClosed: () => void) {
    this.#streams = streams;
    this.#shared = shared;
    this.#onClosed = onClosed;
    for (const stream of [streams[1], streams[2]]) stream.on("error", this.#onClosed);
  }

  write(fd: 1 | 2, bytes: Uint8Array): void {
    this.#unread += bytes.length;
    this.#streams[fd].write(bytes, () => {
      this.#unread -= bytes.length;
      Atomics.sub(this.#shared, Slot.output, outputCost(bytes));
      Atomics.notify(this.#shared, Slot.output);
      if (this.#unread === 0) this.#settled();
    });
  }

  /**
   * Resolves when everything is written, or after so many milliseconds.
   * @returns bytes that no reader has taken
   */
  async finish(milliseconds: number): Promise<number> {
    if (this.#unread === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = Number.isFinite(milliseconds) ? setTimeout(resolve, milliseconds) : undefined;
      this.#settled = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#unread;
  }

  [Symbol.dispose](): void {
    for (const stream of [this.#streams[1], this.#streams[2]]) stream.off("error", this.#onClosed);
  }
}
