import { malformedXz } from "./malformed-xz.ts";

/** Probabilities are of 11 bits and move by a 32nd of what they were wrong by. */
const ONE = 1 << 11;
const MOVE = 5;
const TOP = 2 ** 24;

/** Probabilities that say nothing yet. */
export function newProbabilities(count: number): Uint16Array {
  return new Uint16Array(count).fill(ONE >>> 1);
}

/** Reads bits that were written with adaptive probabilities (the range coder of LZMA). */
export class RangeDecoder {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #range = 0xffff_ffff;
  #code = 0;

  /** @throws {MalformedError} */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    if (this.#next() !== 0) throw malformedXz("a chunk does not begin with zero");
    for (let index = 0; index < 4; index++) this.#code = this.#code * 256 + this.#next();
  }

  #next(): number {
    if (this.#at >= this.#end) throw malformedXz("a chunk ends early");
    return this.#bytes[this.#at++] ?? 0;
  }

  #normalize(): void {
    if (this.#range >= TOP) return;
    this.#range *= 256;
    this.#code = (this.#code * 256 + this.#next()) % 2 ** 32;
  }

  bit(probabilities: Uint16Array, index: number): 0 | 1 {
    this.#normalize();
    const probability = probabilities[index] ?? 0;
    const bound = (this.#range >>> 11) * probability;
    if (this.#code < bound) {
      this.#range = bound;
      probabilities[index] = probability + ((ONE - probability) >>> MOVE);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    probabilities[index] = probability - (probability >>> MOVE);
    return 1;
  }

  /** Bits that are as often 0 as 1. */
  direct(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      this.#normalize();
      this.#range = this.#range >>> 1;
      const one = this.#code >= this.#range;
      if (one) this.#code -= this.#range;
      value = value * 2 + (one ? 1 : 0);
    }
    return value;
  }

  /** A number of `bits` bits, the highest first. The tree begins at `at`. */
  tree(probabilities: Uint16Array, at: number, bits: number): number {
    let node = 1;
    for (let index = 0; index < bits; index++) node = node * 2 + this.bit(probabilities, at + node);
    return node - (1 << bits);
  }

  /** The same, the lowest bit first. */
  reverseTree(probabilities: Uint16Array, at: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let index = 0; index < bits; index++) {
      const bit = this.bit(probabilities, at + node);
      node = node * 2 + bit;
      value += bit << index;
    }
    return value;
  }
}
