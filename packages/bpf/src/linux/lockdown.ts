import { readTextIfExists } from "./proc-file.ts";

export type Lockdown = "none" | "integrity" | "confidentiality";

/**
 * How far the kernel protects itself from root: kernel_lockdown(7). `integrity` takes away bpf_probe_write_user,
 * `confidentiality` also reading kernel memory. Undefined where the kernel does not tell.
 */
export function lockdown(
  text: string | undefined = readTextIfExists("/sys/kernel/security/lockdown"),
): Lockdown | undefined {
  const [, chosen] = /\[(none|integrity|confidentiality)\]/.exec(text ?? "") ?? [];
  return chosen as Lockdown | undefined;
}
