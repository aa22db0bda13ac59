import type { Guest } from "./guest.ts";
import { BADF, FAULT, INVAL, NOTSUP, SUCCESS } from "./wasi-errno.ts";

/** Layouts and numbers of WASI preview 1 (witx: subscription, event, eventtype, clockid). */
const SUBSCRIPTION = 48;
const EVENT = 32;
const TYPE_CLOCK = 0;
const TYPE_READ = 1;
const TYPE_WRITE = 2;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const ABSOLUTE = 1;

interface Subscription {
  readonly userData: bigint;
  readonly type: number;
  readonly error: number;
  /** Milliseconds from now; clocks only. */
  readonly due: number;
  /** Streams only. */
  readonly fd: number;
}

/** poll_oneoff: what sleep() and poll() of a C library become. Waits in a way that ends when the user wants the end. */
export function pollOneoff(
  guest: Guest,
  isOpen: (fd: number) => boolean,
  subscriptionsAt: number,
  eventsAt: number,
  count: number,
  gotAt: number,
): number {
  const { memory, host } = guest;
  if (count === 0) return INVAL;
  const from = memory.view(subscriptionsAt >>> 0, (count >>> 0) * SUBSCRIPTION);
  if (from === undefined || memory.bytes(eventsAt >>> 0, (count >>> 0) * EVENT) === undefined) return FAULT;
  if (memory.bytes(gotAt >>> 0, 4) === undefined) return FAULT;
  const subscriptions = Array.from({ length: count >>> 0 }, (_, index) =>
    readSubscription(new DataView(from.buffer, from.byteOffset + index * SUBSCRIPTION, SUBSCRIPTION), isOpen),
  );

  const due = Math.min(...subscriptions.map((subscription) => subscription.due));
  const ready = (subscription: Subscription) =>
    subscription.error !== SUCCESS || subscription.type === TYPE_WRITE;
  const readsInput = subscriptions.some(({ type, error }) => type === TYPE_READ && error === SUCCESS);
  const begin = performance.now();
  let inputReady = false;
  if (readsInput) {
    const timeout = subscriptions.some(ready) ? 0 : Number.isFinite(due) ? Math.max(0, due) : -1;
    inputReady = host.call({ call: "readable", timeout: Math.min(timeout, 2 ** 31 - 1) }).status === 1;
    if (!inputReady && host.interrupted) host.idle();
  } else if (!subscriptions.some(ready)) host.sleep(Math.max(0, due));

  // Timers are as fine as a millisecond.
  const elapsed = performance.now() - begin + 1;
  const events = subscriptions.filter(
    (subscription) =>
      ready(subscription) || subscription.due <= elapsed || (subscription.type === TYPE_READ && inputReady),
  );
  const to = memory.view(eventsAt >>> 0, (count >>> 0) * EVENT)!;
  events.forEach((subscription, index) => {
    writeEvent(new DataView(to.buffer, to.byteOffset + index * EVENT, EVENT), subscription);
  });
  memory.view(gotAt >>> 0, 4)!.setUint32(0, events.length, true);
  return SUCCESS;
}

function readSubscription(view: DataView, isOpen: (fd: number) => boolean): Subscription {
  const userData = view.getBigUint64(0, true);
  const type = view.getUint8(8);
  const none = Number.POSITIVE_INFINITY;
  if (type === TYPE_CLOCK) {
    const clock = view.getUint32(16, true);
    const timeout = Number(view.getBigUint64(24, true)) / 1e6;
    const absolute = (view.getUint16(40, true) & ABSOLUTE) !== 0;
    if (clock !== CLOCK_REALTIME && clock !== CLOCK_MONOTONIC)
      return { userData, type, error: NOTSUP, due: none, fd: -1 };
    const now = clock === CLOCK_REALTIME ? Date.now() : Number(process.hrtime.bigint()) / 1e6;
    return { userData, type, error: SUCCESS, due: absolute ? timeout - now : timeout, fd: -1 };
  }
  const fd = view.getUint32(16, true);
  const fits = type === TYPE_READ ? fd === 0 : type === TYPE_WRITE && (fd === 1 || fd === 2);
  return { userData, type, error: fits && isOpen(fd) ? SUCCESS : BADF, due: none, fd };
}

function writeEvent(view: DataView, { userData, error, type }: Subscription): void {
  for (let at = 0; at < EVENT; at += 8) view.setBigUint64(at, 0n, true);
  view.setBigUint64(0, userData, true);
  view.setUint16(8, error, true);
  view.setUint8(10, type);
  // There is something to read, or room to write: how much is not known.
  if (type !== TYPE_CLOCK && error === SUCCESS) view.setBigUint64(16, 1n, true);
}
