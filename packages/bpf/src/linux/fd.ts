import { ClosedError } from "../errors.ts";
import { traceClosed, traceOpened } from "./fd-trace.ts";

/** The single owner of a file descriptor. Closing twice is harmless; using it after closing throws. */
export class OwnedFd implements Disposable {
  #fd: number;
  readonly #close: (fd: number) => void;

  constructor(fd: number, close: (fd: number) => void) {
    this.#fd = fd;
    this.#close = close;
    traceOpened(fd);
  }

  /** The number, for one system call. Do not keep it. @throws {ClosedError} */
  get raw(): number {
    if (this.#fd < 0)
      throw new ClosedError("file descriptor is already closed", "keep its owner open while it is used");
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    traceClosed(fd);
    this.#close(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
