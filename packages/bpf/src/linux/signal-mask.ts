import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGPROF = 27;
const MASK_SIZE = 8; // the kernel's sigset_t, not libc's

/** Runs `action` while this thread does not take SIGPROF (rt_sigprocmask(2)); the old mask is put back. */
export function withProfilingSignalBlocked<T>(native: Native, action: () => T): T {
  const masks = native.allocate(2 * MASK_SIZE);
  new DataView(masks.buffer, masks.byteOffset).setBigUint64(0, 1n << BigInt(SIGPROF - 1), true);
  const block = native.addressOf(masks);
  const before = block + MASK_SIZE;
  const { rtSigprocmask } = syscallNumbers();
  if (native.syscall(rtSigprocmask, SIG_BLOCK, block, before, MASK_SIZE) < 0) return action();
  try {
    return action();
  } finally {
    native.syscall(rtSigprocmask, SIG_SETMASK, before, 0, MASK_SIZE);
  }
}
