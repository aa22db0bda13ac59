import { ClosedError, UnsupportedError } from "../errors.ts";
import { EBADF, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import {
  PERF_EVENT_IOC_DISABLE,
  PERF_EVENT_IOC_ENABLE,
  PERF_EVENT_IOC_SET_BPF,
} from "../linux/perf-event.ts";
import type { LoadedProgram } from "../load/program.ts";
import { BPF_PERF_EVENT } from "../spec/program-types.ts";
import type { UndoList } from "./undo-list.ts";

// No process has so many.
const NO_DESCRIPTOR = 0xffff_ffff;

/**
 * Lets a perf event run a program: by a link where the kernel has them, else by ioctl. The event comes disabled and is
 * enabled last. Everything taken is put on `undo`, the event included. Returns the link's descriptor, when there is one.
 * @kernel 5.15, BPF_PERF_EVENT links (kernel/events/core.c, perf_event_set_bpf_prog); older without a cookie
 */
export function attachToPerfEvent(
  program: LoadedProgram,
  event: OwnedFd,
  undo: UndoList,
  cookie: bigint | undefined,
): OwnedFd | undefined {
  undo.keep(event);
  const link = hasPerfLinks(program) ? createLink(program, event, cookie) : undefined;
  if (link !== undefined) undo.keep(link);
  else setProgram(program, event, undo, cookie);
  program.kernel.ioctl(event, PERF_EVENT_IOC_ENABLE, 0);
  return link;
}

function createLink(program: LoadedProgram, event: OwnedFd, cookie: bigint | undefined): OwnedFd {
  const attr = { program: program.fd, target: event.raw, attachType: BPF_PERF_EVENT };
  return program.kernel.bpf.linkCreate(cookie === undefined ? attr : { ...attr, cookie });
}

function setProgram(
  program: LoadedProgram,
  event: OwnedFd,
  undo: UndoList,
  cookie: bigint | undefined,
): void {
  if (cookie !== undefined) {
    throw new UnsupportedError(
      `program ${program.name} cannot be given a cookie: that needs Linux 5.15`,
      "leave the cookie out, or load the program once for each attachment",
    );
  }
  const { kernel } = program;
  kernel.ioctl(event, PERF_EVENT_IOC_SET_BPF, program.fd.raw);
  undo.add(() => void kernel.ioctl(event, PERF_EVENT_IOC_DISABLE, 0));
}

const answers = new WeakMap<Kernel, boolean>();

/** Asked with a descriptor that cannot exist: a kernel that has perf links says EBADF, an older one EINVAL. */
export function hasPerfLinks(program: LoadedProgram): boolean {
  const { kernel } = program;
  let answer = answers.get(kernel);
  if (answer === undefined) {
    answer = refusesDescriptor(program);
    answers.set(kernel, answer);
  }
  return answer;
}

function refusesDescriptor(program: LoadedProgram): boolean {
  try {
    const attr = { program: program.fd, target: NO_DESCRIPTOR, attachType: BPF_PERF_EVENT };
    program.kernel.bpf.linkCreate(attr).close();
    return true;
  } catch (error) {
    // Of a program that is closed the kernel was not asked at all: that is no answer to remember.
    if (error instanceof ClosedError) throw error;
    return failedWith(error, EBADF);
  }
}
