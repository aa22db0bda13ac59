import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

const RLIMIT_MEMLOCK = 8;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/**
 * Lifts this process's limit on locked memory, as far as it may. Before Linux 5.11 maps and programs count against it;
 * later they count against the memory cgroup. False when it could not be lifted, which is no error:
 * what does not fit fails by itself, and most things fit.
 */
export function raiseMemlock(native: Native): boolean {
  const limits = native.allocate(16);
  const view = new DataView(limits.buffer, limits.byteOffset, 16);
  const { prlimit64 } = syscallNumbers();
  const set = (soft: bigint, hard: bigint) => {
    view.setBigUint64(0, soft, true);
    view.setBigUint64(8, hard, true);
    return native.syscall(prlimit64, 0, RLIMIT_MEMLOCK, native.addressOf(limits), 0) >= 0;
  };
  if (set(RLIM_INFINITY, RLIM_INFINITY)) return true;
  // Without CAP_SYS_RESOURCE the hard limit is the ceiling.
  if (native.syscall(prlimit64, 0, RLIMIT_MEMLOCK, 0, native.addressOf(limits)) < 0) return false;
  const hard = view.getBigUint64(8, true);
  set(hard, hard);
  return false;
}
