import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** A helper program that does its work each time it is told to, says when it is done, and sleeps in between. */
export class HelperProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  #output = "";

  constructor(file: string, args: readonly string[] = []) {
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Resolves when it waits for its next task. */
  async asleep(): Promise<void> {
    while (!/^State:\sS/m.test(this.#status()) || !this.#readsInput()) await pause();
  }

  async work(word = "go"): Promise<void> {
    const before = this.#output.length;
    this.#child.stdin?.write(`${word}\n`);
    while (!this.#output.slice(before).includes("done")) await pause();
    await this.asleep();
  }

  /** Lets it work once more and end. */
  async finish(): Promise<void> {
    const end = once(this.#child, "exit");
    this.#child.stdin?.end("go\n");
    await end;
  }

  /** How often its only thread has left a CPU; while it sleeps also how often it got one, but for the first time. */
  switches(): number {
    const counts = [...this.#status().matchAll(/voluntary_ctxt_switches:\s*(\d+)/g)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const end = once(this.#child, "exit");
    this.#child.stdin?.end();
    this.#child.kill();
    await end;
  }

  #status(): string {
    return readFileSync(`/proc/${this.pid}/status`, "utf8");
  }

  /** In read(0, …), and not on the way to it. */
  #readsInput(): boolean {
    return /^(?:0|63) 0x0 /.test(readFileSync(`/proc/${this.pid}/syscall`, "utf8"));
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
