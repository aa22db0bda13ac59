import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A helper program in C, compiled when it is needed: `native/<name>.c`. */
export class NativeProgram implements Disposable {
  readonly path: string;
  readonly #directory: string;

  constructor(name: string, flags: readonly string[] = [], compiler = "gcc") {
    this.#directory = mkdtempSync(join(tmpdir(), "skep-native-"));
    // Tests run it as other users, too.
    chmodSync(this.#directory, 0o755);
    this.path = join(this.#directory, name);
    const source = fileURLToPath(new URL(`native/${name}.c`, import.meta.url));
    execFileSync(compiler, ["-O1", "-g", "-Wall", "-Werror", "-pthread", source, "-o", this.path, ...flags]);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
