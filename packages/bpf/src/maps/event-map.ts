import type { Btf } from "../btf/btf.ts";
import type { BpfValue, Integers64 } from "../codec/decoder.ts";
import type { LazyRecord } from "../codec/view.ts";
import { ClosedError, InvalidArgumentError } from "../errors.ts";
import { AdaptiveWait, type DrainEnd } from "./adaptive-wait.ts";
import { CorruptBufferError } from "./corrupt-buffer.ts";
import { endable } from "./endable.ts";
import type { LostCounter } from "./lost-events.ts";
import { BpfMap } from "./map.ts";

/** The type of the records that programs send; a buffer itself does not know it. */
export interface EventType {
  readonly btf: Btf;
  readonly typeId: number;
}

export interface EventOptions {
  /** Without it, events are copies of the records' bytes (`Uint8Array`). */
  readonly type?: EventType | undefined;
  /**
   * `"object"` (unless told): plain objects, yours to keep. `"view"`: always the same object, which reads members from the
   * buffer when asked and is valid inside the callback only; three to six times as fast when few members are read.
   */
  readonly as?: "object" | "view";
  /** How integers of 5 to 8 bytes come: `"bigint"` unless told. */
  readonly integers64?: Integers64;
}

export interface WaitOptions extends EventOptions {
  /** Ends the reading; loops over events end without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** An event, and the CPU that sent it where the buffer knows (perf buffers do, ring buffers do not). */
export type EventCallback<T> = (event: T, cpu: number | undefined) => void;

/** Reads what is there, at most `limit` events. Made once for each kind of event. */
export type Drain = (emit: EventCallback<never>, limit: number) => DrainEnd;

/** What has been read so far. */
export interface EventCounters {
  /** Handed to the reader. */
  readonly events: number;
  /** Reserved by a program and then given up (bpf_ringbuf_discard): no loss. */
  readonly discarded: number;
  /** Too short for the type they were read as: skipped. */
  readonly malformed: number;
}

/** A reading in progress. Closing ends it; the map stays open. */
export interface EventReading extends Disposable {
  close(): void;
}

/** Who waits for the next batch. */
interface Reader {
  /** No more is wanted. */
  ended: boolean;
  wake: () => void;
}

const BATCH = 1024;
/** Events between two turns of the event loop: what was made of them must get out of the process. */
const TURN = 65_536;

/** What ring buffers and perf buffers have in common: programs send, one reader receives. */
export abstract class EventMap extends BpfMap {
  #reading: { readonly wait: AdaptiveWait; readonly end: () => void } | undefined;
  #drains: { readonly kind: readonly unknown[]; readonly drain: Drain }[] = [];
  #draining = false;
  #closing = false;
  #lostCounter: LostCounter | undefined;

  /**
   * Calls `callback` for every event from now on, many in a row, from the event loop. What the callback throws becomes an
   * uncaught exception, and reading goes on. One reading at a time. Keeps the process alive until it is closed, which may
   * happen inside the callback: there is no further call then, and what was not read stays in the buffer.
   * @throws {InvalidArgumentError} when the map is being read already; {SyscallError} {ClosedError}
   */
  consume<T = BpfValue | LazyRecord | Uint8Array>(
    callback: EventCallback<T>,
    options: WaitOptions = {},
  ): EventReading {
    const drain = this.#drainOf(options);
    const { signal } = options;
    const wake = () => {
      const before = this.counters.events;
      // After what the callback throws there may be more.
      let end: DrainEnd = "limit";
      try {
        end = this.#guarded(drain, callback, TURN);
      } catch (error) {
        if (this.fd.closed || error instanceof CorruptBufferError) close();
        throw error;
      } finally {
        if (this.#reading === reading) reading.wait.arm(this.counters.events - before, end);
      }
    };
    const close = () => this.#end(reading);
    const reading = this.#begin(wake, () => signal?.removeEventListener("abort", close));
    signal?.addEventListener("abort", close);
    if (signal?.aborted === true) close();
    else reading.wait.arm(0, "limit");
    return { close, [Symbol.dispose]: close };
  }

  /**
   * Events one by one. What was not asked for stays in the kernel's buffer, so that a slow reader costs no memory here; ending
   * early drops what was read ahead (at most 1024). Ends without an error at `signal` and at `close()`, and by `return()` also
   * while it waits.
   */
  events<T = BpfValue | Uint8Array>(options: WaitOptions = {}): AsyncGenerator<T, void, undefined> {
    const batches = this.batches<T>(options);
    return endable(oneByOne(batches), () => void batches.return());
  }

  /** Events in arrays of up to 1024: cheaper than one by one. Otherwise like `events`. */
  batches<T = BpfValue | Uint8Array>(options: WaitOptions = {}): AsyncGenerator<T[], void, undefined> {
    const reader: Reader = { ended: false, wake: () => {} };
    return endable(this.#batches<T>(options, reader), () => {
      reader.ended = true;
      reader.wake();
    });
  }

  async *#batches<T>(options: WaitOptions, reader: Reader): AsyncGenerator<T[], void, undefined> {
    if (options.as === "view")
      throw new InvalidArgumentError(
        "a view is valid only inside a callback",
        "use consume(), or read objects",
      );
    const drain = this.#drainOf(options);
    const { signal } = options;
    const wake = () => reader.wake();
    const ended = () => this.#reading !== reading || signal?.aborted === true || reader.ended;
    const reading = this.#begin(wake, wake);
    signal?.addEventListener("abort", wake);
    try {
      while (!ended()) {
        const batch: T[] = [];
        const end = this.#guarded<T>(drain, (event) => batch.push(event), BATCH);
        if (batch.length > 0) yield batch;
        if (ended()) return;
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
          reading.wait.arm(batch.length, end);
        });
        reading.wait.pause();
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      this.#end(reading);
    }
  }

  /**
   * Reads what is there now and returns, without waiting. `limit`: events at most.
   * @returns the number of events
   */
  drain<T = BpfValue | LazyRecord | Uint8Array>(
    callback: EventCallback<T>,
    options: EventOptions & { readonly limit?: number } = {},
  ): number {
    const before = this.counters.events;
    this.#guarded(this.#drainOf(options), callback, options.limit ?? Number.MAX_SAFE_INTEGER);
    return this.counters.events - before;
  }

  /** Since the map was opened, over all readings. */
  abstract get counters(): EventCounters;

  /**
   * Events that never reached the buffer, as far as anybody counts them: the kernel for perf buffers, the program for ring
   * buffers, in a variable or map that `findLostCounter` knows. undefined when nobody does.
   * @throws {ClosedError} when the counter is closed
   */
  get lost(): bigint | undefined {
    return this.#lostCounter?.read();
  }

  /** Tells where the program counts the events that found no room, where that is not found by its name. */
  countLostWith(counter: LostCounter): void {
    this.#lostCounter = counter;
  }

  /** Ends any reading. Inside a callback the buffer is given back after the callback has returned. */
  override close(): void {
    this.#end(this.#reading);
    if (this.#draining) {
      this.#closing = true;
      this.stopDraining();
      return;
    }
    // Their code holds views of the pages.
    this.#drains = [];
    this.release();
    super.close();
  }

  /** Makes the reading of one kind of event, of which the map keeps one: its code is compiled. @throws {SyscallError} {ClosedError} */
  protected abstract prepare(options: EventOptions): Drain;
  protected abstract readableFds(): readonly number[];
  /** Asks a drain in progress to return after the event in hand. */
  protected abstract stopDraining(): void;
  /** Gives mappings and descriptors back. Harmless when called twice. */
  protected abstract release(): void;

  #drainOf(options: EventOptions): Drain {
    const { type, as = "object", integers64 = "bigint" } = options;
    const kind = [type?.btf, type?.typeId, as, integers64];
    const known = this.#drains.find((other) => other.kind.every((part, index) => part === kind[index]));
    if (known !== undefined) return known.drain;
    const drain = this.prepare(options);
    this.#drains.push({ kind, drain });
    return drain;
  }

  #guarded<T>(drain: Drain, callback: EventCallback<T>, limit: number): DrainEnd {
    if (this.fd.closed || this.#closing)
      throw new ClosedError(`map ${this.name} is closed`, "keep its owner open while it is read");
    if (this.#draining)
      throw new InvalidArgumentError(
        `map ${this.name} is being drained`,
        "do not read it from its own callback",
      );
    this.#draining = true;
    try {
      return drain(callback as EventCallback<never>, limit);
    } finally {
      this.#draining = false;
      if (this.#closing) {
        this.#closing = false;
        this.close();
      }
    }
  }

  #begin(wake: () => void, ended: () => void): { readonly wait: AdaptiveWait; readonly end: () => void } {
    if (this.#reading !== undefined)
      throw new InvalidArgumentError(
        `map ${this.name} is being read already`,
        "end the first reading before the next",
      );
    const wait = new AdaptiveWait(this.kernel.native, this.readableFds(), wake);
    this.#reading = { wait, end: ended };
    return this.#reading;
  }

  #end(reading: { readonly wait: AdaptiveWait; readonly end: () => void } | undefined): void {
    if (reading === undefined || this.#reading !== reading) return;
    this.#reading = undefined;
    if (this.#draining) this.stopDraining();
    reading.wait.pause();
    reading.end();
  }
}

async function* oneByOne<T>(
  batches: AsyncGenerator<T[], void, undefined>,
): AsyncGenerator<T, void, undefined> {
  for await (const batch of batches) yield* batch;
}
