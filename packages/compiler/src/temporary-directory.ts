import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onProcessExit } from "@skep/bpf";

/** A new directory below the system's for temporary files. Goes when disposed, or when a signal ends the process before. */
export class TemporaryDirectory implements Disposable {
  readonly path: string;
  readonly #onExit: Disposable;

  /** @param prefix of its name, `skep-compile-` */
  constructor(prefix: string) {
    this.path = mkdtempSync(join(tmpdir(), prefix));
    this.#onExit = onProcessExit(() => this.#remove());
  }

  [Symbol.dispose](): void {
    this.#onExit[Symbol.dispose]();
    this.#remove();
  }

  #remove(): void {
    // A compiler that outlives a signal to us may put a file into it at this moment.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}
