import { malformedXz } from "./malformed-xz.ts";
import { newProbabilities, type RangeDecoder } from "./range-decoder.ts";

const STATES = 12;
/** States below this follow a literal. */
const AFTER_LITERALS = 7;
const POSITIONS = 16;
const LITERAL = 0x300;
const SHORTEST = 2;

/** What was decompressed so far, which is also what matches copy from. */
export interface Output {
  readonly bytes: Uint8Array;
  length: number;
  /** Matches reach back to here. */
  start: number;
}

/** Lengths of matches: short, middle and long ones apart. */
class LengthDecoder {
  readonly #choice = newProbabilities(2);
  readonly #short = newProbabilities(POSITIONS * 8);
  readonly #middle = newProbabilities(POSITIONS * 8);
  readonly #long = newProbabilities(256);

  read(input: RangeDecoder, position: number): number {
    if (input.bit(this.#choice, 0) === 0) return input.tree(this.#short, position * 8, 3);
    if (input.bit(this.#choice, 1) === 0) return 8 + input.tree(this.#middle, position * 8, 3);
    return 16 + input.tree(this.#long, 0, 8);
  }
}

/** What LZMA remembers between symbols (the LZMA specification of Igor Pavlov's SDK; names as there). */
export class LzmaState {
  readonly #contextBits: number;
  readonly #literalPositionMask: number;
  readonly #positionMask: number;
  readonly #literals: Uint16Array;
  readonly #isMatch = newProbabilities(STATES * POSITIONS);
  readonly #isRepeat = newProbabilities(STATES);
  readonly #isRepeat0 = newProbabilities(STATES);
  readonly #isRepeat1 = newProbabilities(STATES);
  readonly #isRepeat2 = newProbabilities(STATES);
  readonly #isRepeat0Long = newProbabilities(STATES * POSITIONS);
  readonly #slots = newProbabilities(4 * 64);
  readonly #distances = newProbabilities(128);
  readonly #align = newProbabilities(16);
  readonly #lengths = new LengthDecoder();
  readonly #repeatLengths = new LengthDecoder();
  readonly #repeats: [number, number, number, number] = [0, 0, 0, 0];
  #state = 0;

  /** @throws {MalformedError} for properties that LZMA2 does not allow */
  constructor(properties: number) {
    const lc = properties % 9;
    const lp = Math.floor(properties / 9) % 5;
    const pb = Math.floor(properties / 45);
    if (properties >= 225 || lc + lp > 4) throw malformedXz(`bad properties ${properties}`);
    this.#contextBits = lc;
    this.#literalPositionMask = (1 << lp) - 1;
    this.#positionMask = (1 << pb) - 1;
    this.#literals = newProbabilities(LITERAL << (lc + lp));
  }

  /** Decompresses until the output is `end` long. @throws {MalformedError} */
  decode(input: RangeDecoder, output: Output, end: number): void {
    while (output.length < end) {
      const position = (output.length - output.start) & this.#positionMask;
      if (input.bit(this.#isMatch, this.#state * POSITIONS + position) === 0) {
        this.#literal(input, output);
        continue;
      }
      const length =
        input.bit(this.#isRepeat, this.#state) === 0
          ? this.#match(input, position)
          : this.#repeat(input, position);
      this.#copy(output, length, end);
    }
  }

  #literal(input: RangeDecoder, output: Output): void {
    const { bytes, length, start } = output;
    const before = length > start ? (bytes[length - 1] ?? 0) : 0;
    const low = (length - start) & this.#literalPositionMask;
    const at = LITERAL * ((low << this.#contextBits) + (before >>> (8 - this.#contextBits)));
    let symbol = 1;
    if (this.#state >= AFTER_LITERALS) {
      // What stands where the last match would have gone on is likely, but for the bit that ended it.
      let likely = bytes[length - this.#repeats[0] - 1] ?? 0;
      while (symbol < 0x100) {
        const expected = (likely >>> 7) & 1;
        likely <<= 1;
        const bit = input.bit(this.#literals, at + ((1 + expected) << 8) + symbol);
        symbol = symbol * 2 + bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = symbol * 2 + input.bit(this.#literals, at + symbol);
    bytes[output.length++] = symbol;
    const state = this.#state;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  #match(input: RangeDecoder, position: number): number {
    const length = this.#lengths.read(input, position);
    this.#state = this.#state < AFTER_LITERALS ? 7 : 10;
    this.#repeats.pop();
    this.#repeats.unshift(this.#distance(input, length));
    return length + SHORTEST;
  }

  #distance(input: RangeDecoder, length: number): number {
    const slot = input.tree(this.#slots, Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    // The tree of each slot stands where its distances begin; a node counts from 1.
    if (slot < 14) return base + input.reverseTree(this.#distances, base - slot, bits);
    return base + input.direct(bits - 4) * 16 + input.reverseTree(this.#align, 0, 4);
  }

  #repeat(input: RangeDecoder, position: number): number {
    const state = this.#state;
    const repeats = this.#repeats;
    if (input.bit(this.#isRepeat0, state) === 0) {
      if (input.bit(this.#isRepeat0Long, state * POSITIONS + position) === 0) {
        this.#state = state < AFTER_LITERALS ? 9 : 11;
        return 1;
      }
    } else {
      const which = input.bit(this.#isRepeat1, state) === 0 ? 1 : 2 + input.bit(this.#isRepeat2, state);
      const [distance = 0] = repeats.splice(which, 1);
      repeats.unshift(distance);
    }
    this.#state = state < AFTER_LITERALS ? 8 : 11;
    return this.#repeatLengths.read(input, position) + SHORTEST;
  }

  #copy(output: Output, length: number, end: number): void {
    const distance = this.#repeats[0] + 1;
    if (distance > output.length - output.start) throw malformedXz("a match reaches before the beginning");
    if (length > end - output.length) throw malformedXz("a match reaches past the end of its chunk");
    const { bytes } = output;
    for (let index = 0; index < length; index++, output.length++)
      bytes[output.length] = bytes[output.length - distance] ?? 0;
  }
}
