import type { RingPages } from "../../src/maps/ring-drain.ts";

const PAGE = 4096;
const BUSY = 0x80000000;
const DISCARD = 0x40000000;

/** Pages of a ring buffer in ordinary memory, written as kernel/bpf/ringbuf.c does. */
export class FakeRing {
  readonly pages: RingPages;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #size: number;
  #produced: bigint;

  constructor(size: number, start = 0n) {
    const buffer = new ArrayBuffer(PAGE + 2 * size);
    this.#size = size;
    this.#bytes = new Uint8Array(buffer, PAGE);
    this.#view = new DataView(buffer, PAGE);
    this.#produced = start;
    this.pages = {
      data: new DataView(buffer),
      words: new Int32Array(buffer),
      dataAt: PAGE,
      size,
      producer: new Int32Array(buffer, 0, 1),
      consumer: BigInt64Array.of(start),
      counters: new Float64Array(3),
      stop: new Uint8Array(1),
    };
    this.#publish();
  }

  get consumed(): bigint {
    return this.pages.consumer[0] ?? -1n;
  }

  get produced(): bigint {
    return this.#produced;
  }

  /** Submits `bytes`; returns the place of the header, for `finish`. */
  submit(
    bytes: Uint8Array,
    flag: "submitted" | "busy" | "discarded" = "submitted",
    length = bytes.length,
  ): number {
    const at = Number(this.#produced % BigInt(this.#size));
    const flags = flag === "busy" ? BUSY : flag === "discarded" ? DISCARD : 0;
    this.#header(at, (length | flags) >>> 0);
    for (const [index, byte] of bytes.entries()) this.#put(at + 8 + index, byte);
    this.#produced += BigInt(Math.ceil((bytes.length + 8) / 8) * 8);
    this.#publish();
    return at;
  }

  /** The program has written its record. */
  finish(at: number, length: number): void {
    this.#header(at, length);
  }

  #header(at: number, word: number): void {
    this.#view.setUint32(at, word, true);
    this.#view.setUint32((at + this.#size) % (2 * this.#size), word, true);
  }

  /** Both copies of the data are one in the kernel. */
  #put(at: number, byte: number): void {
    this.#bytes[at] = byte;
    this.#bytes[(at + this.#size) % (2 * this.#size)] = byte;
  }

  #publish(): void {
    this.pages.producer[0] = Number(BigInt.asIntN(32, this.#produced));
  }
}
