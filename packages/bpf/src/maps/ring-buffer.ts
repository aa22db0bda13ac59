import type { Mapping } from "../linux/kernel.ts";
import type { DrainEnd } from "./adaptive-wait.ts";
import { CorruptBufferError } from "./corrupt-buffer.ts";
import { type Drain, type EventCounters, EventMap, type EventOptions } from "./event-map.ts";
import type { MapHandle } from "./map.ts";
import { generateRingDrain, RingCounter, RingEnd, type RingPages } from "./ring-drain.ts";

/** A larger limit would be no int32; no ring holds so many events. */
const MAX_LIMIT = 2 ** 31 - 1;

interface MappedRing extends RingPages, Disposable {}

/**
 * What programs submit, from all CPUs, in order of reservation. Read straight from the kernel's pages, without a copy and
 * without a system call for an event. Events that find no room are dropped by the kernel, which tells only the program:
 * see `lost-events.ts` for how programs make `lost` count.
 * @kernel 5.8, BPF_MAP_TYPE_RINGBUF (kernel/bpf/ringbuf.c)
 */
export class RingBuffer extends EventMap {
  readonly #counters = new Float64Array(3);
  /** Over a buffer of its own: V8 keeps a small array's bytes inside the object, which the collector moves, and so knows no fixed address. */
  readonly #stop = new Uint8Array(new ArrayBuffer(1));
  readonly #size: number;
  #ring: MappedRing | undefined;

  constructor(handle: MapHandle) {
    super(handle);
    this.#size = handle.maxEntries;
  }

  /** Bytes submitted, or still being written, that have not been read yet. @throws {SyscallError} {ClosedError} */
  get pending(): number {
    const { producer, consumer } = this.#mapped();
    return (Atomics.load(producer, 0) - Number(BigInt.asIntN(32, Atomics.load(consumer, 0)))) >>> 0;
  }

  get counters(): EventCounters {
    return {
      events: this.#counters[RingCounter.events] ?? 0,
      discarded: this.#counters[RingCounter.discarded] ?? 0,
      malformed: this.#counters[RingCounter.malformed] ?? 0,
    };
  }

  protected prepare(options: EventOptions): Drain {
    const loop = generateRingDrain(this.#mapped(), options, this.kernel.machine === "x86_64");
    return (emit, limit) => this.#endOf(loop(emit, Math.min(limit, MAX_LIMIT)));
  }

  protected readableFds(): readonly number[] {
    return [this.fd.raw];
  }

  protected stopDraining(): void {
    this.#stop[0] = 1;
  }

  protected release(): void {
    this.#ring?.[Symbol.dispose]();
    this.#ring = undefined;
  }

  #endOf(end: number): DrainEnd {
    if (end === RingEnd.corrupt)
      throw new CorruptBufferError(
        `ring buffer ${this.name} holds a record that is longer than what was submitted`,
      );
    if (end === RingEnd.busy) return "busy";
    return end === RingEnd.limit ? "limit" : "empty";
  }

  #mapped(): MappedRing {
    this.#ring ??= this.#map();
    return this.#ring;
  }

  /** One writable page with our position; then, read-only, the producer's page and the data twice in a row. */
  #map(): MappedRing {
    const { kernel, fd } = this;
    const page = kernel.pageSize;
    const ours = this.attempt("mapping", () => kernel.map({ fd, length: page, writable: true }));
    let theirs: Mapping;
    try {
      theirs = kernel.map({ fd, length: page + 2 * this.#size, offset: page, writable: false });
    } catch (error) {
      ours[Symbol.dispose]();
      throw this.failure("mapping", error);
    }
    return {
      data: new DataView(theirs.buffer),
      words: new Int32Array(theirs.buffer),
      dataAt: page,
      size: this.#size,
      producer: new Int32Array(theirs.buffer, 0, 1),
      consumer: new BigInt64Array(ours.buffer, 0, 1),
      counters: this.#counters,
      stop: this.#stop,
      [Symbol.dispose]() {
        ours[Symbol.dispose]();
        theirs[Symbol.dispose]();
      },
    };
  }
}
