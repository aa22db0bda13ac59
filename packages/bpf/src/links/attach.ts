import { InvalidArgumentError } from "../errors.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { attachCgroup } from "./cgroup.ts";
import { attachIterator } from "./iter.ts";
import { attachKprobe, attachKretprobe, attachKretsyscall, attachKsyscall } from "./kprobe.ts";
import { attachKprobeMulti, attachKprobeSession, attachKretprobeMulti } from "./kprobe-multi.ts";
import type { Link } from "./link.ts";
import { attachLirc } from "./lirc.ts";
import { attachLsm } from "./lsm.ts";
import { attachNetfilter } from "./netfilter.ts";
import { attachFlowDissector, attachSkLookup } from "./network-namespace.ts";
import type { AttachOptions } from "./options.ts";
import { attachPerfEvent } from "./perf-event.ts";
import { attachRawTracepoint } from "./raw-tracepoint.ts";
import { attachSocketFilter } from "./socket-filter.ts";
import { attachSkMsg, attachSkSkb } from "./sockmap.ts";
import { attachStructOpsProgram } from "./struct-ops.ts";
import { attachNetkit, attachTc, attachTcx } from "./tc.ts";
import { attachTracepoint } from "./tracepoint.ts";
import { attachFreplace, attachTracing } from "./tracing.ts";
import { attachUprobe, attachUretprobe } from "./uprobe.ts";
import { attachUprobeMulti, attachUprobeSession, attachUretprobeMulti } from "./uprobe-multi.ts";
import { attachUsdt } from "./usdt.ts";
import { attachXdp } from "./xdp.ts";

type AttachFunction = (program: LoadedProgram, options: AttachOptions) => Link;

const ATTACH: Readonly<Record<LinkKind, AttachFunction>> = {
  kprobe: attachKprobe,
  kretprobe: attachKretprobe,
  "kprobe.multi": attachKprobeMulti,
  "kretprobe.multi": attachKretprobeMulti,
  "kprobe.session": attachKprobeSession,
  ksyscall: attachKsyscall,
  kretsyscall: attachKretsyscall,
  uprobe: attachUprobe,
  uretprobe: attachUretprobe,
  "uprobe.multi": attachUprobeMulti,
  "uretprobe.multi": attachUretprobeMulti,
  "uprobe.session": attachUprobeSession,
  usdt: attachUsdt,
  tracepoint: attachTracepoint,
  raw_tracepoint: attachRawTracepoint,
  tracing: attachTracing,
  lsm: attachLsm,
  iter: attachIterator,
  perf_event: attachPerfEvent,
  xdp: attachXdp,
  tc: attachTc,
  tcx: attachTcx,
  netkit: attachNetkit,
  netfilter: attachNetfilter,
  cgroup: attachCgroup,
  socket_filter: attachSocketFilter,
  sk_lookup: attachSkLookup,
  flow_dissector: attachFlowDissector,
  sk_skb: attachSkSkb,
  sk_msg: attachSkMsg,
  lirc: attachLirc,
  freplace: attachFreplace,
  struct_ops: attachStructOpsProgram,
};

/**
 * Attaches a loaded program the way its SEC() name says. Whatever was half done when this throws is undone.
 * @throws {InvalidArgumentError} when the section names no way of attaching, or an option is missing (the message says which)
 * @throws {NotFoundError} when the target does not exist; {UnsupportedError} when the kernel cannot attach such a program
 */
export function attachProgram(program: LoadedProgram, options: AttachOptions = {}): Link {
  const kind = program.spec.definition?.link;
  if (kind === undefined) {
    throw new InvalidArgumentError(
      `SEC("${program.spec.section}") of program ${program.name} names no way of attaching`,
      "use its descriptor yourself (a program array, BPF_PROG_TEST_RUN), or give it another SEC() name",
    );
  }
  return ATTACH[kind](program, options);
}
