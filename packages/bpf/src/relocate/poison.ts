import type { Instruction } from "../asm/instruction.ts";
import { CALL } from "../asm/opcodes.ts";

/**
 * Makes an instruction a call of a helper that does not exist. The verifier refuses it where it can be reached, quoting the
 * number, and drops it where it cannot.
 */
export function poison(insn: Instruction, helper: number): void {
  insn.code = CALL;
  insn.dst = 0;
  insn.src = 0;
  insn.off = 0;
  insn.imm = helper;
}
