import { decodeInstructions, INSTRUCTION_SIZE } from "../asm/decode.ts";
import type { Btf } from "../btf/btf.ts";
import { STB_LOCAL, STB_WEAK, STT_FUNC, STV_HIDDEN, STV_INTERNAL } from "../elf/constants.ts";
import type { ElfSection, ElfSymbol } from "../elf/elf-file.ts";
import { NotImplementedError } from "../errors.ts";
import type { CodeInfo } from "./btf-ext.ts";
import { type Referables, readReferences } from "./code-references.ts";
import { readExceptionCallbacks } from "./exception-callbacks.ts";
import { functionKeyText } from "./function-key.ts";
import { malformedObject, type ObjectFile } from "./object-file.ts";
import type { FunctionSpec, ProgramSpec } from "./object-spec.ts";
import { matchSection, sectionFlags } from "./sections.ts";
import { sourceLine } from "./source-line.ts";

export interface Functions {
  readonly programs: readonly ProgramSpec[];
  readonly subprograms: readonly FunctionSpec[];
}

/**
 * Splits the code sections into functions by their symbols: entry points (global functions outside `.text`), and functions
 * that are only called (all of `.text`, and static ones next to an entry point).
 * @throws {MalformedError}
 * @throws {NotImplementedError} for a static function that wants to be a program
 */
export function readFunctions(
  file: ObjectFile,
  btf: Btf | undefined,
  info: ReadonlyMap<string, CodeInfo>,
  referables: Referables,
): Functions {
  const programs: ProgramSpec[] = [];
  const subprograms: FunctionSpec[] = [];
  for (const section of file.sectionsOf("code")) {
    for (const [symbol, body] of readBodies(file, section, info.get(section.name), btf, referables)) {
      const { name } = symbol;
      const spec = { ...body, name, linkage: linkageOf(symbol) };
      if (section.name === ".text" || symbol.binding === STB_LOCAL) subprograms.push(spec);
      else programs.push({ ...spec, ...programOf(section) });
    }
  }
  if (programs.length + subprograms.length === 0) checkNotStripped(file);
  checkPrograms(programs);
  checkTargets(programs, subprograms);
  checkStatics(programs, subprograms);
  const callbacks = readExceptionCallbacks(btf, subprograms);
  const callbackOf = ({ funcInfo }: FunctionSpec) => callbacks.get(funcInfo[0]?.typeId ?? 0);
  return {
    programs: programs.map((program) => ({ ...program, exceptionCallback: callbackOf(program) })),
    subprograms,
  };
}

/** The functions of a section, in order of place. */
function functionSymbols(file: ObjectFile, section: ElfSection): ElfSymbol[] {
  return file
    .symbolsOf(section)
    .filter(({ type }) => type === STT_FUNC)
    .sort((a, b) => a.value - b.value || a.index - b.index);
}

type Body = Omit<FunctionSpec, "name" | "linkage">;

/** Each symbol with its code; aliases of a function share one body. */
function readBodies(
  file: ObjectFile,
  section: ElfSection,
  info: CodeInfo | undefined,
  btf: Btf | undefined,
  referables: Referables,
): [ElfSymbol, Body][] {
  const symbols = functionSymbols(file, section);
  const instructions = decodeInstructions(file.elf.data(section), file.littleEndian);
  checkPlaces(section, symbols);
  const covered = coverage(instructions.length, symbols);
  const place = (slot: number): string => {
    const at = slot * INSTRUCTION_SIZE;
    const name = symbols.findLast(({ value }) => value <= at)?.name ?? section.name;
    return `${name} at ${sourceLine(info?.lines ?? [], btf, slot)?.place ?? `byte ${at} of ${section.name}`}`;
  };
  const references = readReferences(file, section, instructions, referables, {
    covers: (slot) => covered[slot] === 1,
    place,
  });
  const ordered = [...references.values()].sort((a, b) => a.insn - b.insn);
  let last: { start: number; body: Body } | undefined;
  return symbols.map(({ value, size }, index) => {
    const start = value / INSTRUCTION_SIZE;
    const end = start + size / INSTRUCTION_SIZE;
    const body =
      last?.start === start
        ? last.body
        : {
            section: section.name,
            sectionOffset: value,
            instructions: instructions.slice(start, end),
            relocations: within(ordered, start, end),
            coreRelocations: within(info?.core ?? [], start, end),
            funcInfo: within(info?.functions ?? [], start, end),
            lineInfo: within(info?.lines ?? [], start, end),
          };
    last = { start, body };
    return [symbols[index]!, body];
  });
}

/** Functions are whole instructions, lie in their section, and overlap only as aliases of each other. */
function checkPlaces(section: ElfSection, symbols: readonly ElfSymbol[]): void {
  let before: ElfSymbol | undefined;
  for (const symbol of symbols) {
    const { name, value, size } = symbol;
    const where = `function ${name} at byte ${value} of ${section.name}, ${size} bytes long,`;
    if (value % INSTRUCTION_SIZE !== 0 || size % INSTRUCTION_SIZE !== 0 || size === 0) {
      throw malformedObject(`${where} is not made of whole instructions`);
    }
    if (value > section.size || size > section.size - value) {
      throw malformedObject(`${where} leaves the section of ${section.size} bytes`);
    }
    const alias = before?.value === value && before.size === size;
    if (before && !alias && value - before.value < before.size) {
      throw malformedObject(`${where} overlaps ${before.name}`);
    }
    before = symbol;
  }
}

function coverage(slots: number, symbols: readonly ElfSymbol[]): Uint8Array {
  const covered = new Uint8Array(slots);
  let end = 0;
  for (const { value, size } of symbols) {
    if (value < end) continue;
    end = value + size;
    covered.fill(1, value / INSTRUCTION_SIZE, end / INSTRUCTION_SIZE);
  }
  return covered;
}

/** The records from slot `start` up to `end`, counted from `start`. `records` are in order. */
function within<T extends { readonly insn: number }>(records: readonly T[], start: number, end: number): T[] {
  const found: T[] = [];
  for (let at = firstAtOrAfter(records, start); at < records.length; at++) {
    const record = records[at]!;
    if (record.insn >= end) break;
    found.push({ ...record, insn: record.insn - start });
  }
  return found;
}

function firstAtOrAfter(records: readonly { readonly insn: number }[], slot: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records[middle]!.insn < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A hidden global is static to the verifier, as it is to everyone outside the object. */
function linkageOf({ binding, visibility }: ElfSymbol): FunctionSpec["linkage"] {
  if (binding === STB_LOCAL || visibility === STV_HIDDEN || visibility === STV_INTERNAL) return "static";
  return binding === STB_WEAK ? "weak" : "global";
}

function programOf(section: ElfSection): Omit<ProgramSpec, keyof FunctionSpec> {
  const { definition, target, autoload } = matchSection(section.name);
  return {
    definition,
    type: definition?.programType ?? 0,
    attachType: definition?.attachType,
    target,
    flags: definition ? sectionFlags(definition) : 0,
    autoload,
    exceptionCallback: undefined,
  };
}

function checkPrograms(programs: readonly ProgramSpec[]): void {
  const names = new Set<string>();
  for (const { name } of programs) {
    if (names.has(name)) throw malformedObject(`two programs are called ${name}`);
    names.add(name);
  }
}

/** Functions are told by their symbols. */
function checkNotStripped(file: ObjectFile): void {
  const [section] = file.sectionsOf("code");
  if (section === undefined) return;
  throw malformedObject(
    `there is code in ${section.name}, but no symbol that names a function`,
    "Strip debug information at most (strip -g, llvm-strip -g): a loader needs the symbols.",
  );
}

/** A static function that has a SEC() and that nobody calls was meant to be a program. */
function checkStatics(programs: readonly FunctionSpec[], subprograms: readonly FunctionSpec[]): void {
  const called = new Set(
    [...programs, ...subprograms].flatMap(({ relocations }) =>
      relocations.map((relocation) => "target" in relocation && functionKeyText(relocation.target)),
    ),
  );
  for (const { name, section, sectionOffset } of subprograms) {
    if (section === ".text" || called.has(functionKeyText({ section, offset: sectionOffset }))) continue;
    throw new NotImplementedError(
      `object: function ${name} in SEC("${section}") is static, and programs are global`,
      "Leave out the word static.",
    );
  }
}

/** Calls and callbacks must lead to the beginning of a function. */
function checkTargets(programs: readonly FunctionSpec[], subprograms: readonly FunctionSpec[]): void {
  const all = [...programs, ...subprograms];
  const begins = new Set(
    all.map(({ section, sectionOffset }) => functionKeyText({ section, offset: sectionOffset })),
  );
  for (const { name, relocations } of all) {
    for (const relocation of relocations) {
      if (relocation.kind !== "call" && relocation.kind !== "function") continue;
      const { target } = relocation;
      if (begins.has(functionKeyText(target))) continue;
      throw malformedObject(
        `instruction ${relocation.insn} of ${name} refers to byte ${target.offset} of ${target.section}, where no function begins`,
      );
    }
  }
}
