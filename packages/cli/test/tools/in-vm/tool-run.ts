import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { readPackage } from "@skep/package";
import { explain, runPackage } from "@skep/runtime";

/** What a tool reported; `code` is its exit status. */
export interface ToolReport {
  readonly code: number;
  readonly stderr: string;
  // biome-ignore lint/suspicious/noExplicitAny: every tool reports something else
  readonly events: readonly any[];
}

/**
 * A run of a bundled tool inside this process: one of its own takes five to ten seconds to start in a virtual machine without
 * KVM, and runs after the first have the kernel's types and warm code.
 */
export class ToolRun {
  readonly #stdout = new Text();
  readonly #stderr = new Text();
  readonly #code: Promise<number>;

  /** @param args the tool and its arguments */
  constructor([name = "", ...args]: readonly string[]) {
    this.#code = this.#run(name, args);
  }

  /** Once it is attached, or over. False when it is over. */
  attached(): Promise<boolean> {
    return Promise.race([this.#stderr.holds("attached").then(() => true), this.#code.then(() => false)]);
  }

  /** When it has ended. */
  async report(): Promise<ToolReport> {
    const code = await this.#code;
    const lines = this.#stdout.text.split("\n").filter((line) => line !== "");
    return { code, stderr: this.#stderr.text, events: lines.map((line) => JSON.parse(line)) };
  }

  async #run(name: string, args: readonly string[]): Promise<number> {
    try {
      const pkg = readPackage(readFileSync(`tools/${name}/package.json`));
      const streams = { stdout: this.#stdout, stderr: this.#stderr };
      return (await runPackage(pkg, { name, args: ["--json", ...args], ...streams })).exitCode;
    } catch (error) {
      const { lines, exitCode } = explain(error);
      this.#stderr.write(`${lines.join("\n")}\n`);
      return exitCode;
    }
  }
}

/** Ends all runs, as Ctrl-C does. */
export function endRuns(): void {
  process.emit("SIGINT");
}

class Text extends Writable {
  text = "";
  readonly #awaited = new Map<string, () => void>();

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    for (const [words, found] of this.#awaited) if (this.text.includes(words)) found();
    done();
  }

  holds(words: string): Promise<void> {
    return new Promise((found) => {
      if (this.text.includes(words)) found();
      else this.#awaited.set(words, found);
    });
  }
}
