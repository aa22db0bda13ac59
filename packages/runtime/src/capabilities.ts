import { type Capability, missingCapabilities, type ObjectSpec, PermissionError } from "@skep/bpf";

/** Program types of the network stack, BPF_PROG_TYPE_*: loading them asks for CAP_NET_ADMIN (kernel/bpf/syscall.c). */
const NETWORK_TYPES: ReadonlySet<number> = new Set([3, 4, 6, 10, 11, 12, 13, 14, 16, 18, 19, 21, 30, 32]);

/**
 * Says what is missing before the kernel says EPERM, which would not tell.
 * @throws {PermissionError}
 */
export function requireCapabilities(name: string, spec: ObjectSpec): void {
  const network = spec.programs.some(({ type }) => NETWORK_TYPES.has(type));
  const wanted: Capability[] = ["CAP_BPF", "CAP_PERFMON", ...(network ? (["CAP_NET_ADMIN"] as const) : [])];
  const missing = missingCapabilities(wanted);
  if (missing.length === 0) return;
  throw new PermissionError(
    `${name} needs ${missing.join(" and ")}, which this process lacks`,
    "run it with sudo",
  );
}
