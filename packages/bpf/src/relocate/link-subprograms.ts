import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, CALL } from "../asm/opcodes.ts";
import { MalformedError, RelocationError } from "../errors.ts";
import type { FunctionKey, Relocation } from "../spec/object-spec.ts";
import type { Code, CodeTable, LinkedProgram } from "./code.ts";

/** The verifier takes at most a million instructions; more can only be a forged or runaway object. */
const MAX_INSTRUCTIONS = 1_000_000;

/** A function placed in the program. */
interface Placed {
  readonly code: Code;
  /** Index of its first instruction in the program. */
  readonly start: number;
  readonly references: ReadonlyMap<number, Relocation>;
  /** The next instruction to look at. */
  next: number;
}

/**
 * Appends every function that a program calls, directly or not, once each, in the order in which calls are met (depth
 * first, as libbpf does, so that the kernel's tag of the program is the same), and points the calls at them. A `callback` that no
 * instruction refers to comes last.
 * @throws {RelocationError} when a call leads to no function
 */
export function linkSubprograms(main: Code, functions: CodeTable, callback?: FunctionKey): LinkedProgram {
  const linker = new Linker(functions);
  linker.place(main);
  linker.run();
  const last = callback && functions.at(callback);
  if (last !== undefined) {
    linker.placeOnce(last);
    linker.run();
  }
  return linker.result();
}

class Linker {
  readonly #functions: CodeTable;
  readonly #placed = new Map<Code, Placed>();
  readonly #stack: Placed[] = [];
  readonly #instructions: LinkedProgram["instructions"] = [];

  constructor(functions: CodeTable) {
    this.#functions = functions;
  }

  place(code: Code): Placed {
    const start = this.#instructions.length;
    if (start + code.instructions.length > MAX_INSTRUCTIONS) {
      throw new RelocationError(
        `${code.spec.name} makes the program longer than ${MAX_INSTRUCTIONS} instructions`,
        "split the program, or call less",
      );
    }
    for (const insn of code.instructions) this.#instructions.push({ ...insn });
    const references = new Map(code.spec.relocations.map((relocation) => [relocation.insn, relocation]));
    const placed = { code, start, references, next: 0 };
    this.#placed.set(code, placed);
    this.#stack.push(placed);
    return placed;
  }

  placeOnce(code: Code): Placed {
    return this.#placed.get(code) ?? this.place(code);
  }

  run(): void {
    for (let current = this.#stack.at(-1); current !== undefined; current = this.#stack.at(-1)) {
      if (current.next >= current.code.instructions.length) this.#stack.pop();
      else this.#visit(current, current.next++);
    }
  }

  #visit(from: Placed, at: number): void {
    const target = this.#target(from, at);
    if (target === undefined) return;
    const code = this.#functions.at(target);
    if (code === undefined) throw noFunction(from.code, at, target);
    const callee = this.placeOnce(code);
    const insn = this.#instructions[from.start + at]!;
    if (insn.code !== CALL) insn.src = BPF_PSEUDO_FUNC;
    insn.imm = callee.start - (from.start + at) - 1;
  }

  /** Where the instruction leads when it refers to a function of the object. */
  #target(from: Placed, at: number): FunctionKey | undefined {
    const reference = from.references.get(at);
    if (reference?.kind === "call" || reference?.kind === "function") return reference.target;
    if (reference !== undefined) return undefined;
    const insn = from.code.instructions[at]!;
    if (insn.code !== CALL || insn.src !== BPF_PSEUDO_CALL) return undefined;
    // A static function of the same section: the compiler has already put the distance into the call.
    const { section, sectionOffset } = from.code.spec;
    return { section, offset: sectionOffset + (at + insn.imm + 1) * 8 };
  }

  result(): LinkedProgram {
    const placed = [...this.#placed.values()];
    const poisoned = placed.flatMap(({ code, start }) => shift(code.poisoned, start));
    return {
      instructions: this.#instructions,
      relocations: placed.flatMap(({ code, start }) => shift(code.spec.relocations.filter(isOpen), start)),
      funcInfo: infoOf(placed, (code) => code.spec.funcInfo),
      lineInfo: infoOf(placed, (code) => code.spec.lineInfo),
      poisoned,
    };
  }
}

function isOpen(relocation: Relocation): boolean {
  return relocation.kind !== "call" && relocation.kind !== "function";
}

/** The kernel wants information about every function or none: it compares the count with what it finds itself. */
function infoOf<T extends { readonly insn: number }>(
  placed: readonly Placed[],
  select: (code: Code) => readonly T[],
): readonly T[] {
  if (placed.some(({ code }) => select(code)[0]?.insn !== 0)) return [];
  return placed.flatMap(({ code, start }) => shift(select(code), start));
}

function shift<T extends { readonly insn: number }>(records: readonly T[], by: number): T[] {
  return records.map((record) => ({ ...record, insn: record.insn + by }));
}

function noFunction(code: Code, at: number, target: FunctionKey): MalformedError {
  return new MalformedError(
    `${code.spec.name}, instruction ${at}: calls byte ${target.offset} of section ${target.section}, where no function starts`,
    "rebuild the object file",
  );
}
