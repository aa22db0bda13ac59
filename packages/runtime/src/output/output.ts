import type { Writable } from "node:stream";

/** A pipe or socket whose reader has gone, a terminal that was closed. */
const READER_HAS_GONE = new Set(["EPIPE", "ECONNRESET", "EIO", "ERR_STREAM_DESTROYED"]);

/** A line of text; bytes are written as they are. */
export type Line = string | Uint8Array;

/**
 * Standard output, a batch at a time. Lines collect until `flush`, which makes one write of them, so a reader
 * never sees half a row. What the reader does not take stays with us up to `limit`; then `full` turns true and
 * events wait in the kernel's buffers, where the kernel counts what no longer fits.
 */
export class Output {
  readonly #stream: Writable;
  readonly #limit: number;
  #pending = "";
  #inFlight = 0;
  #closed = false;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];
  /** Set when the reader has gone (`| head`): nothing more can be shown. */
  onClosed: () => void = () => {};
  /** Set to be told when `full` ends. */
  onDrain: () => void = () => {};
  /** Set where something on the same screen has to step aside while we write. */
  aside: (write: () => void) => void = (write) => write();

  /** `limit` is in bytes (UTF-16 units, which is what a string costs). */
  constructor(stream: Writable, limit = 1 << 20) {
    this.#stream = stream;
    this.#limit = limit;
    stream.on("error", (error: NodeJS.ErrnoException) => this.#fail(error));
  }

  get closed(): boolean {
    return this.#closed;
  }

  get full(): boolean {
    return this.#inFlight + this.#pending.length >= this.#limit;
  }

  line(text: string): void {
    this.#pending += text;
    this.#pending += "\n";
  }

  /** What is no text: a file as a whole. */
  bytes(bytes: Uint8Array): void {
    this.flush();
    if (this.#closed) return;
    this.#inFlight += bytes.length;
    this.#write(bytes, () => {
      this.#inFlight -= bytes.length;
      if (this.#inFlight === 0) this.#settle();
    });
  }

  flush(): void {
    if (this.#pending === "" || this.#closed) return;
    const batch = this.#pending;
    this.#pending = "";
    this.#inFlight += batch.length;
    const wasFull = this.full;
    this.#write(batch, () => {
      this.#inFlight -= batch.length;
      if (wasFull && !this.full) this.onDrain();
      if (this.#inFlight === 0) this.#settle();
    });
  }

  #write(chunk: string | Uint8Array, done: () => void): void {
    const written = (error?: Error | null) => {
      // The stream says so once more, when `finish` may have been told already that all is written.
      if (error) this.#fail(error);
      done();
    };
    this.aside(() => this.#stream.write(chunk, written));
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (!READER_HAS_GONE.has(error.code ?? "")) this.#failure ??= error;
    this.#close();
  }

  /**
   * Resolves when everything is written, the reader has gone, or `milliseconds` have passed.
   * @returns what the reader has not taken, in characters
   * @throws what kept the output from being written: a full disk
   */
  async finish(milliseconds: number): Promise<number> {
    this.flush();
    this.#check();
    if (this.#inFlight === 0 || this.#closed) return 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#check();
    return this.#closed ? 0 : this.#inFlight;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = "";
    this.#settle();
    this.onClosed();
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
