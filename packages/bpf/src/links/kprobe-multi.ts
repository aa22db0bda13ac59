import { NotFoundError, PermissionError, UnsupportedError } from "../errors.ts";
import { EINVAL, ENOENT, EOPNOTSUPP, ESRCH, failedWith } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { LoadedProgram } from "../load/program.ts";
import { suggestion } from "../near-names.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { BPF_TRACE_KPROBE_MULTI, BPF_TRACE_KPROBE_SESSION } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { globMatcher, isPattern } from "./glob.ts";
import { knownFunctionNames, type TraceableFunction, traceableFunctions } from "./kernel-functions.ts";
import { kernelLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf, requiredTarget } from "./options.ts";

const BPF_F_KPROBE_MULTI_RETURN = 1;

/**
 * The entries of many kernel functions at once: a name, several names with commas, or a pattern (`tcp_*`).
 * @kernel 5.18, BPF_TRACE_KPROBE_MULTI (kernel/trace/bpf_trace.c), needs CONFIG_FPROBE
 * @throws {NotFoundError} when no function matches; {UnsupportedError} when the kernel has no fprobes
 */
export function attachKprobeMulti(program: LoadedProgram, options: AttachOptions): Link {
  return attachMany("kprobe.multi", program, options, 0);
}

/** The returns of many kernel functions. */
export function attachKretprobeMulti(program: LoadedProgram, options: AttachOptions): Link {
  return attachMany("kretprobe.multi", program, options, BPF_F_KPROBE_MULTI_RETURN);
}

/**
 * Entry and return by one program, which can decline the return.
 * @kernel 6.10, BPF_TRACE_KPROBE_SESSION (kernel/trace/bpf_trace.c)
 */
export function attachKprobeSession(program: LoadedProgram, options: AttachOptions): Link {
  return attachMany("kprobe.session", program, options, 0);
}

function attachMany(kind: LinkKind, program: LoadedProgram, options: AttachOptions, flags: number): Link {
  const target = requiredTarget(program, options, "tcp_*");
  const attachType = kind === "kprobe.session" ? BPF_TRACE_KPROBE_SESSION : BPF_TRACE_KPROBE_MULTI;
  const { guessed, ...places } = placesOf(program.kernel, target);
  const count = places.symbols?.length ?? places.addresses?.length ?? 0;
  const description = `${kind} ${target} (${count} ${count === 1 ? "function" : "functions"})`;
  const cookie = cookieOf(options);
  const cookies = cookie === undefined ? {} : { cookies: new Array<bigint>(count).fill(cookie) };
  try {
    const kprobeMulti = { flags, ...places, ...cookies };
    const fd = program.kernel.bpf.linkCreate({ program: program.fd, target: 0, attachType, kprobeMulti });
    return kernelLink(kind, description, fd);
  } catch (error) {
    const reason = explain(error, description, target, program.kernel);
    // Only what the kernel cannot do at all says more than that the list of its functions is closed to us.
    throw guessed === undefined || reason instanceof UnsupportedError ? reason : guessed;
  }
}

interface Places {
  readonly symbols?: readonly string[];
  readonly addresses?: readonly bigint[];
  /** Why the functions were taken from kallsyms, where some cannot be traced. */
  readonly guessed?: PermissionError;
}

/** Plain names go to the kernel as they are; patterns are resolved, by address where those are known: names may repeat. */
function placesOf(kernel: Kernel, target: string): Places {
  const words = target.split(",").map((word) => word.trim());
  if (!words.some(isPattern)) return { symbols: [...new Set(words)] };
  const matchers = words.map(globMatcher);
  const wanted = (name: string): boolean => matchers.some((matches) => matches(name));
  let found: readonly TraceableFunction[];
  try {
    found = traceableFunctions(kernel).filter((entry) => wanted(entry.name));
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    return { symbols: [...new Set(knownFunctionNames(kernel).filter(wanted))], guessed: error };
  }
  if (found.length === 0) throw noMatch(target, kernel);
  if (found.every((entry) => entry.address !== undefined)) {
    return { addresses: [...new Set(found.map((entry) => entry.address ?? 0n))] };
  }
  return { symbols: [...new Set(found.map((entry) => entry.name))] };
}

function noMatch(target: string, kernel: Kernel, cause?: unknown): NotFoundError {
  const next = suggestion(target.replace(/[*?]/g, ""), knownFunctionNames(kernel), "try a wider pattern");
  return new NotFoundError(`no traceable kernel function matches ${target}`, next, { cause });
}

function explain(error: unknown, description: string, target: string, kernel: Kernel): unknown {
  // One function that is missing or not traceable refuses the whole link.
  if (failedWith(error, ESRCH, ENOENT)) return noMatch(target, kernel, error);
  if (failedWith(error, EOPNOTSUPP, EINVAL)) {
    return new UnsupportedError(
      `this kernel cannot attach ${description}`,
      "it needs Linux 5.18 (sessions: 6.10) with CONFIG_FPROBE; use single kprobes instead",
      { cause: error },
    );
  }
  return attachError(error, description);
}
