import { MalformedError } from "../errors.ts";
import type { Instruction } from "./instruction.ts";

/** Bytes of one slot, `struct bpf_insn`. */
export const INSTRUCTION_SIZE = 8;

/**
 * Decodes bytecode, slot by slot. Any slot decodes: whether it makes sense is the verifier's business.
 * Byte order decides the order of the 16- and 32-bit fields and of the two register nibbles.
 * @throws {MalformedError} when the length is no multiple of 8.
 */
export function decodeInstructions(bytes: Uint8Array, littleEndian: boolean): Instruction[] {
  if (bytes.length % INSTRUCTION_SIZE !== 0) {
    throw new MalformedError(
      `bytecode of ${bytes.length} bytes is not a whole number of ${INSTRUCTION_SIZE}-byte instructions`,
      "Rebuild the object file.",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const instructions = new Array<Instruction>(bytes.length / INSTRUCTION_SIZE);
  for (let index = 0, at = 0; at < bytes.length; index++, at += INSTRUCTION_SIZE) {
    const registers = view.getUint8(at + 1);
    const low = registers & 0x0f;
    const high = registers >> 4;
    instructions[index] = {
      code: view.getUint8(at),
      dst: littleEndian ? low : high,
      src: littleEndian ? high : low,
      off: view.getInt16(at + 2, littleEndian),
      imm: view.getInt32(at + 4, littleEndian),
    };
  }
  return instructions;
}
