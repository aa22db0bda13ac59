import { closeSync, openSync, readSync } from "node:fs";
import { missing, type Symbolized } from "../symbolized.ts";
import { type KernelSymbolTable, parseKallsyms } from "./kallsyms.ts";

const PATH = "/proc/kallsyms";
/** How old what we know may be, in milliseconds, before an address it does not explain is worth reading it again. */
const FRESH = 10_000;

/**
 * Names of kernel addresses, BPF programs and modules among them, from one reading of /proc/kallsyms. Programs and modules come
 * and go: the file is read again when an address is unknown or in a BPF program and what we know is more than ten seconds old.
 */
export class KernelSymbols {
  readonly #read: () => Uint8Array;
  #table: KernelSymbolTable | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(read: () => Uint8Array = readKallsyms) {
    this.#read = read;
  }

  /** One answer for each address, in their order. Never throws for what is not there. */
  symbolize(addresses: readonly bigint[]): Symbolized[] {
    const answers = addresses.map((address) => this.#find(address));
    if (performance.now() - this.#readAt < FRESH || answers.every(isLasting)) return answers;
    this.#table = undefined;
    return addresses.map((address) => this.#find(address));
  }

  #find(address: bigint): Symbolized {
    const table = this.#load();
    const found = table?.find(address);
    if (found !== undefined) {
      const { name, module, offset } = found;
      return { kind: "found", name, offset: BigInt(offset), module };
    }
    return missing(table === undefined || !table.visible ? "kptr_restrict" : "unmapped");
  }

  #load(): KernelSymbolTable | undefined {
    if (this.#table !== undefined) return this.#table;
    this.#readAt = performance.now();
    try {
      this.#table = parseKallsyms(this.#read());
    } catch {
      // No /proc, or not for us: the addresses are hidden all the same.
      this.#table = parseKallsyms(new Uint8Array(0));
    }
    return this.#table;
  }
}

function isLasting(symbol: Symbolized): boolean {
  return symbol.kind === "found" ? symbol.module !== "bpf" : symbol.reason === "kptr_restrict";
}

/** Longer than any kernel's. */
const MOST = 256 << 20;

/** The kernel gives at most a page for each read, and does not say how many there will be. */
function readKallsyms(): Uint8Array {
  const file = openSync(PATH, "r");
  try {
    let buffer = Buffer.allocUnsafeSlow(8 << 20);
    let length = 0;
    for (;;) {
      const got = readSync(file, buffer, length, buffer.length - length, null);
      if (got === 0 || length >= MOST) return buffer.subarray(0, length);
      length += got;
      if (buffer.length - length > 1 << 16) continue;
      const larger = Buffer.allocUnsafeSlow(buffer.length * 2);
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
  } finally {
    closeSync(file);
  }
}
