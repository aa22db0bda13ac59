import { EINTR, EINVAL, type HostReply } from "../protocol.ts";
import type { Guest, SampleFunction } from "./guest.ts";

/** Where a program wants its events, and whom to call. */
export interface Sampling {
  readonly object: bigint;
  readonly fd: number;
  readonly callback: SampleFunction;
  readonly context: number;
  readonly data: number;
  readonly maxSize: number;
  /** Milliseconds; negative waits without end. */
  readonly timeout: number;
  /** Whether a negative result of the callback ends the poll. */
  readonly stopsOnError: boolean;
}

/** Events that one poll delivers at most: a program that is never done would hear of nothing else. */
const MAX_EVENTS = 1 << 20;

/**
 * Events that have left the kernel and not yet reached the program, of each buffer. A callback may poll, also the buffer that it
 * is called for: it is given the events that follow.
 */
export class EventDelivery {
  readonly #guest: Guest;
  readonly #waiting = new Map<number, Batch[]>();
  /** Buffers that gave as much as one answer carries. */
  readonly #more = new Set<number>();
  /** The program knows that the user wants the end. */
  #told = false;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  /** 0, or a negative error number. */
  poll(sampling: Sampling): number {
    const batches = this.#batches(sampling.fd);
    let wait = sampling.timeout;
    for (let delivered = 0; ; ) {
      if (batches.length === 0) {
        const status = this.#fetch(sampling, wait, batches);
        if (delivered > 0 && status !== 0) return 0;
        if (status === -EINTR) this.#told = true;
        if (status !== 0 || batches.length === 0) return status;
      }
      for (;;) {
        const event = next(batches);
        if (event === undefined) break;
        const result = this.#deliver(event, sampling);
        if (result < 0 && sampling.stopsOnError) return result;
        delivered++;
      }
      if (delivered >= MAX_EVENTS || !this.#more.has(sampling.fd)) return 0;
      wait = 0;
    }
  }

  /** The object is closed: its events go with it. */
  forget(fd: number): void {
    this.#waiting.get(fd)?.splice(0);
    this.#waiting.delete(fd);
    this.#more.delete(fd);
  }

  #fetch({ object, fd }: Sampling, timeout: number, batches: Batch[]): number {
    const { host } = this.#guest;
    // Once is for the program to end by itself; a program that does not care would ask for ever.
    if (this.#told) host.idle();
    const reply = host.call({ call: "poll", object, fd, timeout });
    if (reply.more === true) this.#more.add(fd);
    else this.#more.delete(fd);
    const batch = batchOf(reply);
    if (batch !== undefined) batches.push(batch);
    return reply.status;
  }

  /** The data are cut to the room there is; the size is the event's own, so that the program can tell. */
  #deliver(event: Uint8Array, { callback, context, data, maxSize }: Sampling): number {
    const cut = event.length > maxSize ? event.subarray(0, maxSize) : event;
    const room = this.#guest.memory.bytes(data, cut.length);
    if (room === undefined) return -EINVAL; // memory never shrinks, and was checked
    room.set(cut);
    const result = callback(context | 0, data | 0, event.length);
    return typeof result === "number" ? result : 0;
  }

  #batches(fd: number): Batch[] {
    const known = this.#waiting.get(fd);
    if (known !== undefined) return known;
    const batches: Batch[] = [];
    this.#waiting.set(fd, batches);
    return batches;
  }
}

interface Batch {
  readonly bytes: Uint8Array;
  readonly sizes: Uint32Array;
  index: number;
  offset: number;
}

function batchOf({ bytes, sizes }: HostReply): Batch | undefined {
  return bytes === undefined || sizes === undefined || sizes.length === 0
    ? undefined
    : { bytes, sizes, index: 0, offset: 0 };
}

function next(batches: Batch[]): Uint8Array | undefined {
  const batch = batches[0];
  if (batch === undefined) return undefined;
  const size = batch.sizes[batch.index++] ?? 0;
  const event = batch.bytes.subarray(batch.offset, batch.offset + size);
  batch.offset += size;
  if (batch.index >= batch.sizes.length) batches.shift();
  return event;
}
