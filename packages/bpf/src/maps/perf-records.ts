import { CorruptBufferError } from "./corrupt-buffer.ts";

/** perf_event_mmap_page: positions of the data, include/uapi/linux/perf_event.h. */
const DATA_HEAD = 1024;
const DATA_TAIL = 1032;

// enum perf_event_type
const PERF_RECORD_LOST = 2;
const PERF_RECORD_SAMPLE = 9;

const HEADER = 8;
/** A sample begins with its time (u64) and the size of what the program sent (u32). */
const SAMPLE_DATA = HEADER + 8 + 4;

/** A record that is next in one CPU's ring. `data` to `data + length` of `view` are what the program sent. */
export interface PerfSample {
  readonly view: DataView;
  readonly data: number;
  readonly length: number;
}

/**
 * One CPU's ring of a perf buffer. Records may wrap around its end; those are copied into one piece. The size of a sample
 * includes up to seven bytes of padding, as the kernel does not keep the true one.
 */
export class PerfRing {
  readonly cpu: number;
  readonly #data: DataView;
  readonly #bytes: Uint8Array;
  readonly #head: Int32Array;
  readonly #tail: BigInt64Array;
  readonly #mask: number;
  #position: number;
  #high: bigint;
  #end = 0;
  #scratch = new DataView(new ArrayBuffer(0));
  /** Events that the kernel found no room for (PERF_RECORD_LOST). */
  lost = 0n;

  /** `buffer`: the control page, then data, a power of two of pages. */
  constructor(cpu: number, buffer: ArrayBuffer, pageSize: number) {
    this.cpu = cpu;
    this.#data = new DataView(buffer, pageSize);
    this.#bytes = new Uint8Array(buffer, pageSize);
    this.#head = new Int32Array(buffer, DATA_HEAD, 1);
    this.#tail = new BigInt64Array(buffer, DATA_TAIL, 1);
    this.#mask = buffer.byteLength - pageSize - 1;
    const tail = BigInt.asUintN(64, Atomics.load(this.#tail, 0));
    this.#position = Number(tail & 0xffffffffn) | 0;
    this.#high = tail >> 32n;
  }

  /** Looks how far the kernel has written. Only what was there then is read until the next look. */
  look(): void {
    this.#end = Atomics.load(this.#head, 0);
  }

  /** Time of the next sample, in nanoseconds of CLOCK_MONOTONIC; undefined when there is none. Other records are passed. */
  nextTime(): bigint | undefined {
    while (this.#position !== this.#end) {
      const at = this.#position & this.#mask;
      const type = this.#data.getUint32(at, true);
      const size = this.#recordSize(at);
      if (type === PERF_RECORD_SAMPLE) {
        const { view, start } = this.#whole(at, SAMPLE_DATA);
        return view.getBigUint64(start + HEADER, true);
      }
      if (type === PERF_RECORD_LOST && size >= HEADER + 16) {
        const { view, start } = this.#whole(at, HEADER + 16);
        this.lost += view.getBigUint64(start + HEADER + 8, true);
      }
      this.#advance(size);
    }
    return undefined;
  }

  /** Takes the sample that `nextTime` found. Its bytes are valid until `publish`, or the next sample. */
  take(): PerfSample {
    const at = this.#position & this.#mask;
    const size = this.#recordSize(at);
    const { view, start } = this.#whole(at, size);
    const length = view.getUint32(start + SAMPLE_DATA - 4, true);
    if (length > size - SAMPLE_DATA)
      throw this.#corrupt(`a sample of ${length} bytes in a record of ${size}`);
    this.#advance(size);
    return { view, data: start + SAMPLE_DATA, length };
  }

  /** Gives the bytes that were read back to the kernel. */
  publish(): void {
    Atomics.store(this.#tail, 0, BigInt.asIntN(64, (this.#high << 32n) | BigInt(this.#position >>> 0)));
  }

  /** Headers never wrap: records are multiples of 8 bytes long. */
  #recordSize(at: number): number {
    const size = this.#data.getUint16(at + 6, true);
    const there = (this.#end - this.#position) >>> 0;
    const least = this.#data.getUint32(at, true) === PERF_RECORD_SAMPLE ? SAMPLE_DATA : HEADER;
    if (size < least || size > there || size % 8 !== 0 || size > this.#mask + 1)
      throw this.#corrupt(`a record of ${size} bytes, ${there} bytes are there`);
    return size;
  }

  #whole(at: number, size: number): { readonly view: DataView; readonly start: number } {
    const until = this.#mask + 1 - at;
    if (size <= until) return { view: this.#data, start: at };
    if (this.#scratch.byteLength < size) this.#scratch = new DataView(new ArrayBuffer(Math.max(size, 4096)));
    const target = new Uint8Array(this.#scratch.buffer);
    target.set(this.#bytes.subarray(at, at + until));
    target.set(this.#bytes.subarray(0, size - until), until);
    return { view: this.#scratch, start: 0 };
  }

  #advance(size: number): void {
    const before = this.#position >>> 0;
    this.#position = (this.#position + size) | 0;
    if (this.#position >>> 0 < before) this.#high = (this.#high + 1n) & 0xffffffffn;
  }

  #corrupt(what: string): CorruptBufferError {
    return new CorruptBufferError(`the perf buffer of CPU ${this.cpu} holds ${what}`);
  }
}
