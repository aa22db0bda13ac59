import { type Files, hostFiles } from "./files.ts";
import { readText, readTextIfExists } from "./read-file.ts";

/** Bits of include/uapi/linux/capability.h, from 0. */
const NAMES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
] as const;

export type Capability = (typeof NAMES)[number];

/**
 * Whether this process lives in a user namespace, as in rootless containers. What it may do there it may do with what belongs
 * to that namespace, and BPF does not (user_namespaces(7)). A kernel built without them (CONFIG_USER_NS) has no map of users.
 */
export function inUserNamespace(files: Files = hostFiles): boolean {
  const uidMap = readTextIfExists(files, "/proc/self/uid_map");
  return uidMap !== undefined && !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

/** What this process may do to the machine now: its effective set, from /proc/self/status; nothing in a user namespace. */
export function effectiveCapabilities(
  status = readText(hostFiles, "/proc/self/status"),
  confined = inUserNamespace(),
): ReadonlySet<Capability> {
  if (confined) return new Set();
  const [, digits = "0"] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  const bits = BigInt(`0x${digits}`);
  return new Set(NAMES.filter((_, bit) => (bits >> BigInt(bit)) & 1n));
}

/**
 * Of the capabilities that tracing needs, those that this process lacks: CAP_BPF and CAP_PERFMON since Linux 5.8, and
 * CAP_SYS_ADMIN stands for both (include/linux/capability.h, bpf_capable). Network hooks want CAP_NET_ADMIN besides.
 */
export function missingCapabilities(
  wanted: readonly Capability[] = ["CAP_BPF", "CAP_PERFMON"],
  effective: ReadonlySet<Capability> = effectiveCapabilities(),
): readonly Capability[] {
  const covered = (name: Capability) =>
    effective.has(name) || ((name === "CAP_BPF" || name === "CAP_PERFMON") && effective.has("CAP_SYS_ADMIN"));
  return wanted.filter((name) => !covered(name));
}
