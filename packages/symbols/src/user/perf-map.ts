import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type SymbolTable, tableOfClaims } from "../symbol-table.ts";

/** Longer files are read up to here: a virtual machine that runs for weeks keeps appending. */
const MOST_BYTES = 64 << 20;

/** Longer names are cut off. */
const MOST_NAME = 1024;

/** `7f12a4c0 3c LazyCompile:~main file.js:3`: start, size, name. */
const LINE = /^(?:0x)?0*([0-9a-f]{1,14}) (?:0x)?0*([0-9a-f]{1,12}) (.+)$/i;

/**
 * The text of a perf map file. Code is moved and thrown away, and other code written where it was: of two that claim an address,
 * the later line is right.
 */
export function parsePerfMap(text: string): SymbolTable {
  return tableOfClaims(
    text.split("\n").flatMap((line) => {
      const [, start, size, name] = LINE.exec(line) ?? [];
      if (start === undefined || size === undefined || name === undefined) return [];
      const at = Number.parseInt(start, 16);
      return [{ start: at, end: at + Number.parseInt(size, 16), name: name.slice(0, MOST_NAME).trimEnd() }];
    }),
  );
}

/**
 * A perf map file as it grows: runtimes write there what they compile (Node.js with --perf-basic-prof, Java with an agent).
 */
export class PerfMapFile {
  readonly #path: string;
  #state = "";
  #table: SymbolTable | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** undefined where there is no such file, or it is not for us. Read again when it has changed. */
  table(): SymbolTable | undefined {
    let file: number | undefined;
    try {
      // The folder belongs to everybody: what is there may be a pipe that never ends, or a link to somewhere else.
      file = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const stat = fstatSync(file);
      if (!stat.isFile()) return undefined;
      const state = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}`;
      if (state !== this.#state) {
        this.#table = parsePerfMap(readUpTo(file, Math.min(stat.size, MOST_BYTES)));
        this.#state = state;
      }
      return this.#table;
    } catch {
      // It may be gone by now, and what it said still true of a process that has just ended.
      return this.#table;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

function readUpTo(file: number, length: number): string {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const got = readSync(file, buffer, done, length - done, done);
    if (got === 0) break;
    done += got;
  }
  return buffer.toString("utf8", 0, done);
}
