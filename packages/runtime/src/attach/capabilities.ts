import {
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_XDP,
  type Capability,
  inUserNamespace,
  missingCapabilities,
  type ObjectSpec,
  PermissionError,
} from "@skep/bpf";

/** Program types that want CAP_NET_ADMIN: to load (kernel/bpf/syscall.c, is_net_admin_prog_type), CGROUP_SKB to attach. */
const NETWORK_TYPES: ReadonlySet<number> = new Set([
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_XDP,
]);

/** What a process needs to load and attach programs of these types. */
export function neededCapabilities(types: readonly number[]): readonly Capability[] {
  const network = types.some((type) => NETWORK_TYPES.has(type));
  return ["CAP_BPF", "CAP_PERFMON", ...(network ? (["CAP_NET_ADMIN"] as const) : [])];
}

/**
 * Says what is missing before the kernel says EPERM, which would not tell.
 * @throws {PermissionError}
 */
export function requireCapabilities(name: string, spec: ObjectSpec): void {
  const missing = missingCapabilities(neededCapabilities(spec.programs.map(({ type }) => type)));
  if (missing.length === 0) return;
  const wanted = `${name} needs ${missing.join(" and ")}`;
  if (inUserNamespace())
    throw new PermissionError(
      `${wanted}, which nobody has in a user namespace, such as a rootless container`,
      "run it outside, with sudo",
    );
  throw new PermissionError(`${wanted}, which this process lacks`, "run it with sudo");
}
