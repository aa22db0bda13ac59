import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const bin = (command: string) => fileURLToPath(new URL(`../bin/${command}.cjs`, import.meta.url));

/** The built command as a real process: what users run. */
export class SkepProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;

  constructor(args: readonly string[], { command = "skep", prefix = [] as readonly string[] } = {}) {
    const [file = process.execPath, ...rest] = [...prefix, process.execPath, bin(command), ...args];
    this.child = spawn(file, rest, { stdio: ["pipe", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#exit = once(this.child, "close").then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Resolves once `condition` holds; fails when the process ends first. */
  async until(condition: (process: this) => boolean): Promise<void> {
    let ended = false;
    void this.#exit.then(() => {
      ended = true;
    });
    while (!condition(this)) {
      if (ended) throw new Error(`skep ended early:\n${this.stdout}\n${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** The header or the note on standard error: all programs are attached. */
  async attached(): Promise<this> {
    await this.until(({ stdout, stderr }) => stdout.includes("TIME ") || stderr.includes("attached"));
    return this;
  }

  async end(
    signal: NodeJS.Signals = "SIGINT",
  ): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    this.child.kill(signal);
    return this.#exit;
  }

  exit(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    return this.#exit;
  }

  /** Output of `--json`. */
  events<T>(): T[] {
    return this.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as T);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.end("SIGKILL");
  }
}
