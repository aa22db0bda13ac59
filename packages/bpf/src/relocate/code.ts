import type { Instruction } from "../asm/instruction.ts";
import type { FunctionKey, FunctionSpec, Relocation } from "../spec/object-spec.ts";
import type { CoreRelocator, Poisoned } from "./core/relocate-core.ts";

/** A function after CO-RE and before linking. Callers copy it: one function may become part of many programs. */
export interface Code {
  readonly spec: FunctionSpec;
  readonly instructions: readonly Readonly<Instruction>[];
  readonly poisoned: readonly Poisoned[];
}

/** A program with all functions that it calls behind it. Instruction indexes count from its start. */
export interface LinkedProgram {
  readonly instructions: Instruction[];
  /** What is left to resolve: references to maps and externs. */
  readonly relocations: readonly Relocation[];
  readonly funcInfo: FunctionSpec["funcInfo"];
  readonly lineInfo: FunctionSpec["lineInfo"];
  readonly poisoned: readonly Poisoned[];
}

/** A function's code with its CO-RE relocations applied; `core` is undefined for an object without any. */
export function codeOf(spec: FunctionSpec, core: CoreRelocator | undefined): Code {
  const instructions = spec.instructions.map((insn) => ({ ...insn }));
  const poisoned = core?.relocate(spec.name, instructions, spec.coreRelocations) ?? [];
  return { spec, instructions, poisoned };
}

/** The functions of an object by where they start. */
export class CodeTable {
  readonly #codes = new Map<string, Code>();

  constructor(codes: Iterable<Code>) {
    for (const code of codes) this.#codes.set(key(code.spec.section, code.spec.sectionOffset), code);
  }

  at(where: FunctionKey): Code | undefined {
    return this.#codes.get(key(where.section, where.offset));
  }
}

function key(section: string, offset: number): string {
  return `${offset} ${section}`;
}
