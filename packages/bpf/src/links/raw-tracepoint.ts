import { NotFoundError, UnsupportedError } from "../errors.ts";
import { EINVAL, ENOENT, failedWith } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import { readText } from "../linux/read-file.ts";
import type { LoadedProgram } from "../load/program.ts";
import { suggestion } from "../near-names.ts";
import { attachError } from "./attach-error.ts";
import { kernelLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf, requiredTarget } from "./options.ts";

/**
 * A tracepoint without the conversion to its event record: the program sees the raw arguments.
 * @kernel 4.17, BPF_RAW_TRACEPOINT_OPEN (kernel/bpf/syscall.c); with a cookie 6.10
 * @throws {NotFoundError} when the kernel has no such tracepoint
 */
export function attachRawTracepoint(program: LoadedProgram, options: AttachOptions): Link {
  const name = requiredTarget(program, options, "sched_switch");
  const description = `raw tracepoint ${name}`;
  const cookie = cookieOf(options);
  try {
    const attr = cookie === undefined ? {} : { cookie };
    const fd = program.kernel.bpf.rawTracepointOpen({ name, program: program.fd, ...attr });
    return kernelLink("raw_tracepoint", description, fd);
  } catch (error) {
    if (failedWith(error, ENOENT)) throw missing(program.kernel, name, error);
    if (cookie !== undefined && failedWith(error, EINVAL)) throw cookieUnsupported(description, error);
    throw attachError(error, description);
  }
}

function missing(kernel: Kernel, name: string, cause: unknown): NotFoundError {
  return new NotFoundError(
    `this kernel has no raw tracepoint ${name}`,
    suggestion(
      name,
      eventNames(kernel),
      "see available_events in tracefs for the names without their category",
    ),
    { cause },
  );
}

function cookieUnsupported(description: string, cause: unknown): UnsupportedError {
  return new UnsupportedError(
    `a cookie for ${description} needs Linux 6.10`,
    "leave the cookie out, or load the program once for each attachment",
    { cause },
  );
}

/** Names of the trace events, which nearly all are names of the tracepoints below them. */
function eventNames(kernel: Kernel): readonly string[] {
  try {
    const events = readText(kernel.files, `${kernel.tracefs}/available_events`);
    return events.split("\n").map((line) => line.slice(line.indexOf(":") + 1));
  } catch {
    return [];
  }
}
