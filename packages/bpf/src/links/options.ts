import type { Btf } from "../btf/btf.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { LoadedProgram } from "../load/program.ts";

/**
 * What a SEC() name cannot say, or what replaces what it says. A hook reads the options that concern it and ignores the
 * others, so that one set of options can serve all programs of an object.
 */
export interface AttachOptions {
  /**
   * Replaces the target of the SEC() name, in the same words: `syscalls/sys_enter_write` (tracepoint), `tcp_v4_connect+0x10`
   * (kprobe), `/bin/bash:readline` (uprobe), `libjvm.so:hotspot:gc__begin` (usdt), `tcp_*` (kprobe.multi).
   */
  readonly target?: string;
  /** Only this process: uprobe, usdt, perf_event. It also says whose files a library's name is looked up in. */
  readonly pid?: number;
  /** What bpf_get_attach_cookie() (bpf_usdt_cookie() in USDT programs) returns. Unsigned, 64 bits. */
  readonly cookie?: number | bigint;
  /** Finds a map of the program's object: USDT's own maps, the sockmap of sk_skb and sk_msg. */
  readonly maps?: (name: string) => AttachableMap | undefined;
  /** Types of the program's object, which tell usdt what the program's usdt.bpf.h understands. */
  readonly btf?: Btf | undefined;
  /** perf_event: what to sample and how often. */
  readonly sample?: SampleOptions;
  /** xdp, tc, tcx, netkit, socket_filter: a network interface, by name or index. */
  readonly interface?: string | number;
  /** xdp: where in the receive path; by default the kernel chooses the fastest there is. */
  readonly xdpMode?: "generic" | "native" | "offload";
  /** tc: which way packets go (default `ingress`). cgroup/skb: required when the SEC() name does not say. */
  readonly direction?: "ingress" | "egress";
  /** tc: attach as a clsact filter at this place, even where the kernel has tcx. */
  readonly filter?: { readonly handle?: number; readonly priority?: number };
  /** cgroup hooks: a directory of the cgroup v2 hierarchy. */
  readonly cgroup?: string;
  /** socket_filter: a socket's descriptor. */
  readonly socket?: number;
  /** sk_lookup, flow_dissector: a file that names a network namespace; by default this process's own. */
  readonly networkNamespace?: string;
  /** sk_skb, sk_msg: name of the sockmap or sockhash, found through `maps`. */
  readonly sockmap?: string;
  /** netfilter: where in the stack. */
  readonly netfilter?: NetfilterOptions;
  /** iter: restricts what is iterated over. */
  readonly iterate?: IterateOptions;
  /** lirc: path of the device, such as `/dev/lirc0`. */
  readonly device?: string;
}

/** What attaching needs to know of a map. The library's maps are such. */
export interface AttachableMap {
  readonly fd: OwnedFd;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** Software events work everywhere; hardware events need a PMU, which virtual machines often lack. */
export type SampleEvent =
  | "cpu-clock"
  | "task-clock"
  | "page-faults"
  | "context-switches"
  | "cpu-migrations"
  | "cycles"
  | "instructions"
  | "cache-references"
  | "cache-misses"
  | "branches"
  | "branch-misses";

/** For perf_event programs. @kernel 4.9 */
export interface SampleOptions {
  /** Default `cpu-clock`. A raw event is `{ type, config }` of perf_event_open(2). */
  readonly event?: SampleEvent | { readonly type: number; readonly config: number | bigint };
  /** Samples per second and CPU; default 99. */
  readonly frequency?: number;
  /** One sample for so many events, instead of a frequency. */
  readonly period?: number;
}

/** For netfilter programs. @kernel 6.4, BPF_LINK_TYPE_NETFILTER (net/netfilter/nf_bpf_link.c) */
export interface NetfilterOptions {
  /** Default `ipv4`. */
  readonly family?: "ipv4" | "ipv6";
  readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
  /** Lower runs first; default 0. */
  readonly priority?: number;
  /** Reassemble fragments before the program runs. */
  readonly defragment?: boolean;
}

/** For iter programs. @kernel 5.9 `map`; 6.1 `pid`, `tid` and `cgroup` (kernel/bpf/bpf_iter.c) */
export interface IterateOptions {
  /** Elements of this map, found through `maps`. */
  readonly map?: string;
  /** Threads of this process, for task iterators. */
  readonly pid?: number;
  /** This thread, for task iterators. */
  readonly tid?: number;
  /** A cgroup v2 directory, and which way to walk from it (default `descendants`), for cgroup iterators. */
  readonly cgroup?: string;
  readonly order?: "self" | "descendants" | "ancestors";
}

/** A program's target. `example` shows the words that this hook wants. @throws {InvalidArgumentError} when it has none: how to give one */
export function requiredTarget(program: LoadedProgram, options: AttachOptions, example: string): string {
  const target = options.target ?? program.spec.target;
  if (target === undefined || target === "") {
    throw new InvalidArgumentError(
      `SEC("${program.spec.section}") of program ${program.name} names no target`,
      `pass target: "${example}" when attaching`,
    );
  }
  return target;
}

/** An option that a hook cannot do without. */
export function missingOption(program: LoadedProgram, what: string, example: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `program ${program.name} (SEC("${program.spec.section}")) needs ${what}`,
    `pass ${example} when attaching`,
  );
}

/** The cookie as the kernel wants it. @throws {InvalidArgumentError} when it is not an unsigned 64-bit integer. */
export function cookieOf(options: AttachOptions): bigint | undefined {
  const { cookie } = options;
  if (cookie === undefined) return undefined;
  const usable = typeof cookie === "bigint" || Number.isSafeInteger(cookie);
  const value = usable ? BigInt(cookie) : -1n;
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new InvalidArgumentError(
      `cookie ${cookie} is not an unsigned 64-bit integer`,
      "pass a number from 0 to 2^64 - 1",
    );
  }
  return value;
}

/** The pid to restrict an attachment to, checked. */
export function pidOf(options: AttachOptions): number | undefined {
  return checkedPid(options.pid);
}

/** @throws {InvalidArgumentError} when it cannot be the id of a process or thread */
export function checkedPid(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  if (!Number.isInteger(pid) || pid <= 0 || pid > 0x7fff_ffff) {
    throw new InvalidArgumentError(
      `${pid} is not a process id`,
      "pass a positive integer, or no pid for all processes",
    );
  }
  return pid;
}
