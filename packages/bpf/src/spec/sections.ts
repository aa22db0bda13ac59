import type { LinkKind, SectionDefinition } from "./object-spec.ts";
import * as types from "./program-types.ts";

/** Program flag: may sleep and use helpers that do. @kernel 5.10 (include/uapi/linux/bpf.h) */
export const BPF_F_SLEEPABLE = 0x10;
/** Program flag: understands XDP frames of several buffers. @kernel 5.18 */
export const BPF_F_XDP_HAS_FRAGS = 0x20;

/** What is not the same for all rows; see SectionDefinition. */
interface Traits {
  readonly link?: LinkKind;
  readonly sleepable?: true;
  readonly needsBtfTarget?: true;
  readonly attachTypeOptional?: true;
  readonly xdpFrags?: true;
}

const optional = { attachTypeOptional: true } as const;
const sleepable = { sleepable: true } as const;
const btf = { needsBtfTarget: true } as const;
const cgroup = { link: "cgroup" } as const;
const optionalCgroup = { ...cgroup, ...optional } as const;
const frags = { xdpFrags: true } as const;

function row(
  pattern: string,
  programType: number,
  attachType: number | undefined,
  traits: Traits = {},
): SectionDefinition {
  return {
    pattern,
    programType,
    attachType,
    link: traits.link,
    sleepable: traits.sleepable ?? false,
    needsBtfTarget: traits.needsBtfTarget ?? false,
    attachTypeOptional: traits.attachTypeOptional ?? false,
    xdpFrags: traits.xdpFrags ?? false,
  };
}

/** The same row for `pattern+` and its sleepable form `pattern.s+`. */
function sleepyRows(
  pattern: string,
  programType: number,
  attachType: number | undefined,
  traits: Traits = {},
): SectionDefinition[] {
  return [
    row(`${pattern}+`, programType, attachType, traits),
    row(`${pattern}.s+`, programType, attachType, { ...traits, ...sleepable }),
  ];
}

const {
  BPF_PROG_TYPE_KPROBE: KPROBE,
  BPF_PROG_TYPE_TRACING: TRACING,
  BPF_PROG_TYPE_SCHED_CLS: SCHED_CLS,
  BPF_PROG_TYPE_XDP: XDP,
  BPF_PROG_TYPE_SK_SKB: SK_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK: CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR: CGROUP_SOCK_ADDR,
} = types;

/**
 * Every SEC() name, as libbpf's section_defs[] has them (Documentation/bpf/libbpf/program_types.rst, and
 * tools/lib/bpf/libbpf.c for the newest). A trailing `+` takes an optional `/target`; others match exactly.
 */
export const SECTIONS: readonly SectionDefinition[] = [
  row("socket", types.BPF_PROG_TYPE_SOCKET_FILTER, undefined, { link: "socket_filter" }),
  row("sk_reuseport/migrate", types.BPF_PROG_TYPE_SK_REUSEPORT, types.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE),
  row("sk_reuseport", types.BPF_PROG_TYPE_SK_REUSEPORT, types.BPF_SK_REUSEPORT_SELECT),

  row("kprobe+", KPROBE, undefined, { link: "kprobe" }),
  row("kretprobe+", KPROBE, undefined, { link: "kretprobe" }),
  row("kprobe.multi+", KPROBE, types.BPF_TRACE_KPROBE_MULTI, { link: "kprobe.multi" }),
  row("kretprobe.multi+", KPROBE, types.BPF_TRACE_KPROBE_MULTI, { link: "kretprobe.multi" }),
  row("kprobe.session+", KPROBE, types.BPF_TRACE_KPROBE_SESSION, { link: "kprobe.session" }),
  row("ksyscall+", KPROBE, undefined, { link: "ksyscall" }),
  row("kretsyscall+", KPROBE, undefined, { link: "kretsyscall" }),
  ...sleepyRows("uprobe", KPROBE, undefined, { link: "uprobe" }),
  ...sleepyRows("uretprobe", KPROBE, undefined, { link: "uretprobe" }),
  ...sleepyRows("uprobe.multi", KPROBE, types.BPF_TRACE_UPROBE_MULTI, { link: "uprobe.multi" }),
  ...sleepyRows("uretprobe.multi", KPROBE, types.BPF_TRACE_UPROBE_MULTI, { link: "uretprobe.multi" }),
  ...sleepyRows("uprobe.session", KPROBE, types.BPF_TRACE_UPROBE_SESSION, { link: "uprobe.session" }),
  ...sleepyRows("usdt", KPROBE, undefined, { link: "usdt" }),

  ...["tracepoint", "tp"].flatMap((name) =>
    sleepyRows(name, types.BPF_PROG_TYPE_TRACEPOINT, undefined, { link: "tracepoint" }),
  ),
  ...["raw_tracepoint", "raw_tp"].flatMap((name) => [
    ...sleepyRows(name, types.BPF_PROG_TYPE_RAW_TRACEPOINT, undefined, { link: "raw_tracepoint" }),
    row(`${name}.w+`, types.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, undefined, { link: "raw_tracepoint" }),
  ]),

  ...sleepyRows("tp_btf", TRACING, types.BPF_TRACE_RAW_TP, { link: "tracing", ...btf }),
  ...sleepyRows("fentry", TRACING, types.BPF_TRACE_FENTRY, { link: "tracing", ...btf }),
  ...sleepyRows("fexit", TRACING, types.BPF_TRACE_FEXIT, { link: "tracing", ...btf }),
  ...sleepyRows("fmod_ret", TRACING, types.BPF_MODIFY_RETURN, { link: "tracing", ...btf }),
  ...sleepyRows("fsession", TRACING, types.BPF_TRACE_FSESSION, { link: "tracing", ...btf }),
  // These name no function at load: the link carries a list of BTF ids.
  ...sleepyRows("fentry.multi", TRACING, types.BPF_TRACE_FENTRY_MULTI),
  ...sleepyRows("fexit.multi", TRACING, types.BPF_TRACE_FEXIT_MULTI),
  ...sleepyRows("fsession.multi", TRACING, types.BPF_TRACE_FSESSION_MULTI),
  ...sleepyRows("iter", TRACING, types.BPF_TRACE_ITER, { link: "iter", ...btf }),
  row("freplace+", types.BPF_PROG_TYPE_EXT, undefined, { link: "freplace", ...btf }),
  ...sleepyRows("lsm", types.BPF_PROG_TYPE_LSM, types.BPF_LSM_MAC, { link: "lsm", ...btf }),
  row("lsm_cgroup+", types.BPF_PROG_TYPE_LSM, types.BPF_LSM_CGROUP, { ...cgroup, ...btf }),
  ...sleepyRows("struct_ops", types.BPF_PROG_TYPE_STRUCT_OPS, undefined, { link: "struct_ops", ...btf }),
  row("syscall", types.BPF_PROG_TYPE_SYSCALL, undefined, sleepable),
  row("perf_event", types.BPF_PROG_TYPE_PERF_EVENT, undefined, { link: "perf_event" }),

  row("tc", SCHED_CLS, undefined, { link: "tc" }),
  row("classifier", SCHED_CLS, undefined, { link: "tc" }),
  row("action", types.BPF_PROG_TYPE_SCHED_ACT, undefined),
  row("tc/ingress", SCHED_CLS, types.BPF_TCX_INGRESS, { link: "tcx" }),
  row("tc/egress", SCHED_CLS, types.BPF_TCX_EGRESS, { link: "tcx" }),
  row("tcx/ingress", SCHED_CLS, types.BPF_TCX_INGRESS, { link: "tcx" }),
  row("tcx/egress", SCHED_CLS, types.BPF_TCX_EGRESS, { link: "tcx" }),
  row("netkit/primary", SCHED_CLS, types.BPF_NETKIT_PRIMARY, { link: "netkit" }),
  row("netkit/peer", SCHED_CLS, types.BPF_NETKIT_PEER, { link: "netkit" }),

  row("xdp", XDP, types.BPF_XDP, { link: "xdp", ...optional }),
  row("xdp.frags", XDP, types.BPF_XDP, { link: "xdp", ...frags }),
  row("xdp/devmap", XDP, types.BPF_XDP_DEVMAP),
  row("xdp.frags/devmap", XDP, types.BPF_XDP_DEVMAP, frags),
  row("xdp/cpumap", XDP, types.BPF_XDP_CPUMAP),
  row("xdp.frags/cpumap", XDP, types.BPF_XDP_CPUMAP, frags),

  row("lwt_in", types.BPF_PROG_TYPE_LWT_IN, undefined),
  row("lwt_out", types.BPF_PROG_TYPE_LWT_OUT, undefined),
  row("lwt_xmit", types.BPF_PROG_TYPE_LWT_XMIT, undefined),
  row("lwt_seg6local", types.BPF_PROG_TYPE_LWT_SEG6LOCAL, undefined),

  row("sk_skb", SK_SKB, undefined, { link: "sk_skb" }),
  row("sk_skb/stream_parser", SK_SKB, types.BPF_SK_SKB_STREAM_PARSER, { link: "sk_skb", ...optional }),
  row("sk_skb/stream_verdict", SK_SKB, types.BPF_SK_SKB_STREAM_VERDICT, { link: "sk_skb", ...optional }),
  row("sk_skb/verdict", SK_SKB, types.BPF_SK_SKB_VERDICT, { link: "sk_skb", ...optional }),
  row("sk_msg", types.BPF_PROG_TYPE_SK_MSG, types.BPF_SK_MSG_VERDICT, { link: "sk_msg", ...optional }),
  row("sk_lookup", types.BPF_PROG_TYPE_SK_LOOKUP, types.BPF_SK_LOOKUP, { link: "sk_lookup" }),
  row("lirc_mode2", types.BPF_PROG_TYPE_LIRC_MODE2, types.BPF_LIRC_MODE2, { link: "lirc", ...optional }),
  row("flow_dissector", types.BPF_PROG_TYPE_FLOW_DISSECTOR, types.BPF_FLOW_DISSECTOR, {
    link: "flow_dissector",
    ...optional,
  }),
  row("netfilter", types.BPF_PROG_TYPE_NETFILTER, types.BPF_NETFILTER, { link: "netfilter" }),

  row("sockops", types.BPF_PROG_TYPE_SOCK_OPS, types.BPF_CGROUP_SOCK_OPS, optionalCgroup),
  row("cgroup_skb/ingress", types.BPF_PROG_TYPE_CGROUP_SKB, types.BPF_CGROUP_INET_INGRESS, optionalCgroup),
  row("cgroup_skb/egress", types.BPF_PROG_TYPE_CGROUP_SKB, types.BPF_CGROUP_INET_EGRESS, optionalCgroup),
  row("cgroup/skb", types.BPF_PROG_TYPE_CGROUP_SKB, undefined, cgroup),
  row("cgroup/sock", CGROUP_SOCK, types.BPF_CGROUP_INET_SOCK_CREATE, optionalCgroup),
  row("cgroup/sock_create", CGROUP_SOCK, types.BPF_CGROUP_INET_SOCK_CREATE, cgroup),
  row("cgroup/sock_release", CGROUP_SOCK, types.BPF_CGROUP_INET_SOCK_RELEASE, cgroup),
  row("cgroup/post_bind4", CGROUP_SOCK, types.BPF_CGROUP_INET4_POST_BIND, cgroup),
  row("cgroup/post_bind6", CGROUP_SOCK, types.BPF_CGROUP_INET6_POST_BIND, cgroup),
  row("cgroup/bind4", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET4_BIND, cgroup),
  row("cgroup/bind6", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET6_BIND, cgroup),
  row("cgroup/connect4", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET4_CONNECT, cgroup),
  row("cgroup/connect6", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET6_CONNECT, cgroup),
  row("cgroup/connect_unix", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UNIX_CONNECT, cgroup),
  row("cgroup/sendmsg4", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UDP4_SENDMSG, cgroup),
  row("cgroup/sendmsg6", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UDP6_SENDMSG, cgroup),
  row("cgroup/sendmsg_unix", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UNIX_SENDMSG, cgroup),
  row("cgroup/recvmsg4", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UDP4_RECVMSG, cgroup),
  row("cgroup/recvmsg6", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UDP6_RECVMSG, cgroup),
  row("cgroup/recvmsg_unix", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UNIX_RECVMSG, cgroup),
  row("cgroup/getpeername4", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET4_GETPEERNAME, cgroup),
  row("cgroup/getpeername6", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET6_GETPEERNAME, cgroup),
  row("cgroup/getpeername_unix", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UNIX_GETPEERNAME, cgroup),
  row("cgroup/getsockname4", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET4_GETSOCKNAME, cgroup),
  row("cgroup/getsockname6", CGROUP_SOCK_ADDR, types.BPF_CGROUP_INET6_GETSOCKNAME, cgroup),
  row("cgroup/getsockname_unix", CGROUP_SOCK_ADDR, types.BPF_CGROUP_UNIX_GETSOCKNAME, cgroup),
  row("cgroup/sysctl", types.BPF_PROG_TYPE_CGROUP_SYSCTL, types.BPF_CGROUP_SYSCTL, cgroup),
  row("cgroup/getsockopt", types.BPF_PROG_TYPE_CGROUP_SOCKOPT, types.BPF_CGROUP_GETSOCKOPT, cgroup),
  row("cgroup/setsockopt", types.BPF_PROG_TYPE_CGROUP_SOCKOPT, types.BPF_CGROUP_SETSOCKOPT, cgroup),
  row("cgroup/dev", types.BPF_PROG_TYPE_CGROUP_DEVICE, types.BPF_CGROUP_DEVICE, optionalCgroup),
];

const byPattern = new Map(SECTIONS.map((definition) => [definition.pattern, definition]));

export interface SectionMatch {
  /** Undefined when the name is in no row. */
  readonly definition: SectionDefinition | undefined;
  /** The text after `prefix/`, undefined without one. */
  readonly target: string | undefined;
  /** False when the name begins with `?`: loaded only when asked for. */
  readonly autoload: boolean;
}

/** Looks up a SEC() name. */
export function matchSection(name: string): SectionMatch {
  const autoload = !name.startsWith("?");
  const bare = autoload ? name : name.slice(1);
  const exact = byPattern.get(bare);
  if (exact) return { definition: exact, target: undefined, autoload };
  // No pattern with `+` has a slash of its own, so the first slash ends the prefix.
  const slash = bare.indexOf("/");
  const prefix = slash < 0 ? bare : bare.slice(0, slash);
  const definition = byPattern.get(`${prefix}+`);
  const target = definition && slash >= 0 ? bare.slice(slash + 1) : undefined;
  return { definition, target, autoload };
}

/** The program flags that a row implies, BPF_F_*. */
export function sectionFlags(definition: SectionDefinition): number {
  return (definition.sleepable ? BPF_F_SLEEPABLE : 0) | (definition.xdpFrags ? BPF_F_XDP_HAS_FRAGS : 0);
}
