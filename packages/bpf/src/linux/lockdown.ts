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
  return parseLockdown(readSecurityfs(native, "lockdown"));
}

/** The security modules at work, in their order: `bpf` is among them where LSM programs run. Undefined as for `lockdown`. */
export function securityModules(native: Native): readonly string[] | undefined {
  return readSecurityfs(native, "lsm")?.trim().split(",");
}

/** The file's text is `none [integrity] confidentiality`. */
export function parseLockdown(text: string | undefined): Lockdown | undefined {
  const [, chosen] = /\[(none|integrity|confidentiality)\]/.exec(text ?? "") ?? [];
  return chosen as Lockdown | undefined;
}

function readSecurityfs(native: Native, name: string): string | undefined {
  return readTextIfExists(`${SECURITYFS}/${name}`) ?? readDetached(native, name);
}

function readDetached(native: Native, name: string): string | undefined {
  const mount = mountDetached(native, "securityfs");
  if (mount < 0) return undefined;
  try {
    return readTextIfExists(`/proc/self/fd/${mount}/${name}`);
  } finally {
    native.syscall(syscallNumbers().close, mount);
  }
}
