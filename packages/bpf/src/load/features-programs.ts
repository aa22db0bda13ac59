import { encodeInstructions } from "../asm/encode.ts";
import type { Instruction } from "../asm/instruction.ts";
import {
  BPF_ALU64,
  BPF_CALL,
  BPF_DW,
  BPF_EXIT,
  BPF_IMM,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_MOV,
  BPF_PSEUDO_MAP_VALUE,
} from "../asm/opcodes.ts";
import type { ProgLoadAttr } from "../linux/bpf-calls.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { BPF_MAP_TYPE_ARRAY } from "../spec/map-types.ts";
import { BPF_PROG_TYPE_SOCKET_FILTER } from "../spec/program-types.ts";

function instruction(code: number, fields: Partial<Omit<Instruction, "code">> = {}): Instruction {
  return { code, dst: 0, src: 0, off: 0, imm: 0, ...fields };
}

export const EXIT: Instruction = instruction(BPF_JMP | BPF_EXIT);

/** `dst = value`. */
export function move(dst: number, value: number): Instruction {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm: value });
}

/** `r0 = helper(r1, …)`; `id` is that of enum bpf_func_id. */
export function callHelper(id: number): Instruction {
  return instruction(BPF_JMP | BPF_CALL, { imm: id });
}

/** `r1 = address of the map's first value`: two slots. */
export function loadMapValue(map: OwnedFd): readonly Instruction[] {
  return [
    instruction(BPF_LD | BPF_IMM | BPF_DW, { dst: 1, src: BPF_PSEUDO_MAP_VALUE, imm: map.raw }),
    instruction(0),
  ];
}

/** `return 0`: the smallest program. */
export const RETURN_ZERO: readonly Instruction[] = [move(0, 0), EXIT];

/** Loads a program for a probe. @throws {SyscallError} */
export function loadProbe(
  kernel: Kernel,
  instructions: readonly Instruction[] = RETURN_ZERO,
  attr: Partial<Omit<ProgLoadAttr, "instructions">> = {},
): OwnedFd {
  return kernel.bpf.progLoad({
    type: BPF_PROG_TYPE_SOCKET_FILTER,
    license: "GPL",
    kernelVersion: kernel.version,
    ...attr,
    instructions: encodeInstructions(instructions, true),
  });
}

/** Lends a small array map. */
export function withArray<T>(kernel: Kernel, use: (map: OwnedFd) => T): T {
  const map = kernel.bpf.mapCreate({ type: BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 32, maxEntries: 1 });
  try {
    return use(map);
  } finally {
    map.close();
  }
}

/** Lends a program. */
export function withProgram<T>(
  kernel: Kernel,
  attr: Partial<Omit<ProgLoadAttr, "instructions">>,
  use: (program: OwnedFd) => T,
): T {
  const program = loadProbe(kernel, RETURN_ZERO, attr);
  try {
    return use(program);
  } finally {
    program.close();
  }
}
