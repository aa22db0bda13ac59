import { mountDetached } from "./detached-mount.ts";
import type { Native } from "./native.ts";
import { readTextIfExists } from "./proc-file.ts";
import { syscallNumbers } from "./syscalls.ts";

const SECURITYFS = "/sys/kernel/security";

export type Lockdown = "none" | "integrity" | "confidentiality";

/**
 * How far the kernel protects itself from root: kernel_lockdown(7). `integrity` takes away bpf_probe_write_user,
 * `confidentiality` also reading kernel memory. Undefined where the kernel does not tell. Securityfs need not be mounted.
 */
export function lockdown(native: Native): Lockdown | undefined {
  return parseLockdown(readTextIfExists(`${SECURITYFS}/lockdown`) ?? readDetached(native));
}

/** The file's text is `none [integrity] confidentiality`. */
export function parseLockdown(text: string | undefined): Lockdown | undefined {
  const [, chosen] = /\[(none|integrity|confidentiality)\]/.exec(text ?? "") ?? [];
  return chosen as Lockdown | undefined;
}

function readDetached(native: Native): string | undefined {
  const mount = mountDetached(native, "securityfs");
  if (mount < 0) return undefined;
  try {
    return readTextIfExists(`/proc/self/fd/${mount}/lockdown`);
  } finally {
    native.syscall(syscallNumbers().close, mount);
  }
}
