import type { Instruction } from "../../asm/instruction.ts";
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_B,
  BPF_DW,
  BPF_H,
  BPF_LD,
  BPF_LDX,
  BPF_ST,
  BPF_STX,
  BPF_W,
  BPF_X,
  CLASS_MASK,
  LD_IMM64,
  SIZE_MASK,
} from "../../asm/opcodes.ts";
import { RelocationError } from "../../errors.ts";
import { poison } from "../poison.ts";
import type { CoreResult } from "./calculate.ts";

/**
 * The helper number called by an instruction that must never run: 0xbad2310, "bad relo". The verifier quotes it as
 * `invalid func unknown#195896080` when the instruction is reachable; the number is libbpf's, known to search engines.
 */
export const POISON_HELPER = 195896080;

/** Size bits of load and store opcodes, by bytes. */
const SIZE_BITS: ReadonlyMap<number, number> = new Map([
  [1, BPF_B],
  [2, BPF_H],
  [4, BPF_W],
  [8, BPF_DW],
]);

/**
 * Writes the result of a relocation into an instruction, after making sure that the value there is the one which the
 * compiler computed. Returns false when the instruction was poisoned instead.
 * @throws {RelocationError} when the instruction is not what the relocation describes
 */
export function patchInstruction(instructions: Instruction[], at: number, result: CoreResult): boolean {
  const insn = instructions[at];
  if (insn === undefined) throw mismatch(at, "does not exist");
  if (result.poison) return poisonAt(instructions, at);
  switch (insn.code & CLASS_MASK) {
    case BPF_ALU:
    case BPF_ALU64:
      if ((insn.code & BPF_X) !== 0) throw mismatch(at, "has no immediate operand");
      expectValue(at, result, BigInt(insn.imm));
      insn.imm = Number(BigInt.asIntN(32, result.newValue));
      return true;
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX:
      return patchAccess(instructions, at, insn, result);
    case BPF_LD:
      patchWideImmediate(at, insn, instructions[at + 1], result);
      return true;
    default:
      throw mismatch(at, `has opcode 0x${insn.code.toString(16)}, which carries no relocatable value`);
  }
}

function patchAccess(
  instructions: Instruction[],
  at: number,
  insn: Instruction,
  result: CoreResult,
): boolean {
  expectValue(at, result, BigInt(insn.off));
  if (result.newValue > 0x7fffn) {
    throw new RelocationError(
      `instruction ${at} would access offset ${result.newValue}, beyond the 32767 that it can hold`,
      "read the field with bpf_core_read instead of a direct access",
    );
  }
  if (result.sizeConflict) return poisonAt(instructions, at);
  insn.off = Number(result.newValue);
  if (result.newSize === result.oldSize) return true;
  if (SIZE_BITS.get(result.oldSize) !== (insn.code & SIZE_MASK)) {
    throw mismatch(at, `does not access the ${result.oldSize} bytes of its field`);
  }
  const bits = SIZE_BITS.get(result.newSize);
  if (bits === undefined) throw mismatch(at, `cannot access a field of ${result.newSize} bytes`);
  insn.code = (insn.code & ~SIZE_MASK) | bits;
  return true;
}

function patchWideImmediate(
  at: number,
  low: Instruction,
  high: Instruction | undefined,
  result: CoreResult,
): void {
  if (low.code !== LD_IMM64 || low.src !== 0 || low.off !== 0 || high === undefined)
    throw mismatch(at, "is no ld_imm64");
  if (high.code !== 0 || high.dst !== 0 || high.src !== 0 || high.off !== 0)
    throw mismatch(at, "has a broken second slot");
  expectValue(at, result, (BigInt(high.imm) << 32n) | BigInt(low.imm >>> 0));
  low.imm = Number(BigInt.asIntN(32, result.newValue));
  high.imm = Number(BigInt.asIntN(32, result.newValue >> 32n));
}

function expectValue(at: number, result: CoreResult, found: bigint): void {
  if (!result.validate || BigInt.asUintN(64, found) === result.oldValue) return;
  throw mismatch(
    at,
    `holds ${found} where the object's types say ${result.oldValue} (would become ${result.newValue})`,
  );
}

function poisonAt(instructions: Instruction[], at: number): false {
  const wide = instructions[at]?.code === LD_IMM64;
  poison(instructions[at]!, POISON_HELPER);
  // A lone second slot would make the verifier complain about opcode 0 instead.
  const second = instructions[at + 1];
  if (wide && second !== undefined) poison(second, POISON_HELPER);
  return false;
}

function mismatch(at: number, what: string): RelocationError {
  return new RelocationError(
    `the instruction that CO-RE relocates (${at}) ${what}`,
    "rebuild the object file: its .BTF.ext does not fit its code",
  );
}
