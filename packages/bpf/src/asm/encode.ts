import { InvalidArgumentError } from "../errors.ts";
import { INSTRUCTION_SIZE } from "./decode.ts";
import type { Instruction } from "./instruction.ts";

/**
 * Encodes instructions as the kernel reads them.
 * @throws {InvalidArgumentError} when a field does not fit, rather than encode something else.
 */
export function encodeInstructions(
  instructions: readonly Readonly<Instruction>[],
  littleEndian: boolean,
): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_SIZE);
  const view = new DataView(bytes.buffer);
  instructions.forEach((instruction, index) => {
    const { code, dst, src, off, imm } = instruction;
    if (!fits(instruction)) {
      throw new InvalidArgumentError(
        `instruction ${index} does not fit: code ${code}, dst ${dst}, src ${src}, off ${off}, imm ${imm}`,
        "Keep code in 8 bits, registers in 4, off in signed 16, imm in signed 32.",
      );
    }
    const at = index * INSTRUCTION_SIZE;
    view.setUint8(at, code);
    view.setUint8(at + 1, littleEndian ? (src << 4) | dst : (dst << 4) | src);
    view.setInt16(at + 2, off, littleEndian);
    view.setInt32(at + 4, imm, littleEndian);
  });
  return bytes;
}

function fits({ code, dst, src, off, imm }: Readonly<Instruction>): boolean {
  return (
    code === (code & 0xff) &&
    dst === (dst & 0xf) &&
    src === (src & 0xf) &&
    off === (off << 16) >> 16 &&
    imm === (imm | 0)
  );
}
