import type { FunctionSpec, Instruction, ObjectSpec } from "@skep/bpf";

/** BPF_FUNC_* ids of what fills a buffer (include/uapi/linux/bpf.h) → registers of the map and of the size. */
const WRITERS: ReadonlyMap<number, { readonly map: number; readonly size: number }> = new Map([
  [25, { map: 2, size: 5 }], // perf_event_output
  [111, { map: 2, size: 5 }], // skb_output
  [121, { map: 2, size: 5 }], // xdp_output
  [130, { map: 1, size: 3 }], // ringbuf_output
  [131, { map: 1, size: 2 }], // ringbuf_reserve
]);
const CALL = 0x85;
const LD_IMM64 = 0x18;
const MOV64_IMM = 0xb7;
const MOV32_IMM = 0xb4;
const MOV64_REG = 0xbf;
const STORES = new Set([2, 3]);
const JUMPS = new Set([5, 6]);

/**
 * How many bytes the code puts into each buffer map at a time, as far as it is a constant. Read backwards from
 * each call: what last set the argument's register.
 */
export function bufferSizes(spec: ObjectSpec): ReadonlyMap<string, ReadonlySet<number>> {
  const sizes = new Map<string, Set<number>>();
  for (const code of [...spec.programs, ...spec.subprograms]) {
    for (const [index, instruction] of code.instructions.entries()) {
      const writer =
        instruction.code === CALL && instruction.src === 0 ? WRITERS.get(instruction.imm) : undefined;
      if (writer === undefined) continue;
      const map = lastSet(code, index, writer.map);
      const size = lastSet(code, index, writer.size);
      if (map?.map === undefined || size?.constant === undefined) continue;
      sizes.set(map.map, (sizes.get(map.map) ?? new Set()).add(size.constant));
    }
  }
  return sizes;
}

interface Value {
  readonly map?: string;
  readonly constant?: number;
}

function lastSet(code: FunctionSpec, before: number, register: number): Value | undefined {
  let wanted = register;
  for (let index = before - 1; index >= 0; index--) {
    const instruction = code.instructions[index];
    if (instruction === undefined || !sets(instruction, wanted)) continue;
    if (instruction.code === MOV64_REG && instruction.off === 0) {
      wanted = instruction.src;
      continue;
    }
    if (instruction.code === MOV64_IMM || instruction.code === MOV32_IMM)
      return { constant: instruction.imm };
    if (instruction.code !== LD_IMM64) return undefined;
    const relocation = code.relocations.find(({ insn }) => insn === index);
    return relocation?.kind === "map" ? { map: relocation.map } : undefined;
  }
  return undefined;
}

/** Whether an instruction gives a register a value. The second slot of `ld_imm64` has operation code 0. */
function sets({ code, dst }: Readonly<Instruction>, register: number): boolean {
  if (code === CALL) return register <= 5;
  const kind = code & 7;
  if (code === 0 || STORES.has(kind) || JUMPS.has(kind)) return false;
  return dst === register;
}
