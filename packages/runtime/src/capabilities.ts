import { readFileSync } from "node:fs";

/** Bit numbers of include/uapi/linux/capability.h. */
const CAPABILITY = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
export type CapabilityName = keyof typeof CAPABILITY;

/** Program types of the network stack, BPF_PROG_TYPE_*: loading them asks for CAP_NET_ADMIN (kernel/bpf/syscall.c). */
const NETWORK_TYPES: ReadonlySet<number> = new Set([3, 4, 6, 10, 11, 12, 13, 14, 16, 18, 19, 21, 30, 32]);

/**
 * The capabilities that loading these programs asks for and that this process lacks. Since Linux 5.8 CAP_BPF and
 * CAP_PERFMON are enough for tracing; CAP_SYS_ADMIN stands for both.
 */
export function missingCapabilities(
  programTypes: readonly number[],
  effective: bigint = effectiveCapabilities(),
): CapabilityName[] {
  const has = (name: CapabilityName) => (effective & (1n << BigInt(CAPABILITY[name]))) !== 0n;
  const missing: CapabilityName[] = [];
  if (!has("CAP_SYS_ADMIN")) {
    if (!has("CAP_BPF")) missing.push("CAP_BPF");
    if (!has("CAP_PERFMON")) missing.push("CAP_PERFMON");
  }
  if (programTypes.some((type) => NETWORK_TYPES.has(type)) && !has("CAP_NET_ADMIN"))
    missing.push("CAP_NET_ADMIN");
  return missing;
}

/** `CapEff` of /proc/self/status; all bits where that cannot be read, so that the kernel gets to decide. */
function effectiveCapabilities(): bigint {
  try {
    const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
    return digits === undefined ? ~0n : BigInt(`0x${digits}`);
  } catch {
    return ~0n;
  }
}
