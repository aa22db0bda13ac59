import { InvalidArgumentError, NotFoundError, UnsupportedError } from "../errors.ts";
import { EADDRNOTAVAIL, EILSEQ, EINVAL, ENOENT, failedWith } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { LoadedProgram } from "../load/program.ts";
import { suggestion } from "../near-names.ts";
import type { LinkKind } from "../spec/object-spec.ts";
import { attachError } from "./attach-error.ts";
import { knownFunctionNames } from "./kernel-functions.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachOptions, cookieOf, requiredTarget } from "./options.ts";
import { attachToPerfEvent } from "./perf-attach.ts";
import { addProbeEvent, hasProbeEvents } from "./probe-events.ts";
import { openPmuProbe, probePmu } from "./probe-pmu.ts";
import { attachTraceEvent } from "./tracepoint.ts";
import { undoneOnFailure } from "./undo-list.ts";

/** A place in the kernel's code: a function plus an offset in bytes, or an address. */
export interface KernelPlace {
  readonly symbol: string | undefined;
  readonly offset: bigint;
}

/**
 * The entry of a kernel function, or an instruction in it (`symbol+offset`, or an address).
 * @kernel 4.1, BPF_PROG_TYPE_KPROBE (kernel/trace/bpf_trace.c)
 * @throws {UnsupportedError} when the kernel has no kprobes; {NotFoundError} when it has no such function
 */
export function attachKprobe(program: LoadedProgram, options: AttachOptions): Link {
  return attachPlace(
    "kprobe",
    program,
    parsePlace(requiredTarget(program, options, "tcp_v4_connect")),
    options,
  );
}

/** The return of a kernel function. Errors as for {@link attachKprobe}. */
export function attachKretprobe(program: LoadedProgram, options: AttachOptions): Link {
  const target = requiredTarget(program, options, "tcp_v4_connect");
  const place = parsePlace(target);
  if (place.symbol !== undefined && place.offset !== 0n) {
    throw new InvalidArgumentError(
      `a return probe cannot begin inside a function (${target})`,
      "leave the offset out",
    );
  }
  return attachPlace("kretprobe", program, place, options);
}

/**
 * The kernel's function behind a system call: `unlinkat` is `__x64_sys_unlinkat` here and `__arm64_sys_unlinkat` there.
 * Errors as for {@link attachKprobe}.
 */
export function attachKsyscall(program: LoadedProgram, options: AttachOptions): Link {
  return attachSyscall("ksyscall", program, options);
}

/** The return of the kernel's function behind a system call. */
export function attachKretsyscall(program: LoadedProgram, options: AttachOptions): Link {
  return attachSyscall("kretsyscall", program, options);
}

function attachSyscall(
  kind: "ksyscall" | "kretsyscall",
  program: LoadedProgram,
  options: AttachOptions,
): Link {
  const name = requiredTarget(program, options, "unlinkat").replace(/^sys_/, "");
  let missing: unknown;
  for (const symbol of syscallSymbols(name, program.kernel.machine)) {
    try {
      return attachPlace(kind, program, { symbol, offset: 0n }, options);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      missing ??= error;
    }
  }
  throw new NotFoundError(
    `this kernel has no system call ${name}`,
    "check the name: man 2 syscalls lists them",
    {
      cause: missing,
    },
  );
}

const WRAPPER_PREFIXES: { readonly [machine: string]: string | undefined } = {
  x86_64: "x64",
  aarch64: "arm64",
};

/** With CONFIG_ARCH_HAS_SYSCALL_WRAPPER the first exists, without it the second (include/linux/syscalls.h). */
function syscallSymbols(name: string, machine: string): readonly string[] {
  const wrapper = WRAPPER_PREFIXES[machine];
  const plain = [`__se_sys_${name}`, `sys_${name}`];
  return wrapper === undefined ? plain : [`__${wrapper}_sys_${name}`, ...plain];
}

/** @throws {InvalidArgumentError} */
export function parsePlace(target: string): KernelPlace {
  if (/^0x[0-9a-f]{1,16}$/i.test(target)) return { symbol: undefined, offset: BigInt(target) };
  const match = /^([A-Za-z_.$][\w.$:]*)(?:\+(0x[0-9a-f]{1,8}|\d{1,9}))?$/i.exec(target);
  if (match === null) {
    throw new InvalidArgumentError(
      `"${target}" is not a place in the kernel`,
      'name a "function", "function+0x10" or "0xaddress"',
    );
  }
  return { symbol: match[1], offset: BigInt(match[2] ?? "0") };
}

function attachPlace(
  kind: LinkKind,
  program: LoadedProgram,
  place: KernelPlace,
  options: AttachOptions,
): Link {
  const isReturn = kind === "kretprobe" || kind === "kretsyscall";
  const description = `${isReturn ? "kretprobe" : "kprobe"} ${placeText(place)}`;
  try {
    return openPlace({ kind, program, place, isReturn, description, cookie: cookieOf(options) });
  } catch (error) {
    throw explain(error, place, program.kernel, description);
  }
}

function placeText(place: KernelPlace): string {
  if (place.symbol === undefined) return `0x${place.offset.toString(16)}`;
  return place.offset === 0n ? place.symbol : `${place.symbol}+0x${place.offset.toString(16)}`;
}

interface Attempt {
  readonly kind: LinkKind;
  readonly program: LoadedProgram;
  readonly place: KernelPlace;
  readonly isReturn: boolean;
  readonly description: string;
  readonly cookie: bigint | undefined;
}

function openPlace(attempt: Attempt): Link {
  const pmu = probePmu(attempt.program.kernel, "kprobe");
  if (pmu === undefined) return openThroughTracefs(attempt);
  const { kind, program, place, isReturn, description, cookie } = attempt;
  return undoneOnFailure((undo) => {
    const event = openPmuProbe(program.kernel, pmu, { name: place.symbol, offset: place.offset, isReturn });
    const link = attachToPerfEvent(program, event, undo, cookie);
    return new AttachedLink(kind, description, undo.run, link);
  });
}

function openThroughTracefs({ kind, program, place, isReturn, description, cookie }: Attempt): Link {
  if (!hasProbeEvents(program.kernel, "kprobe_events")) {
    throw new UnsupportedError(
      `kprobes are not compiled into this kernel (CONFIG_KPROBES), so there is no ${description}`,
      "use a tracepoint or a tp_btf program instead, or a kernel with CONFIG_KPROBES=y",
    );
  }
  return undoneOnFailure((undo) => {
    const probe = { isReturn, location: placeText(place) };
    const id = addProbeEvent(program.kernel, "kprobe_events", probe, undo);
    const link = attachTraceEvent(kind, program, id, description, cookie);
    undo.keep(link);
    return new AttachedLink(kind, description, undo.run, link.fd);
  });
}

function explain(error: unknown, place: KernelPlace, kernel: Kernel, description: string): unknown {
  const cause = { cause: error };
  if (failedWith(error, EADDRNOTAVAIL)) {
    return new InvalidArgumentError(
      `several functions of this kernel are called ${place.symbol}`,
      "pass the address of the one you mean (0x... of /proc/kallsyms) as the target",
      cause,
    );
  }
  if (failedWith(error, EILSEQ)) {
    return new InvalidArgumentError(
      `${description} is in the middle of an instruction`,
      "choose another offset",
      cause,
    );
  }
  // Older kernels say EINVAL for a missing function; newer ones for one that must not be probed.
  const unknown = failedWith(error, EINVAL) && place.symbol !== undefined && !isKnown(kernel, place.symbol);
  if (failedWith(error, ENOENT) || unknown) return missingFunction(place, kernel, cause);
  if (failedWith(error, EINVAL)) {
    return new UnsupportedError(
      `the kernel refuses ${description}: its code may not be probed`,
      "see /sys/kernel/debug/kprobes/blacklist, and probe a function that calls it",
      cause,
    );
  }
  return attachError(error, description);
}

/** kallsyms adds `.llvm.<hash>` and the like; the name counts as known only when it is there as given. */
function isKnown(kernel: Kernel, symbol: string): boolean {
  const bare = symbol.slice(symbol.indexOf(":") + 1);
  try {
    kernel.symbolAddress(bare);
    return true;
  } catch (error) {
    // Several addresses for one name: known, too.
    return !(error instanceof NotFoundError);
  }
}

function missingFunction(place: KernelPlace, kernel: Kernel, cause: ErrorOptions): NotFoundError {
  const name = place.symbol ?? placeText(place);
  const otherwise = "it may be inlined, renamed or marked notrace: look in /proc/kallsyms";
  const next = suggestion(name, knownFunctionNames(kernel), otherwise);
  return new NotFoundError(`this kernel has no function ${name} to attach to`, next, cause);
}
