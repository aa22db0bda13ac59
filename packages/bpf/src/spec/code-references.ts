import { INSTRUCTION_SIZE } from "../asm/decode.ts";
import type { Instruction } from "../asm/instruction.ts";
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, CALL, LD_IMM64 } from "../asm/opcodes.ts";
import { SHN_UNDEF, STT_SECTION } from "../elf/constants.ts";
import type { ElfSection, ElfSymbol } from "../elf/elf-file.ts";
import { NotImplementedError } from "../errors.ts";
import { malformedObject, type ObjectFile } from "./object-file.ts";
import type { Relocation } from "./object-spec.ts";

/** What code may refer to by place; names are the specs' names. */
export interface Referables {
  /** Maps by offset of their definition in `.maps`. */
  readonly mapAt: ReadonlyMap<number, string>;
  /** Maps of global data by section index. */
  readonly dataMaps: ReadonlyMap<number, string>;
  readonly externs: ReadonlySet<string>;
}

/** What is known of the slots of a section of code. */
export interface Slots {
  /** Whether a slot belongs to a function: what is left of overridden weak ones may refer to anything, as nothing runs it. */
  covers(slot: number): boolean;
  /** The function and the line of its source, for messages. */
  place(slot: number): string;
}

/**
 * Everything that the code of a section refers to, by slot from the section's start.
 * @throws {MalformedError}
 */
export function readReferences(
  file: ObjectFile,
  section: ElfSection,
  instructions: readonly Readonly<Instruction>[],
  referables: Referables,
  slots: Slots,
): ReadonlyMap<number, Relocation> {
  const references = localReferences(section, instructions);
  for (const { offset, symbol } of file.relocationsOf(section)) {
    const slot = offset / INSTRUCTION_SIZE;
    if (!slots.covers(Math.floor(slot))) continue;
    const instruction = instructions[slot];
    if (!instruction)
      throw malformedObject(`byte ${offset} of ${section.name} is relocated, but begins no instruction`);
    references.set(slot, referenceTo(file, referables, instruction, symbol, slot, slots));
  }
  return references;
}

/** Calls within a section need no relocation entry: the compiler knew the distance. */
function localReferences(
  section: ElfSection,
  instructions: readonly Readonly<Instruction>[],
): Map<number, Relocation> {
  const references = new Map<number, Relocation>();
  instructions.forEach(({ code, src, imm }, insn) => {
    const target = { section: section.name, offset: (insn + imm + 1) * INSTRUCTION_SIZE };
    if (code === CALL && src === BPF_PSEUDO_CALL) references.set(insn, { kind: "call", insn, target });
    if (code === LD_IMM64 && src === BPF_PSEUDO_FUNC)
      references.set(insn, { kind: "function", insn, target });
  });
  return references;
}

function referenceTo(
  file: ObjectFile,
  referables: Referables,
  { code, src, imm }: Readonly<Instruction>,
  symbol: ElfSymbol,
  insn: number,
  slots: Slots,
): Relocation {
  const isCall = code === CALL;
  const refuse = (what: string) => malformedObject(`${slots.place(insn)} ${what}`);
  if (!isCall && code !== LD_IMM64)
    throw refuse(`is relocated, but is neither a call nor a 64-bit load (code 0x${code.toString(16)})`);
  if (symbol.sectionIndex === SHN_UNDEF) {
    if (!referables.externs.has(symbol.name)) throw undeclared(symbol.name, slots.place(insn));
    return { kind: isCall ? "extern-call" : "extern", insn, name: symbol.name };
  }
  const role = file.roleOf(symbol.sectionIndex);
  if (role === "code") {
    const target = { section: file.sectionAt(symbol.sectionIndex).name, offset: symbol.value };
    if (!isCall) return { kind: "function", insn, target: { ...target, offset: symbol.value + imm } };
    if (src !== BPF_PSEUDO_CALL) throw refuse(`calls a helper, but is relocated to ${symbol.name}`);
    // For a global function imm is -1; for a static one the symbol is the section, imm the distance less one.
    return { kind: "call", insn, target: { ...target, offset: symbol.value + (imm + 1) * INSTRUCTION_SIZE } };
  }
  if (isCall) throw refuse(`calls ${symbol.name}, which is no function`);
  if (role === "maps") {
    const offset = symbol.value + (symbol.type === STT_SECTION ? imm : 0);
    const map = referables.mapAt.get(offset);
    if (map === undefined) throw refuse(`loads a map at byte ${offset} of .maps, where none begins`);
    return { kind: "map", insn, map };
  }
  const map = referables.dataMaps.get(symbol.sectionIndex);
  if (map === undefined) throw unsupported(file, symbol, slots.place(insn));
  return { kind: "map-value", insn, map, offset: symbol.value + imm };
}

function undeclared(name: string, place: string): NotImplementedError {
  const next = /^mem(set|cpy|move|cmp)$/.test(name)
    ? `There is no C library in the kernel: use __builtin_${name} with a small constant size, or a loop.`
    : "Define it, or declare it extern with __ksym or __kconfig and compile with -g.";
  return new NotImplementedError(
    `object: ${place} uses ${name}, which is neither defined nor declared in BTF`,
    next,
  );
}

function unsupported(file: ObjectFile, symbol: ElfSymbol, place: string): NotImplementedError {
  const section = file.elf.sections[symbol.sectionIndex]?.name ?? `section ${symbol.sectionIndex}`;
  return new NotImplementedError(
    `object: ${place} refers to ${symbol.name || "data"} in ${section}, which is no section of global data`,
    "Put variables in .data, .rodata or .bss, or in sections whose names begin with these and a dot.",
  );
}
