import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";

/** A range of kernel addresses: the machine code of a function. */
export interface CodeRange {
  readonly start: bigint;
  readonly length: number;
}

/** A program has at most 256 subprograms (BPF_MAX_SUBPROGS, include/linux/bpf_verifier.h). */
const MAX_FUNCTIONS = 256;
/** Offsets in struct bpf_prog_info, include/uapi/linux/bpf.h. */
const INFO = { size: 256, symbolCount: 104, lengthCount: 108, symbols: 112, lengths: 120 } as const;

/**
 * Where the code of a program and its subprograms lies. Empty when it is interpreted, or when the kernel hides its addresses
 * (kptr_restrict).
 * @kernel 4.18, BPF_OBJ_GET_INFO_BY_FD
 */
export function codeRanges(kernel: Kernel, program: OwnedFd): CodeRange[] {
  const { native } = kernel;
  const symbols = native.allocate(MAX_FUNCTIONS * 8);
  const lengths = native.allocate(MAX_FUNCTIONS * 4);
  const info = new Uint8Array(INFO.size);
  const view = new DataView(info.buffer);
  view.setUint32(INFO.symbolCount, MAX_FUNCTIONS, true);
  view.setUint32(INFO.lengthCount, MAX_FUNCTIONS, true);
  view.setBigUint64(INFO.symbols, BigInt(native.addressOf(symbols)), true);
  view.setBigUint64(INFO.lengths, BigInt(native.addressOf(lengths)), true);
  kernel.bpf.info(program, info);
  const count = Math.min(
    view.getUint32(INFO.symbolCount, true),
    view.getUint32(INFO.lengthCount, true),
    MAX_FUNCTIONS,
  );
  const starts = new BigUint64Array(symbols.buffer, 0, count);
  const sizes = new Uint32Array(lengths.buffer, 0, count);
  return Array.from(starts, (start, index) => ({ start, length: sizes[index] ?? 0 })).filter(
    ({ start }) => start !== 0n,
  );
}
