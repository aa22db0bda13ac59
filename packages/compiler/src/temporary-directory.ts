import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onProcessExit, PermissionError } from "@skep/bpf";

/** A new directory below the system's for temporary files. Goes when disposed, or when a signal ends the process before. */
export class TemporaryDirectory implements Disposable {
  readonly path: string;
  readonly #onExit: Disposable;

  /**
   * @param prefix of its name, `skep-compile-`
   * @throws {PermissionError} when the system's directory does not take one
   */
  constructor(prefix: string) {
    this.path = makeIn(tmpdir(), prefix);
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

function makeIn(directory: string, prefix: string): string {
  try {
    return mkdtempSync(join(directory, prefix));
  } catch (cause) {
    throw new PermissionError(
      `cannot make a temporary directory: ${(cause as Error).message}`,
      "name a directory that can be written in TMPDIR",
      { cause },
    );
  }
}
