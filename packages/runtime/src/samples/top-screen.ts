import type { Terminal } from "./terminal.ts";

const UP = (lines: number) => (lines === 0 ? "" : `\x1b[${lines}A`);
/** From the cursor to the end of the screen. */
const CLEAR = "\r\x1b[J";
const HOME = "\x1b[H";

/**
 * Lines that take the place of those before them. The rest of the screen and what has scrolled by stay as they are, and the last
 * lines remain when the tool ends.
 */
export class TopScreen {
  readonly #terminal: Pick<Terminal, "columns" | "rows">;
  #drawn = 0;
  #resized = false;

  constructor(terminal: Pick<Terminal, "columns" | "rows">) {
    this.#terminal = terminal;
  }

  /** The screen has another size: where the lines are now, nobody knows. */
  resize(): void {
    this.#resized = true;
  }

  /** As many lines as fit, none longer than the screen is wide. A line feed follows each. */
  draw(lines: readonly string[]): string[] {
    const { columns, rows } = this.#terminal;
    const shown = lines.slice(0, Math.max(1, rows - 1)).map((line) => cut(line, columns));
    const start = this.#resized ? HOME : UP(this.#drawn);
    this.#drawn = shown.length;
    this.#resized = false;
    return shown.map((line, index) => (index === 0 ? `${start}${CLEAR}${line}` : line));
  }
}

/** By characters, not by halves of them. */
function cut(line: string, columns: number): string {
  if (line.length <= columns) return line;
  return [...line].slice(0, columns).join("");
}
