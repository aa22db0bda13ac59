import type { Instruction } from "../asm/instruction.ts";
import { CALL } from "../asm/opcodes.ts";

/** bpf_probe_read_{user,kernel}[_str] → bpf_probe_read[_str], by helper number (include/uapi/linux/bpf.h). */
const OLDER: ReadonlyMap<number, number> = new Map([
  [112, 4],
  [113, 4],
  [114, 45],
  [115, 45],
]);

/** Whether a program calls one of the helpers that came with Linux 5.5. */
export function usesNewProbeRead(instructions: readonly Readonly<Instruction>[]): boolean {
  return instructions.some((insn) => insn.code === CALL && insn.src === 0 && OLDER.has(insn.imm));
}

/**
 * Lets a program run on kernels before 5.5, which read user and kernel memory with one and the same helper.
 */
export function useOlderProbeRead(instructions: readonly Instruction[]): void {
  for (const insn of instructions) {
    if (insn.code !== CALL || insn.src !== 0) continue;
    insn.imm = OLDER.get(insn.imm) ?? insn.imm;
  }
}
