import type { Instruction } from "../asm/instruction.ts";
import { functionKeyText } from "../spec/function-key.ts";
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
function codeOf(spec: FunctionSpec, core: CoreRelocator | undefined): Code {
  const instructions = spec.instructions.map((insn) => ({ ...insn }));
  const poisoned = core?.relocate(spec, instructions, spec.coreRelocations) ?? [];
  return { spec, instructions, poisoned };
}

/** The functions of an object by where they start, each relocated when it is first needed. */
export class CodeTable {
  readonly #specs = new Map<string, FunctionSpec>();
  readonly #codes = new Map<FunctionSpec, Code>();
  readonly #core: CoreRelocator | undefined;

  constructor(functions: Iterable<FunctionSpec>, core: CoreRelocator | undefined) {
    for (const spec of functions) {
      const { section, sectionOffset: offset } = spec;
      this.#specs.set(functionKeyText({ section, offset }), spec);
    }
    this.#core = core;
  }

  of(spec: FunctionSpec): Code {
    let code = this.#codes.get(spec);
    if (code === undefined) {
      code = codeOf(spec, this.#core);
      this.#codes.set(spec, code);
    }
    return code;
  }

  at(where: FunctionKey): Code | undefined {
    const spec = this.#specs.get(functionKeyText(where));
    return spec && this.of(spec);
  }
}
