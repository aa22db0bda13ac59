import { InvalidArgumentError, PermissionError, UnsupportedError } from "../errors.ts";
import { EACCES, EINVAL, ENOEXEC, ENOTSUPP, errnoText, failedWith } from "../linux/errno.ts";
import type { LoadedProgram } from "../load/program.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { processGone } from "./attach-error.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf, pidOf, requiredTarget } from "./options.ts";
import { attachToPerfEvent } from "./perf-attach.ts";
import { addProbeEvent, hasProbeEvents } from "./probe-events.ts";
import { openPmuProbe, type ProbePmu, probePmu } from "./probe-pmu.ts";
import { attachTraceEvent } from "./tracepoint.ts";
import { type UndoList, undoneOnFailure } from "./undo-list.ts";
import { locateUprobe, parseUprobeTarget } from "./uprobe-target.ts";

const EXAMPLE = "path:symbol";

/**
 * A function of a program or library, in all processes that run it or in one (`pid`).
 * @kernel 4.1, uprobes (kernel/events/uprobes.c); without tracefs 4.17
 * @throws {NotFoundError} when the file or the function does not exist, with similar names
 */
export function attachUprobe(program: LoadedProgram, options: AttachOptions): Link {
  return attachAtTarget("uprobe", program, options);
}

/** The return of a function of a program or library. Errors as for {@link attachUprobe}. */
export function attachUretprobe(program: LoadedProgram, options: AttachOptions): Link {
  return attachAtTarget("uretprobe", program, options);
}

function attachAtTarget(kind: "uprobe" | "uretprobe", program: LoadedProgram, options: AttachOptions): Link {
  const target = requiredTarget(program, options, EXAMPLE);
  const parsed = parseUprobeTarget(target);
  if (kind === "uretprobe" && parsed.symbol !== undefined && parsed.offset !== 0) {
    throw new InvalidArgumentError(
      `a return probe cannot begin inside a function (${target})`,
      "leave the offset out",
    );
  }
  const pid = pidOf(options);
  const place = locateUprobe(parsed, pid);
  const description = `${kind} ${target}${pid === undefined ? "" : ` of process ${pid}`}`;
  const probe = { ...place, isReturn: kind === "uretprobe", pid };
  return undoneOnFailure((undo) => {
    const fd = attachUserProbe({ kind, program, probe, description, cookie: cookieOf(options) }, undo);
    return new AttachedLink(kind, description, undo.run, fd);
  });
}

/** A place in a file that the kernel is to stop at. */
export interface UserProbe {
  readonly path: string;
  /** In the file. */
  readonly offset: number;
  readonly isReturn: boolean;
  readonly pid: number | undefined;
  /** File offset of a 16-bit counter that the kernel raises while attached. */
  readonly semaphore?: number;
}

export interface UserProbeAttempt {
  readonly kind: LinkKind;
  readonly program: LoadedProgram;
  readonly probe: UserProbe;
  readonly description: string;
  readonly cookie: bigint | undefined;
}

/** Attaches to one place; what was taken goes on `undo`. Returns the link's descriptor where there is one. */
export function attachUserProbe(attempt: UserProbeAttempt, undo: UndoList): Link["fd"] {
  const pmu = probePmu(attempt.program.kernel, "uprobe");
  try {
    return pmu === undefined ? openThroughTracefs(attempt, undo) : openThroughPmu(attempt, pmu, undo);
  } catch (error) {
    throw explain(error, attempt);
  }
}

function openThroughPmu(
  { program, probe, cookie }: UserProbeAttempt,
  pmu: ProbePmu,
  undo: UndoList,
): Link["fd"] {
  if (probe.semaphore !== undefined && pmu.semaphoreBit === undefined) {
    throw new UnsupportedError(
      `the USDT probe at offset 0x${probe.offset.toString(16)} of ${probe.path} has a semaphore, which needs Linux 4.20`,
      "use a probe without a semaphore",
    );
  }
  const { path, offset, ...rest } = probe;
  const event = openPmuProbe(program.kernel, pmu, { ...rest, name: path, offset: BigInt(offset) });
  return attachToPerfEvent(program, event, undo, cookie);
}

function openThroughTracefs(attempt: UserProbeAttempt, undo: UndoList): Link["fd"] {
  const { kind, program, probe, description, cookie } = attempt;
  if (!hasProbeEvents(program.kernel, "uprobe_events")) {
    throw new UnsupportedError(
      `uprobes are not compiled into this kernel (CONFIG_UPROBES), so there is no ${description}`,
      "use a kernel with CONFIG_UPROBES=y",
    );
  }
  if (probe.pid !== undefined) {
    throw new UnsupportedError(
      "a uprobe of one process needs Linux 4.17",
      "attach to all processes and filter in the program",
    );
  }
  const semaphore = probe.semaphore === undefined ? "" : `(0x${probe.semaphore.toString(16)})`;
  const location = `${probe.path}:0x${probe.offset.toString(16)}${semaphore}`;
  const id = addProbeEvent(program.kernel, "uprobe_events", { isReturn: probe.isReturn, location }, undo);
  return undo.keep(attachTraceEvent(kind, program, id, description, cookie)).fd;
}

function explain(error: unknown, { probe, description }: UserProbeAttempt): unknown {
  if (failedWith(error, ENOTSUPP, ENOEXEC)) {
    return new UnsupportedError(
      `there is no instruction at the place of ${description} that can be probed: the place is in the middle of one, or holds a breakpoint`,
      "choose the beginning of an instruction: objdump -d shows them",
      { cause: error },
    );
  }
  if (failedWith(error, EINVAL)) {
    const place = `offset 0x${probe.offset.toString(16)} of ${probe.path}`;
    return new InvalidArgumentError(
      `the kernel cannot probe ${place} (${description})`,
      "choose a place in the file's code",
      {
        cause: error,
      },
    );
  }
  // perf_uprobe_event_init in kernel/events/core.c, commit ba677dbe77af: Linux 6.16, and older ones since then.
  if (failedWith(error, EACCES)) {
    return new PermissionError(
      `not allowed to attach to ${description}: ${errnoText(error.errno)}`,
      error.next ||
        "run as root: kernels since July 2025 want CAP_SYS_ADMIN for uprobes, older ones CAP_PERFMON",
      { cause: error },
    );
  }
  return processGone(error, description, probe.pid);
}
