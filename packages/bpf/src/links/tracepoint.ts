import { InvalidArgumentError, NotFoundError } from "../errors.ts";
import type { Kernel } from "../linux/kernel.ts";
import { encodePerfEventAttr, PERF_TYPE_TRACEPOINT } from "../linux/perf-event.ts";
import { listIfPossible } from "../linux/read-file.ts";
import { tracepointId } from "../linux/tracefs.ts";
import type { LoadedProgram } from "../load/program.ts";
import { suggestion } from "../near-names.ts";
import { attachError } from "./attach-error.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf, requiredTarget } from "./options.ts";
import { attachToPerfEvent } from "./perf-attach.ts";
import { undoneOnFailure } from "./undo-list.ts";

/**
 * A trace event, `category/name` as the directories of tracefs have it.
 * @kernel 4.7, BPF_PROG_TYPE_TRACEPOINT (kernel/trace/bpf_trace.c)
 * @throws {NotFoundError} when tracefs is not mounted, or the kernel has no such event (the message tells which)
 */
export function attachTracepoint(program: LoadedProgram, options: AttachOptions): Link {
  const target = requiredTarget(program, options, "syscalls/sys_enter_write");
  const { category, name } = splitTarget(target);
  const description = `tracepoint ${category}:${name}`;
  const id = findTracepoint(program.kernel, category, name);
  return attachTraceEvent("tracepoint", program, id, description, cookieOf(options));
}

/** Attaches to a trace event by its number: a tracepoint's, or that of a probe made through tracefs. */
export function attachTraceEvent(
  kind: Link["kind"],
  program: LoadedProgram,
  id: number,
  description: string,
  cookie: bigint | undefined,
): Link {
  return undoneOnFailure((undo) => {
    try {
      const attr = encodePerfEventAttr({ type: PERF_TYPE_TRACEPOINT, config: id, disabled: true });
      // Any one CPU will do: the program belongs to the event itself and runs wherever it happens.
      const event = program.kernel.perfEventOpen(attr, { pid: -1, cpu: program.kernel.onlineCpus()[0] ?? 0 });
      const link = attachToPerfEvent(program, event, undo, cookie);
      return new AttachedLink(kind, description, undo.run, link);
    } catch (error) {
      throw attachError(error, description);
    }
  });
}

function splitTarget(target: string): { readonly category: string; readonly name: string } {
  const match = /^([\w.-]+)[/:]([\w.-]+)$/.exec(target);
  if (match === null) {
    throw new InvalidArgumentError(
      `"${target}" is not a tracepoint`,
      'name it "category/name", such as sched/sched_switch',
    );
  }
  return { category: match[1] ?? "", name: match[2] ?? "" };
}

function findTracepoint(kernel: Kernel, category: string, name: string): number {
  try {
    return tracepointId(kernel, category, name);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw withSuggestion(kernel, category, name, error);
  }
}

/** A wrong category and a wrong name are different mistakes. */
function withSuggestion(
  { files, tracefs }: Kernel,
  category: string,
  name: string,
  cause: NotFoundError,
): NotFoundError {
  const events = `${tracefs}/events`;
  const names = listIfPossible(files, `${events}/${category}`);
  if (names.length === 0) {
    const next = suggestion(category, listIfPossible(files, events), cause.next);
    return new NotFoundError(
      `the kernel has no tracepoint category ${category} (of ${category}:${name})`,
      next,
      { cause },
    );
  }
  return new NotFoundError(cause.message, suggestion(name, names, cause.next), { cause });
}
