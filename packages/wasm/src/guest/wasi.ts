import type { Guest } from "./guest.ts";
import { BADF, FAULT, NOTSUP, SUCCESS } from "./wasi-errno.ts";
import { pollOneoff } from "./wasi-poll.ts";

/** Most bytes that one call reads or writes. */
const IO_LIMIT = 1 << 20;

type WasiFunction = (...args: readonly (number | bigint)[]) => number;

/**
 * The parts of WASI that wait, or touch our own descriptors, done in ways that can be interrupted. All others are Node's.
 */
export function wasiStreams(guest: Guest): Readonly<Record<string, WasiFunction>> {
  const closed = new Set<number>();
  const { memory, host } = guest;
  const isOpen = (fd: number) => fd >= 0 && fd <= 2 && !closed.has(fd);

  /** The places that an array of (pointer, length) names; undefined when any is outside of memory. */
  function vectors(pointer: number, count: number): Uint8Array[] | undefined {
    const list = memory.view(pointer >>> 0, (count >>> 0) * 8);
    if (list === undefined) return undefined;
    const places: Uint8Array[] = [];
    for (let at = 0; at < list.byteLength; at += 8) {
      const place = memory.bytes(list.getUint32(at, true), list.getUint32(at + 4, true));
      if (place === undefined) return undefined;
      places.push(place);
    }
    return places;
  }

  function answerSize(pointer: number, size: number): number {
    const result = memory.view(pointer >>> 0, 4);
    if (result === undefined) return FAULT;
    result.setUint32(0, size, true);
    return SUCCESS;
  }

  function write(fd: number, list: number, count: number, written: number): number {
    if (!isOpen(fd) || fd === 0) return BADF;
    const places = vectors(list, count);
    if (places === undefined || memory.bytes(written >>> 0, 4) === undefined) return FAULT;
    let size = 0;
    for (const place of places) {
      // A short write is no error: programs write the rest again.
      const part = place.slice(0, IO_LIMIT - size);
      if (part.length > 0) host.write(fd === 2 ? 2 : 1, part);
      size += part.length;
      if (part.length < place.length) break;
    }
    return answerSize(written, size);
  }

  function read(fd: number, list: number, count: number, got: number): number {
    if (!isOpen(fd) || fd !== 0) return BADF;
    const places = vectors(list, count);
    if (places === undefined || memory.bytes(got >>> 0, 4) === undefined) return FAULT;
    const length = Math.min(
      IO_LIMIT,
      places.reduce((sum, place) => sum + place.length, 0),
    );
    if (length === 0) return answerSize(got, 0);
    const { status, bytes = new Uint8Array() } = host.call({ call: "read", length });
    if (status < 0) host.idle();
    let at = 0;
    for (const place of places) {
      const part = bytes.subarray(at, at + place.length);
      place.set(part);
      at += part.length;
    }
    return answerSize(got, at);
  }

  return {
    fd_write: (fd, list, count, written) => write(Number(fd), Number(list), Number(count), Number(written)),
    fd_read: (fd, list, count, got) => read(Number(fd), Number(list), Number(count), Number(got)),
    // Closing for real would close our own streams.
    fd_close: (fd) => {
      if (!isOpen(Number(fd))) return BADF;
      closed.add(Number(fd));
      return SUCCESS;
    },
    fd_renumber: () => NOTSUP,
    fd_fdstat_set_flags: () => NOTSUP,
    poll_oneoff: (subscriptions, events, count, got) =>
      pollOneoff(guest, isOpen, Number(subscriptions), Number(events), Number(count), Number(got)),
  };
}
