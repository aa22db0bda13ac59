import { syscallError } from "./errno.ts";
import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

/** include/uapi/linux/time.h */
const CLOCKS = { wall: 0, monotonic: 1, boot: 7, tai: 11 } as const;

/**
 * `monotonic` is what bpf_ktime_get_ns() gives, `boot` (which runs on while the machine sleeps) bpf_ktime_get_boot_ns(),
 * `tai` bpf_ktime_get_tai_ns(), `wall` the time of day.
 */
export type Clock = keyof typeof CLOCKS;

const SECOND = 1_000_000_000n;
const buffers = new WeakMap<Native, BigInt64Array>();

/** Now, in nanoseconds: clock_gettime(2), which Node offers for one clock only. @throws {SyscallError} */
export function readClock(native: Native, clock: Clock): bigint {
  const time = bufferOf(native);
  const address = native.addressOf(new Uint8Array(time.buffer, time.byteOffset, time.byteLength));
  const result = native.syscall(syscallNumbers().clockGettime, CLOCKS[clock], address);
  if (result < 0) throw syscallError("clock_gettime", -result, clock);
  return (time[0] ?? 0n) * SECOND + (time[1] ?? 0n);
}

/** struct timespec: two 64-bit integers on 64-bit machines. */
function bufferOf(native: Native): BigInt64Array {
  let buffer = buffers.get(native);
  if (buffer === undefined) {
    const bytes = native.allocate(16);
    buffer = new BigInt64Array(bytes.buffer, bytes.byteOffset, 2);
    buffers.set(native, buffer);
  }
  return buffer;
}
