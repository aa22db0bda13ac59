import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { UsageError } from "./usage-error.ts";

/** Waits for a line before it becomes the command: by then all programs are attached. The pid stays the same. */
const WAIT = 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"';

/**
 * A command that is started to be looked at. What it prints goes to standard error: standard output is the tool's.
 */
export class ChildCommand implements Disposable {
  readonly pid: number;
  /** Resolves to what is to be said about the end; undefined when it ended well. */
  readonly ended: Promise<string | undefined>;
  readonly #child: ChildProcess;
  #gone = false;

  /** @throws {UsageError} */
  constructor(command: readonly string[]) {
    if (command.length === 0)
      throw new UsageError("there is no command behind --", "write -- COMMAND ARGUMENTS");
    this.#child = spawn("/bin/sh", ["-c", WAIT, "sh", ...command], {
      stdio: ["inherit", process.stderr, "inherit", "pipe"],
    });
    const { pid } = this.#child;
    this.ended = once(this.#child, "exit").then(([code, signal]) => {
      this.#gone = true;
      if (signal !== null) return `${command[0]} was ended by ${signal}`;
      return code === 0 ? undefined : `${command[0]} ended with code ${code}`;
    });
    if (pid === undefined) {
      this.ended.catch(() => {});
      throw new UsageError(`${command[0]} cannot be started`, "see whether /bin/sh can be run");
    }
    this.pid = pid;
    // Nobody reads any more when it ended before it began.
    this.#gate.on("error", () => {});
  }

  go(): void {
    this.#gate.end("\n");
  }

  /** Programs may hold it (SIGSTOP) until what it has mapped is known. */
  goOn(pid: number): void {
    if (pid === this.pid && !this.#gone) this.#child.kill("SIGCONT");
  }

  /** A command that we started does not outlive us. */
  [Symbol.dispose](): void {
    if (this.#gone) return;
    this.#child.kill("SIGTERM");
    this.#child.kill("SIGCONT");
  }

  get #gate(): Writable {
    return this.#child.stdio[3] as Writable;
  }
}
