import { BtfKind } from "../btf/types.ts";
import { SyscallError, UnsupportedError } from "../errors.ts";
import type { ProgLoadAttr } from "../linux/bpf-calls.ts";
import { ENOTSUPP, EPERM } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import * as types from "../spec/program-types.ts";
import { BPF_F_SLEEPABLE } from "../spec/sections.ts";
import { attempt, attemptErrno } from "./features-attempt.ts";
import { loadProbe } from "./features-programs.ts";

type Attr = Partial<Omit<ProgLoadAttr, "instructions">>;

interface ProgramTypeRow {
  readonly since: string;
  readonly attr?: Attr;
  /** A function or tracepoint of the kernel that the program names. */
  readonly target?: { readonly name: string; readonly kind: BtfKind };
  /** Loading needs the kernel to patch a call into a function, which policies may forbid. */
  readonly trampoline?: true;
}

/** What the smallest program of each type needs to load, and since when. */
export const PROGRAM_TYPES: ReadonlyMap<number, ProgramTypeRow> = new Map<number, ProgramTypeRow>([
  [types.BPF_PROG_TYPE_SOCKET_FILTER, { since: "3.19" }],
  [types.BPF_PROG_TYPE_KPROBE, { since: "4.1" }],
  [types.BPF_PROG_TYPE_SCHED_CLS, { since: "4.1" }],
  [types.BPF_PROG_TYPE_SCHED_ACT, { since: "4.1" }],
  [types.BPF_PROG_TYPE_TRACEPOINT, { since: "4.7" }],
  [types.BPF_PROG_TYPE_XDP, { since: "4.8" }],
  [types.BPF_PROG_TYPE_PERF_EVENT, { since: "4.9" }],
  [types.BPF_PROG_TYPE_CGROUP_SKB, { since: "4.10" }],
  [types.BPF_PROG_TYPE_CGROUP_SOCK, { since: "4.10" }],
  [types.BPF_PROG_TYPE_LWT_IN, { since: "4.10" }],
  [types.BPF_PROG_TYPE_LWT_OUT, { since: "4.10" }],
  [types.BPF_PROG_TYPE_LWT_XMIT, { since: "4.10" }],
  [types.BPF_PROG_TYPE_SOCK_OPS, { since: "4.13" }],
  [types.BPF_PROG_TYPE_SK_SKB, { since: "4.14" }],
  [types.BPF_PROG_TYPE_CGROUP_DEVICE, { since: "4.15" }],
  [types.BPF_PROG_TYPE_SK_MSG, { since: "4.17" }],
  [types.BPF_PROG_TYPE_RAW_TRACEPOINT, { since: "4.17" }],
  [
    types.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    { since: "4.17", attr: { expectedAttachType: types.BPF_CGROUP_INET4_CONNECT } },
  ],
  [types.BPF_PROG_TYPE_LWT_SEG6LOCAL, { since: "4.18" }],
  [types.BPF_PROG_TYPE_LIRC_MODE2, { since: "4.18" }],
  [types.BPF_PROG_TYPE_SK_REUSEPORT, { since: "4.19" }],
  [types.BPF_PROG_TYPE_FLOW_DISSECTOR, { since: "4.20" }],
  [types.BPF_PROG_TYPE_CGROUP_SYSCTL, { since: "5.2" }],
  [types.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, { since: "5.2" }],
  [
    types.BPF_PROG_TYPE_CGROUP_SOCKOPT,
    { since: "5.3", attr: { expectedAttachType: types.BPF_CGROUP_GETSOCKOPT } },
  ],
  [
    types.BPF_PROG_TYPE_TRACING,
    {
      since: "5.5",
      attr: { expectedAttachType: types.BPF_TRACE_RAW_TP },
      target: { name: "btf_trace_sched_switch", kind: BtfKind.Typedef },
    },
  ],
  // Types that refuse every target given without more ado: the refusal itself shows that they are known.
  [types.BPF_PROG_TYPE_STRUCT_OPS, { since: "5.6", attr: { attachBtfId: 1 } }],
  [types.BPF_PROG_TYPE_EXT, { since: "5.6", attr: { attachBtfId: 1 }, trampoline: true }],
  [
    types.BPF_PROG_TYPE_LSM,
    {
      since: "5.7",
      attr: { expectedAttachType: types.BPF_LSM_MAC },
      target: { name: "bpf_lsm_file_open", kind: BtfKind.Func },
      trampoline: true,
    },
  ],
  [types.BPF_PROG_TYPE_SK_LOOKUP, { since: "5.9", attr: { expectedAttachType: types.BPF_SK_LOOKUP } }],
  [types.BPF_PROG_TYPE_SYSCALL, { since: "5.14", attr: { flags: BPF_F_SLEEPABLE } }],
  [types.BPF_PROG_TYPE_NETFILTER, { since: "6.4", attr: { expectedAttachType: types.BPF_NETFILTER } }],
]);

/** Whether this kernel has a program type. @throws {PermissionError} */
export function hasProgramType(kernel: Kernel, type: number): boolean {
  const attr = programTypeAttr(kernel, type);
  if (attr === undefined) return false;
  const subject = types.programTypeName(type);
  const load = () => loadProbe(kernel, undefined, attr);
  if (type === types.BPF_PROG_TYPE_STRUCT_OPS) return attemptErrno(subject, load) === ENOTSUPP;
  if (PROGRAM_TYPES.get(type)?.trampoline !== true) return attempt(subject, load);
  return attemptTrampoline(kernel, subject, () =>
    type === types.BPF_PROG_TYPE_EXT ? refusesExtension(kernel, attr) : attempt(subject, load),
  );
}

/** Attributes with which the smallest program of a type loads; undefined when the kernel lacks what it would name. */
export function programTypeAttr(
  kernel: Kernel,
  type: number,
): (Attr & { readonly type: number }) | undefined {
  const row = PROGRAM_TYPES.get(type);
  if (row?.target === undefined) return { type, ...row?.attr };
  const attachBtfId = kernelTypeId(kernel, row.target.name, row.target.kind);
  return attachBtfId === undefined ? undefined : { type, ...row.attr, attachBtfId };
}

/** Undefined when the kernel has no such type, or tells of none. */
export function kernelTypeId(kernel: Kernel, name: string, kind: BtfKind): number | undefined {
  try {
    return kernel.btf().find(name, kind);
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/**
 * Some hardened kernels refuse with EPERM, before the verifier and whoever asks, every program that would be
 * patched into a function. When an ordinary tracing program loads, the caller's rights are not the reason: then it is a no.
 */
export function attemptTrampoline(kernel: Kernel, subject: string, action: () => boolean): boolean {
  try {
    return action();
  } catch (error) {
    const refused =
      error instanceof Error && error.cause instanceof SyscallError && error.cause.errno === EPERM;
    const load = () => loadProbe(kernel, undefined, { type: types.BPF_PROG_TYPE_TRACEPOINT });
    if (refused && attempt(subject, load)) return false;
    throw error;
  }
}

/** A program that replaces another program's function must name that program; the verifier says so. */
function refusesExtension(kernel: Kernel, attr: Attr): boolean {
  const log = new Uint8Array(4096);
  attempt("BPF_PROG_TYPE_EXT", () =>
    loadProbe(kernel, undefined, { ...attr, log: { buffer: log, level: 1 } }),
  );
  return Buffer.from(log).toString("latin1").includes("Cannot replace kernel functions");
}
