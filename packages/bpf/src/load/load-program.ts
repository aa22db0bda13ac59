import { encodeInstructions } from "../asm/encode.ts";
import { textOfBytes } from "../codec/text.ts";
import { SyscallError } from "../errors.ts";
import type { ProgLoadAttr } from "../linux/bpf-calls.ts";
import { ENOSPC, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { LinkedProgram } from "../relocate/code.ts";
import { kernelName } from "../spec/kernel-name.ts";
import { BPF_PROG_TYPE_KPROBE } from "../spec/program-types.ts";
import type { AttachTarget } from "./attach-target.ts";
import type { Features } from "./features.ts";
import type { LoadPlan, ProgramPlan } from "./plan.ts";

/** The kernel takes at most UINT_MAX >> 2 bytes of log; a program that fills 16 MiB has said enough. */
const LOG_SIZES = [1 << 16, 1 << 20, 1 << 24] as const;

/** A program that the kernel took. `log` is empty unless it was asked for. */
export interface Accepted {
  readonly fd: OwnedFd;
  readonly log: string;
}

/** A program that the kernel refused: its error and what the verifier said, if anything. */
export interface Refusal {
  readonly error: SyscallError;
  readonly log: string;
}

/**
 * Hands a program to the kernel. The verifier's log costs time, so with level 0 it is asked for only after a failure, by
 * loading again.
 */
export function submitProgram(kernel: Kernel, attr: ProgLoadAttr, logLevel: number): Accepted | Refusal {
  if (logLevel === 0) {
    try {
      return { fd: kernel.bpf.progLoad(attr), log: "" };
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }
  return submitWithLog(kernel, attr, Math.max(1, logLevel));
}

function submitWithLog(kernel: Kernel, attr: ProgLoadAttr, level: number): Accepted | Refusal {
  let refusal: Refusal | undefined;
  for (const size of LOG_SIZES) {
    const buffer = new Uint8Array(size);
    try {
      const fd = kernel.bpf.progLoad({ ...attr, log: { buffer, level } });
      return { fd, log: textOfBytes(buffer) };
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      refusal = { error, log: textOfBytes(buffer) };
      if (!failedWith(error, ENOSPC)) return refusal;
    }
  }
  return withoutLog(kernel, attr, refusal!.log);
}

/** That even the largest buffer is too small for the log says nothing about the program. */
function withoutLog(kernel: Kernel, attr: ProgLoadAttr, log: string): Accepted | Refusal {
  try {
    return { fd: kernel.bpf.progLoad(attr), log };
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return { error, log };
  }
}

/** The attributes of BPF_PROG_LOAD for a program that is relocated and resolved. */
export function loadAttributes(
  plan: LoadPlan,
  program: ProgramPlan,
  linked: LinkedProgram,
  features: Features,
  btf: OwnedFd | undefined,
  target: AttachTarget | undefined,
): ProgLoadAttr {
  const { spec } = program;
  const version = plan.object.kernelVersion || plan.kernel.version;
  return {
    type: spec.type,
    instructions: encodeInstructions(linked.instructions, plan.object.littleEndian),
    license: plan.object.license,
    ...(features.programName ? { name: kernelName(spec.name) } : {}),
    // Before 5.0 the kernel compared it with its own.
    ...(spec.type === BPF_PROG_TYPE_KPROBE ? { kernelVersion: version } : {}),
    ...(spec.flags === 0 ? {} : { flags: spec.flags }),
    ...expectedAttachType(program, features),
    ...(btf === undefined || linked.funcInfo.length === 0 || !features.btfFunc ? {} : debugInfo(linked, btf)),
    ...target,
  };
}

/** Kernels before 4.17 reject the field; some program types do without it. */
function expectedAttachType({ spec }: ProgramPlan, features: Features) {
  if (spec.attachType === undefined) return {};
  if (spec.definition?.attachTypeOptional && !features.expectedAttachType) return {};
  return { expectedAttachType: spec.attachType };
}

/** struct bpf_func_info and struct bpf_line_info, include/uapi/linux/bpf.h. */
function debugInfo(linked: LinkedProgram, btf: OwnedFd) {
  const funcs = Uint32Array.from(linked.funcInfo.flatMap(({ insn, typeId }) => [insn, typeId]));
  const lines = Uint32Array.from(
    linked.lineInfo.flatMap((line) => [line.insn, line.fileNameOffset, line.lineOffset, line.lineColumn]),
  );
  return {
    btf,
    funcInfo: { bytes: new Uint8Array(funcs.buffer), recordSize: 8 },
    ...(lines.length === 0 ? {} : { lineInfo: { bytes: new Uint8Array(lines.buffer), recordSize: 16 } }),
  };
}
