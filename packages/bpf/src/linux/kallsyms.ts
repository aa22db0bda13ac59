import { NotFoundError, PermissionError, RelocationError } from "../errors.ts";
import type { Files } from "./files.ts";
import { readBytes } from "./read-file.ts";

const PATH = "/proc/kallsyms";
const NEWLINE = 0x0a;
const TAB = 0x09;
const DOT = 0x2e;

/**
 * Addresses of kernel symbols, from one read of /proc/kallsyms (10 MB and more). Lookups of one turn of the event loop
 * share the text; later ones read it anew, because modules come and go.
 */
export class Kallsyms {
  readonly #files: Files;
  #text: Buffer | undefined;

  constructor(files: Files) {
    this.#files = files;
  }

  /**
   * @throws {NotFoundError} {RelocationError} when the name has several addresses {PermissionError} when the kernel hides them
   */
  address(name: string): bigint {
    const found = this.addresses(name);
    const [address] = found;
    if (address === undefined) {
      throw new NotFoundError(`the kernel has no symbol "${name}"`, `check the name: grep ${name} ${PATH}`);
    }
    if (found.length > 1) {
      throw new RelocationError(
        `${found.length} kernel symbols are called "${name}": ${found.map((at) => `0x${at.toString(16)}`).join(", ")}`,
        "give an address, or a name that only one function has",
      );
    }
    if (address === 0n) {
      throw new PermissionError(
        `the kernel hides the address of "${name}"`,
        "run with CAP_SYSLOG, or set kernel.kptr_restrict to 0",
      );
    }
    return address;
  }

  /** Every address that the name has, each once. A compiler's `.llvm.<hash>` ending does not count. */
  addresses(name: string): readonly bigint[] {
    const text = this.#load();
    const wanted = Buffer.from(` ${name}`, "latin1");
    const found = new Set<bigint>();
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      if (!endsName(text, at + wanted.length)) continue;
      const address = lineAddress(text, at);
      if (address !== undefined) found.add(address);
    }
    return [...found];
  }

  #load(): Buffer {
    if (this.#text === undefined) {
      this.#text = readBytes(this.#files, PATH);
      setImmediate(() => {
        this.#text = undefined;
      });
    }
    return this.#text;
  }
}

/** A symbol's name ends with its line, or a tab before `[module]`. */
function endsName(text: Buffer, at: number): boolean {
  const next = text[at];
  if (next === undefined || next === NEWLINE || next === TAB) return true;
  return next === DOT && text.toString("latin1", at, at + 6) === ".llvm.";
}

/** The line is `ffffffff81000000 T name`: from the space before the name back to the line's start. */
function lineAddress(text: Buffer, spaceBeforeName: number): bigint | undefined {
  const start = text.lastIndexOf(NEWLINE, spaceBeforeName) + 1;
  const [, digits] = /^([0-9a-f]+) \S$/.exec(text.toString("latin1", start, spaceBeforeName)) ?? [];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}
