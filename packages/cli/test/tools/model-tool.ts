import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";

/** A tool of libbpf-tools, running beside ours to be compared with. */
export class ModelTool implements AsyncDisposable {
  readonly #child: ChildProcess;
  #text = "";
  #complaints = "";

  /** @returns undefined where it is not installed */
  static async start(name: string, args: readonly string[], header: string): Promise<ModelTool | undefined> {
    const path = `/usr/sbin/${name}`;
    if (!existsSync(path)) return undefined;
    const tool = new ModelTool(path, args);
    while (!tool.#text.includes(header)) await pause();
    return tool;
  }

  private constructor(path: string, args: readonly string[]) {
    // Its output would otherwise wait for 4 KB.
    this.#child = spawn("stdbuf", ["-oL", path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#text += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
  }

  /** Rows that are `wanted`, and events of any kind that it says it lost, when there are `enough` of both or time is up. */
  async count(wanted: (row: string) => boolean, enough: number): Promise<number> {
    const rows = () => this.#text.split("\n").filter(wanted).length;
    for (const end = Date.now() + 10_000; rows() + this.#lost < enough && Date.now() < end; ) await pause();
    return rows() + this.#lost;
  }

  get #lost(): number {
    return [...this.#complaints.matchAll(/lost (\d+) events/gi)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGINT");
    await once(this.#child, "close");
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
