import { mountDetached } from "./detached-mount.ts";
import { type Files, hostFiles } from "./files.ts";
import type { Native } from "./native.ts";
import { readLinesIfPossible } from "./read-file.ts";
import { syscallNumbers } from "./syscalls.ts";

const SECURITYFS = "/sys/kernel/security";

/** Levels of kernel_lockdown(7). @kernel 5.4 */
export type Lockdown = "none" | "integrity" | "confidentiality";

/**
 * How far the kernel protects itself from root: kernel_lockdown(7). `integrity` takes away bpf_probe_write_user,
 * `confidentiality` also reading kernel memory. Undefined where the kernel does not tell. Securityfs need not be mounted.
 */
export function lockdown(native: Native, files: Files = hostFiles): Lockdown | undefined {
  return parseLockdown(readSecurityfs(native, files, "lockdown"));
}

/** The security modules at work, in their order: `bpf` is among them where LSM programs run. Undefined as for `lockdown`. */
export function securityModules(native: Native, files: Files = hostFiles): readonly string[] | undefined {
  return readSecurityfs(native, files, "lsm")?.split(",");
}

/** The file's text is `none [integrity] confidentiality`. */
export function parseLockdown(text: string | undefined): Lockdown | undefined {
  const [, chosen] = /\[(none|integrity|confidentiality)\]/.exec(text ?? "") ?? [];
  return chosen as Lockdown | undefined;
}

function readSecurityfs(native: Native, files: Files, name: string): string | undefined {
  return firstLine(files, `${SECURITYFS}/${name}`) ?? readDetached(native, files, name);
}

function readDetached(native: Native, files: Files, name: string): string | undefined {
  const mount = mountDetached(native, "securityfs");
  if (mount < 0) return undefined;
  try {
    return firstLine(files, `/proc/self/fd/${mount}/${name}`);
  } finally {
    native.syscall(syscallNumbers().close, mount);
  }
}

/** What may not be read tells as little as what is not there. */
function firstLine(files: Files, path: string): string | undefined {
  return readLinesIfPossible(files, path)?.[0];
}
