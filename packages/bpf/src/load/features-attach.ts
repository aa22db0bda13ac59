import { BtfKind } from "../btf/types.ts";
import { NotFoundError, PermissionError } from "../errors.ts";
import type { LinkCreateAttr } from "../linux/bpf-calls.ts";
import { EBADF, EINVAL, ENODEV, EOPNOTSUPP, ESRCH } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import * as types from "../spec/program-types.ts";
import { attempt, attemptErrno, type Probe } from "./features-attempt.ts";
import { loadProbe, RETURN_ZERO, withProgram } from "./features-programs.ts";
import { attemptTrampoline, kernelTypeId } from "./features-types.ts";

const NO_DESCRIPTOR = 0xffff_ffff;
const NO_INTERFACE = 0x7fff_ffff;
const SYSCALL_PREFIXES: Readonly<Record<string, string>> = { x86_64: "__x64_sys_", aarch64: "__arm64_sys_" };

/** The errno of BPF_LINK_CREATE with a target that cannot exist; nothing is ever attached. */
function linkErrno(
  kernel: Kernel,
  subject: string,
  program: { readonly type: number; readonly expectedAttachType?: number },
  link: Omit<LinkCreateAttr, "program">,
): number {
  const answers = [EBADF, EINVAL, ENODEV, EOPNOTSUPP, ESRCH];
  return attemptErrno(
    subject,
    () => withProgram(kernel, program, (loaded) => kernel.bpf.linkCreate({ ...link, program: loaded })),
    answers,
  );
}

function uprobeMultiErrno(kernel: Kernel, pid: number): number {
  const attachType = types.BPF_TRACE_UPROBE_MULTI;
  return linkErrno(
    kernel,
    "multi-uprobe links",
    { type: types.BPF_PROG_TYPE_KPROBE, expectedAttachType: attachType },
    { target: 0, attachType, uprobeMulti: { path: "/", offsets: [0n], flags: 0, pid } },
  );
}

/** Ways to attach. */
export const ATTACH_PROBES = {
  /** Perf events (kprobes, uprobes, tracepoints, clocks) attach by a link, with a cookie. */
  perfLink: {
    since: "5.15",
    detect: (kernel) =>
      linkErrno(
        kernel,
        "perf event links",
        { type: types.BPF_PROG_TYPE_TRACEPOINT },
        { target: NO_DESCRIPTOR, attachType: types.BPF_PERF_EVENT },
      ) === EBADF,
  },
  /** One link for many kernel functions. CONFIG_FPROBE. */
  kprobeMulti: {
    since: "5.18",
    detect: (kernel) => {
      const attachType = types.BPF_TRACE_KPROBE_MULTI;
      const errno = linkErrno(
        kernel,
        "multi-kprobe links",
        { type: types.BPF_PROG_TYPE_KPROBE, expectedAttachType: attachType },
        { target: 0, attachType, kprobeMulti: { flags: 0, symbols: ["skep_no_such_function"] } },
      );
      return errno === ESRCH;
    },
  },
  /**
   * One link for many places in a file. The first kernels filtered by thread where a process was asked for; those
   * that do it right refuse a negative pid at once.
   */
  uprobeMulti: {
    since: "6.10",
    detect: (kernel) => uprobeMultiErrno(kernel, 0) === EBADF && uprobeMultiErrno(kernel, -1) === EINVAL,
  },
  /** Programs on a network interface's traffic control, as links. */
  tcx: {
    since: "6.6",
    detect: (kernel) =>
      linkErrno(
        kernel,
        "tcx links",
        { type: types.BPF_PROG_TYPE_SCHED_CLS, expectedAttachType: types.BPF_TCX_INGRESS },
        { target: NO_INTERFACE, attachType: types.BPF_TCX_INGRESS },
      ) === ENODEV,
  },
  /**
   * fentry, fexit: a program patched into a function's entry. Tried on a function that only BPF's own tests call.
   * arm64 since 6.0.
   */
  fentry: {
    since: process.arch === "arm64" ? "6.0" : "5.5",
    detect: (kernel) => {
      const attachBtfId = kernelTypeId(kernel, "bpf_fentry_test1", BtfKind.Func);
      if (attachBtfId === undefined) return false;
      const expectedAttachType = types.BPF_TRACE_FENTRY;
      const attr = { type: types.BPF_PROG_TYPE_TRACING, expectedAttachType, attachBtfId };
      return attemptTrampoline(kernel, "fentry", () =>
        attempt("fentry", () => {
          const program = loadProbe(kernel, RETURN_ZERO, attr);
          try {
            return kernel.bpf.rawTracepointOpen({ name: undefined, program });
          } finally {
            program.close();
          }
        }),
      );
    },
  },
  /** Probes on kernel functions. CONFIG_KPROBE_EVENTS. */
  kprobes: {
    since: "4.1",
    detect: (kernel) =>
      kernel.files.exists("/sys/bus/event_source/devices/kprobe/type") ||
      kernel.files.exists(`${kernel.tracefs}/kprobe_events`),
  },
  /** Probes on functions of programs and libraries. CONFIG_UPROBE_EVENTS. */
  uprobes: {
    since: "4.1",
    detect: (kernel) =>
      kernel.files.exists("/sys/bus/event_source/devices/uprobe/type") ||
      kernel.files.exists(`${kernel.tracefs}/uprobe_events`),
  },
  /** System calls take a pointer to their registers (CONFIG_ARCH_HAS_SYSCALL_WRAPPER). */
  syscallWrapper: {
    since: "4.17",
    detect: (kernel) => {
      const prefix = SYSCALL_PREFIXES[kernel.machine];
      return prefix !== undefined && hasSymbol(kernel, `${prefix}bpf`);
    },
  },
} satisfies Record<string, Probe>;

function hasSymbol(kernel: Kernel, name: string): boolean {
  try {
    kernel.symbolAddress(name);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    // Hidden, or in a list that is closed to us: every machine with a prefix has had the wrapper since 4.17.
    if (error instanceof PermissionError) return true;
    throw error;
  }
}
