import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

const FSOPEN_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const FSMOUNT_CLOEXEC = 1;

/**
 * Mounts a kernel file system in no mount namespace: a directory descriptor is the only way in, nobody else sees the
 * mount, and it ends with the descriptor. Returns that, or `-errno` (EPERM without CAP_SYS_ADMIN).
 * @kernel 5.2, fsmount(2)
 */
export function mountDetached(native: Native, type: string): number {
  const { fsopen, fsconfig, fsmount, close } = syscallNumbers();
  const name = native.allocate(type.length + 1);
  Buffer.from(type, "latin1").copy(name);
  const context = native.syscall(fsopen, native.addressOf(name), FSOPEN_CLOEXEC);
  if (context < 0) return context;
  try {
    const created = native.syscall(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
    return created < 0 ? created : native.syscall(fsmount, context, FSMOUNT_CLOEXEC, 0);
  } finally {
    native.syscall(close, context);
  }
}
