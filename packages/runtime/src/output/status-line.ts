import { fstatSync } from "node:fs";
import type { Writable } from "node:stream";
import type { WriteStream } from "node:tty";
import { isTerminal } from "./is-terminal.ts";

/** To the begin of the line, and clear it. */
const ERASE = "\r\x1b[K";
const FAINT = (text: string) => `\x1b[2m${text}\x1b[22m`;
/** Milliseconds. What ends before shows no line. */
const INTERVAL = 1000;

/** What is needed of a terminal. */
export type StatusTerminal = Pick<WriteStream, "write"> & { readonly columns?: number };

/**
 * How a long run goes on, below what it shows: one line that is drawn anew every second, steps aside for rows, and is gone at
 * the end. Terminals are written to at once, so that what stands aside never ends up between two rows of one write.
 */
export class StatusLine implements Disposable {
  #timer: NodeJS.Timeout | undefined;
  #draw = () => {};
  #erase = () => {};

  /**
   * @param terminal undefined where nobody could read the line, or it would be in the way
   * @param text what to say, every second from the first on
   */
  start(terminal: StatusTerminal | undefined, text: () => string): void {
    if (terminal === undefined) return;
    // A line that fills the last column may take two.
    const draw = () => terminal.write(FAINT(text().slice(0, (terminal.columns || 80) - 1)));
    this.#timer = setInterval(() => {
      this.#draw = draw;
      this.#erase = () => terminal.write(ERASE);
      this.aside(() => {});
    }, INTERVAL);
  }

  /** Writes to the same screen while the line is away. */
  aside(write: () => void): void {
    this.#erase();
    write();
    this.#draw();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#draw = () => {};
    this.aside(() => {});
    this.#erase = () => {};
  }
}

/**
 * Where the line goes: standard error, when that is a terminal and what the run shows is a table on a terminal, or goes to a file.
 * Behind a pipe somebody else may write to the screen, who knows nothing of the line.
 */
export function statusTerminal(
  stderr: Writable,
  stdout: Writable,
  isTable: boolean,
): StatusTerminal | undefined {
  if (!isTerminal(stderr) || process.env.TERM === "dumb") return undefined;
  return (isTerminal(stdout) ? isTable : isFile(stdout)) ? stderr : undefined;
}

function isFile(stream: Writable): boolean {
  return "fd" in stream && typeof stream.fd === "number" && fstatSync(stream.fd).isFile();
}
