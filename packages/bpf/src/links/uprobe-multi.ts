import { definedFunctions } from "../elf/function-symbols.ts";
import { NotFoundError, UnsupportedError } from "../errors.ts";
import { findBinary } from "../linux/binary-path.ts";
import { EINVAL, EOPNOTSUPP, failedWith } from "../linux/errno.ts";
import type { LoadedProgram } from "../load/program.ts";
import { suggestion } from "../near-names.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { BPF_TRACE_UPROBE_MULTI, BPF_TRACE_UPROBE_SESSION } from "../spec/program-types.ts";
import { processGone } from "./attach-error.ts";
import { globMatcher, isPattern } from "./glob.ts";
import { kernelLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf, pidOf, requiredTarget } from "./options.ts";
import { locateUprobe, parseUprobeTarget, readBinary, type UprobeTarget } from "./uprobe-target.ts";

const BPF_F_UPROBE_MULTI_RETURN = 1;

/**
 * Many functions of one binary with one link: `path:function` or a pattern, `path:SSL_*`.
 * @kernel 6.6, BPF_TRACE_UPROBE_MULTI (kernel/trace/bpf_trace.c)
 * @throws {NotFoundError} when no function matches
 */
export function attachUprobeMulti(program: LoadedProgram, options: AttachOptions): Link {
  return attachMany("uprobe.multi", program, options);
}

/** The returns of many functions of one binary. */
export function attachUretprobeMulti(program: LoadedProgram, options: AttachOptions): Link {
  return attachMany("uretprobe.multi", program, options);
}

/**
 * Entry and return by one program, which can decline the return.
 * @kernel 6.13, BPF_TRACE_UPROBE_SESSION (kernel/trace/bpf_trace.c)
 */
export function attachUprobeSession(program: LoadedProgram, options: AttachOptions): Link {
  return attachMany("uprobe.session", program, options);
}

function attachMany(kind: LinkKind, program: LoadedProgram, options: AttachOptions): Link {
  const target = requiredTarget(program, options, "path:prefix_*");
  const parsed = parseUprobeTarget(target);
  const pid = pidOf(options);
  const path = findBinary(parsed.binary, pid);
  const offsets = offsetsOf(parsed, path, pid);
  const cookie = cookieOf(options);
  return linkUserProbes(kind, program, {
    path,
    offsets,
    pid,
    cookies: cookie === undefined ? undefined : offsets.map(() => cookie),
    description: `${kind} ${target} (${offsets.length} ${offsets.length === 1 ? "function" : "functions"})`,
  });
}

function offsetsOf(target: UprobeTarget, path: string, pid: number | undefined): readonly number[] {
  const { symbol } = target;
  if (symbol === undefined || !isPattern(symbol)) return [locateUprobe(target, pid).offset];
  const functions = definedFunctions(readBinary(path));
  const matches = globMatcher(symbol);
  const found = functions.filter((entry) => matches(entry.name)).map((entry) => entry.fileOffset);
  if (found.length === 0) {
    const names = functions.map((entry) => entry.name);
    const next = suggestion(symbol.replace(/[*?]/g, ""), names, "try a wider pattern");
    throw new NotFoundError(`no function of ${path} matches ${symbol}`, next);
  }
  return [...new Set(found)];
}

/** Places of one file for one link. Cookies and semaphores (0 for none) go with the offsets, one each. */
export interface UserProbes {
  readonly path: string;
  readonly offsets: readonly number[];
  readonly pid: number | undefined;
  readonly cookies?: readonly bigint[] | undefined;
  readonly semaphores?: readonly number[];
  readonly description: string;
}

/** Makes the link. @throws {UnsupportedError} before Linux 6.6 */
export function linkUserProbes(kind: LinkKind, program: LoadedProgram, probes: UserProbes): Link {
  const { path, offsets, pid, cookies, semaphores, description } = probes;
  const uprobeMulti = {
    path,
    offsets: offsets.map(BigInt),
    flags: kind === "uretprobe.multi" ? BPF_F_UPROBE_MULTI_RETURN : 0,
    pid: pid ?? 0,
    ...(cookies === undefined ? {} : { cookies }),
    ...(semaphores === undefined ? {} : { refCounterOffsets: semaphores.map(BigInt) }),
  };
  const attachType = kind === "uprobe.session" ? BPF_TRACE_UPROBE_SESSION : BPF_TRACE_UPROBE_MULTI;
  try {
    const fd = program.kernel.bpf.linkCreate({ program: program.fd, target: 0, attachType, uprobeMulti });
    return kernelLink(kind, description, fd);
  } catch (error) {
    if (!failedWith(error, EINVAL, EOPNOTSUPP)) throw processGone(error, description, pid);
    throw new UnsupportedError(
      `this kernel cannot attach ${description}`,
      "it needs Linux 6.6 (sessions: 6.13)",
      {
        cause: error,
      },
    );
  }
}
