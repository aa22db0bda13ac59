import type { Codec } from "../codec/codec.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { Mapping } from "../linux/kernel.ts";
import { BpfMap } from "./map.ts";

const HEADER = 8;

interface MappedRing {
  readonly ours: Mapping;
  readonly theirs: Mapping;
  /** Our position; the program reads it. */
  readonly producer: BigInt64Array;
  readonly consumer: BigInt64Array;
  readonly data: DataView;
  readonly bytes: Uint8Array;
}

/**
 * The ring buffer's mirror image: this process submits, programs take with bpf_user_ringbuf_drain(). No system call for
 * an event; the program is not told: run it, or let it look now and then.
 * @kernel 6.1, BPF_MAP_TYPE_USER_RINGBUF (kernel/bpf/ringbuf.c)
 */
export class UserRingBuffer extends BpfMap {
  #ring: MappedRing | undefined;

  /** Submits a record; false when there is no room until the program has taken some. @throws {InvalidArgumentError} */
  submit(bytes: Uint8Array): boolean {
    const { length } = bytes;
    const ring = this.#mapped();
    const total = Math.ceil((length + HEADER) / 8) * 8;
    if (length === 0 || total > this.maxEntries)
      throw new InvalidArgumentError(
        `a record of ${length} bytes for user ring buffer ${this.name} of ${this.maxEntries} bytes`,
        `submit 1 to ${this.maxEntries - HEADER} bytes`,
      );
    const position = Atomics.load(ring.producer, 0);
    const used = Number(position - Atomics.load(ring.consumer, 0));
    if (total > this.maxEntries - used) return false;
    const at = Number(BigInt.asUintN(64, position) % BigInt(this.maxEntries));
    // Nobody sees the record before our position is stored, so its header is never busy.
    ring.data.setUint32(at, length, true);
    ring.data.setUint32(at + 4, 0, true);
    ring.bytes.set(bytes, at + HEADER);
    Atomics.store(ring.producer, 0, position + BigInt(total));
    return true;
  }

  /** Submits a value of a BTF type; false when there is no room. @throws {InvalidArgumentError} */
  submitValue(value: BpfInput, codec: Codec<unknown>): boolean {
    // Not straight into the ring: a getter of the value may do anything, close this map as well.
    const bytes = new Uint8Array(codec.size);
    codec.encode(value, new DataView(bytes.buffer), 0);
    return this.submit(bytes);
  }

  /** Bytes that the program has not taken yet. */
  get pending(): number {
    const { producer, consumer } = this.#mapped();
    return Number(Atomics.load(producer, 0) - Atomics.load(consumer, 0));
  }

  override close(): void {
    this.#ring?.ours[Symbol.dispose]();
    this.#ring?.theirs[Symbol.dispose]();
    this.#ring = undefined;
    super.close();
  }

  #mapped(): MappedRing {
    this.#ring ??= this.#map();
    return this.#ring;
  }

  /** The program's position, read-only; then ours and the data twice in a row, writable. */
  #map(): MappedRing {
    const { kernel, fd } = this;
    const page = kernel.pageSize;
    const theirs = this.attempt("mapping", () => kernel.map({ fd, length: page, writable: false }));
    try {
      const ours = kernel.map({ fd, length: page + 2 * this.maxEntries, offset: page, writable: true });
      return {
        ours,
        theirs,
        producer: new BigInt64Array(ours.buffer, 0, 1),
        consumer: new BigInt64Array(theirs.buffer, 0, 1),
        data: new DataView(ours.buffer, page),
        bytes: new Uint8Array(ours.buffer, page),
      };
    } catch (error) {
      theirs[Symbol.dispose]();
      throw this.failure("mapping", error);
    }
  }
}
