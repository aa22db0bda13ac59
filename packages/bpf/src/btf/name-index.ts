import { infoKind } from "./record.ts";
import type { BtfStrings } from "./strings.ts";
import { BtfKind } from "./types.ts";

const UNDERSCORE = 0x5f;
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Finds the ids that may have a name: two typed arrays, no string and no object per type. Functions have an index of their
 * own: they are four fifths of a kernel's names, and few programs look for one.
 * Keyed by the hash of the name without its flavour, so that one index answers both exact and flavoured
 * look-ups. It may answer too much, never too little: the caller compares the names.
 */
export class NameIndex {
  /** First record of each bucket plus one; 0 is empty. */
  readonly #heads: Uint32Array;
  /** Record that follows in the same bucket plus one. */
  readonly #next: Uint32Array;
  readonly #mask: number;

  /**
   * `positions` are the word positions of records in `words`, whose first word is a checked name offset. Of these, the
   * functions alone are indexed, or all the others.
   */
  constructor(words: Uint32Array, positions: Uint32Array, strings: BtfStrings, functions: boolean) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, positions.length)));
    this.#mask = size - 1;
    this.#heads = new Uint32Array(size);
    this.#next = new Uint32Array(positions.length);
    const { bytes, start } = strings;
    // From the last to the first, so that every chain ascends.
    for (let record = positions.length - 1; record >= 0; record--) {
      const position = positions[record]!;
      const offset = words[position]!;
      if (offset === 0 || (infoKind(words[position + 1]!) === BtfKind.Func) !== functions) continue;
      const hash = offset >= start ? hashEssential(bytes, offset - start) : hashInBase(strings, offset);
      const bucket = hash & this.#mask;
      this.#next[record] = this.#heads[bucket]!;
      this.#heads[bucket] = record + 1;
    }
  }

  /** Calls back with each record (0-based, ascending) whose essential name may be this. */
  candidates(essential: string, visit: (record: number) => void): void {
    const bucket = hashBytes(Buffer.from(essential)) & this.#mask;
    for (let link = this.#heads[bucket]!; link !== 0; link = this.#next[link - 1]!) visit(link - 1);
  }
}

function hashInBase(strings: BtfStrings, offset: number): number {
  const { bytes, from } = strings.locate(offset);
  return hashEssential(bytes, from);
}

/** FNV-1a of a NUL-terminated name up to its flavour. */
function hashEssential(bytes: Uint8Array, from: number): number {
  let hash = FNV_BASIS;
  let essential = FNV_BASIS;
  let beforeRun = FNV_BASIS;
  let flavoured = false;
  let run = 0;
  for (let at = from; ; at++) {
    const byte = bytes[at]!;
    if (byte === 0) break;
    if (byte === UNDERSCORE) {
      if (run++ === 0) beforeRun = hash;
    } else {
      if (run === 3 && at - 3 > from) {
        essential = beforeRun;
        flavoured = true;
      }
      run = 0;
    }
    hash = Math.imul(hash ^ byte, FNV_PRIME);
  }
  return flavoured ? essential : hash;
}

function hashBytes(bytes: Uint8Array): number {
  let hash = FNV_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash;
}
