import type { Writable } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";
import { isTerminal } from "../output/is-terminal.ts";

const CTRL_C = "\x03";
const CTRL_Z = "\x1a";

/** A screen that somebody looks at, and the keyboard beside it. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Calls back when the screen has another size, and when it was somebody else's meanwhile. */
  onRedraw(callback: () => void): void;
  close(): void;
}

/** undefined when `stdout` is a pipe or a file. */
export function terminalOf(stdout: Writable): Terminal | undefined {
  return isTerminal(stdout) ? new HostTerminal(stdout, process.stdin) : undefined;
}

class HostTerminal implements Terminal {
  readonly #screen: WriteStream;
  readonly #keyboard: ReadStream | undefined;
  #redraw = () => {};
  readonly #onResize = () => this.#redraw();
  readonly #onContinue = () => {
    this.#keyboard?.setRawMode(true);
    this.#redraw();
  };
  readonly #onKeys = (keys: Buffer) => this.#press(keys.toString("latin1"));

  constructor(screen: WriteStream, keyboard: NodeJS.ReadStream) {
    this.#screen = screen;
    this.#keyboard = keyboard.isTTY ? keyboard : undefined;
    screen.on("resize", this.#onResize);
    process.on("SIGCONT", this.#onContinue);
    this.#keyboard?.setRawMode(true);
    this.#keyboard?.on("data", this.#onKeys).resume();
  }

  get columns(): number {
    return this.#screen.columns || 80;
  }

  get rows(): number {
    return this.#screen.rows || 24;
  }

  onRedraw(callback: () => void): void {
    this.#redraw = callback;
  }

  close(): void {
    this.#screen.off("resize", this.#onResize);
    process.off("SIGCONT", this.#onContinue);
    this.#keyboard?.off("data", this.#onKeys).pause();
    this.#keyboard?.setRawMode(false);
  }

  /** While keys arrive one by one, the terminal sends no signals: those that they stand for are ours to send. */
  #press(keys: string): void {
    if (keys.includes("q") || keys.includes(CTRL_C)) process.kill(process.pid, "SIGINT");
    if (!keys.includes(CTRL_Z)) return;
    this.#keyboard?.setRawMode(false);
    process.kill(process.pid, "SIGTSTP");
  }
}
