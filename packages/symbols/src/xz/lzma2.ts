import { LzmaState, type Output } from "./lzma-state.ts";
import { malformedXz } from "./malformed-xz.ts";
import { RangeDecoder } from "./range-decoder.ts";

const END = 0;
const COPY_AND_FORGET = 1;
const COPY = 2;
const COMPRESSED = 0x80;

/** Decompressed bytes, which grow up to a limit. */
export class Lzma2Output implements Output {
  bytes: Uint8Array = new Uint8Array(1 << 16);
  length = 0;
  start = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws {MalformedError} past the limit */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed > this.#most) throw malformedXz(`more than ${this.#most} bytes`);
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.min(this.#most, Math.max(needed, this.bytes.length * 2)));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

/** Decompresses the chunks that begin at `at`. @returns where they end @throws {MalformedError} */
export function decodeLzma2(input: Uint8Array, at: number, output: Lzma2Output): number {
  const uint16 = (where: number) => {
    if (where > input.length - 2) throw malformedXz("a chunk ends early");
    return (input[where] ?? 0) * 256 + (input[where + 1] ?? 0);
  };
  let state: LzmaState | undefined;
  let properties: number | undefined;
  let chunk = at;
  output.start = output.length;
  for (;;) {
    const control = input[chunk];
    if (control === undefined) throw malformedXz("the last chunk is missing");
    if (control === END) return chunk + 1;
    if (control < COMPRESSED) {
      if (control > COPY) throw malformedXz(`bad chunk ${control}`);
      if (control === COPY_AND_FORGET) output.start = output.length;
      const size = uint16(chunk + 1) + 1;
      const data = chunk + 3;
      if (size > input.length - data) throw malformedXz("a chunk ends early");
      output.reserve(size);
      output.bytes.set(input.subarray(data, data + size), output.length);
      output.length += size;
      chunk = data + size;
      continue;
    }
    const size = (control & 0x1f) * 2 ** 16 + uint16(chunk + 1) + 1;
    const packed = uint16(chunk + 3) + 1;
    let data = chunk + 5;
    // 0: goes on; 1: forgets its state; 2: takes other properties too; 3: forgets what it has written too.
    const reset = (control >>> 5) & 3;
    if (reset === 3) output.start = output.length;
    if (reset >= 2) properties = input[data++];
    if (reset >= 1 && properties !== undefined) state = new LzmaState(properties);
    if (state === undefined) throw malformedXz("the first chunk has no properties");
    if (packed > input.length - data) throw malformedXz("a chunk ends early");
    output.reserve(size);
    state.decode(new RangeDecoder(input, data, data + packed), output, output.length + size);
    chunk = data + packed;
  }
}
