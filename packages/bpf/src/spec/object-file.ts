import {
  EM_BPF,
  ET_REL,
  SHF_EXECINSTR,
  SHT_NOBITS,
  SHT_PROGBITS,
  SHT_REL,
  SHT_RELA,
} from "../elf/constants.ts";
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from "../elf/elf-file.ts";
import { readElf } from "../elf/read-elf.ts";
import { InvalidArgumentError, MalformedError, NotImplementedError } from "../errors.ts";

/** What a section of a BPF object is for; libbpf goes by the same names. */
export type SectionRole = "code" | "maps" | "rodata" | "data" | "bss" | "struct_ops" | "other";

const DAMAGED = "Rebuild the object file: it is damaged or cut off.";

/** The one way this folder refuses bad input; `next` where more likely the source is wrong than the file. */
export function malformedObject(message: string, next = DAMAGED): MalformedError {
  return new MalformedError(`object: ${message}`, next);
}

/** A relocation together with the symbol that it refers to. */
export interface ObjectRelocation extends ElfRelocation {
  readonly symbol: ElfSymbol;
}

/** An ELF file that is known to be a BPF object, with its symbols decoded and its sections told apart. */
export class ObjectFile {
  readonly elf: ElfFile;
  readonly symbols: readonly ElfSymbol[];
  readonly #roles: readonly SectionRole[];
  readonly #byName: ReadonlyMap<string, ElfSection>;
  /** By the index of the section that they lie in. */
  readonly #symbols: ReadonlyMap<number, readonly ElfSymbol[]>;
  /** By the index of the section that they relocate. */
  readonly #relocationTables: ReadonlyMap<number, readonly ElfSection[]>;

  /**
   * @throws {MalformedError}
   * @throws {InvalidArgumentError} for an ELF file that is no BPF object
   */
  constructor(bytes: Uint8Array) {
    const elf = readElf(bytes);
    const { type, machine } = elf.header;
    // Old clang versions leave the machine empty.
    if (type !== ET_REL || (machine !== EM_BPF && machine !== 0)) {
      throw new InvalidArgumentError(
        `this ELF file is no BPF object: it has type ${type}, for machine ${machine}`,
        "compile it with clang -target bpf -c, or ecc",
      );
    }
    elf.checkNoOverlap();
    this.elf = elf;
    this.symbols = [...elf.symbols];
    this.#roles = elf.sections.map(roleOf);
    this.#byName = new Map(elf.sections.map((section) => [section.name, section] as const).reverse());
    this.#symbols = groupBy(this.symbols, (symbol) => symbol.sectionIndex);
    const tables = elf.sections.filter(({ type }) => type === SHT_REL || type === SHT_RELA);
    this.#relocationTables = groupBy(tables, (table) => table.info);
    this.#checkUniqueNames();
  }

  get littleEndian(): boolean {
    return this.elf.header.littleEndian;
  }

  /** `undefined` for the special indexes (undefined, absolute, common). */
  roleOf(sectionIndex: number): SectionRole | undefined {
    return sectionIndex === 0 ? undefined : this.#roles[sectionIndex];
  }

  /** The section of that index. @throws {MalformedError} */
  sectionAt(index: number): ElfSection {
    const section = this.elf.sections[index];
    if (!section)
      throw malformedObject(`section ${index} does not exist, there are ${this.elf.sections.length}`);
    return section;
  }

  /** In ELF order. */
  sectionsOf(...roles: SectionRole[]): ElfSection[] {
    return this.elf.sections.filter(({ index }) => roles.includes(this.#roles[index]!) && index > 0);
  }

  /** The first section of that name. */
  sectionNamed(name: string): ElfSection | undefined {
    return this.#byName.get(name);
  }

  /** The bytes of the section of that name, undefined when there is none. */
  dataOf(name: string): Uint8Array | undefined {
    const section = this.sectionNamed(name);
    return section && this.elf.data(section);
  }

  /** The symbols that lie in a section, in order of their index. */
  symbolsOf(section: ElfSection): readonly ElfSymbol[] {
    return this.#symbols.get(section.index) ?? [];
  }

  /**
   * All relocations of a section, in order of offset.
   * @throws {NotImplementedError} for SHT_RELA, which no BPF compiler writes
   */
  relocationsOf(section: ElfSection): ObjectRelocation[] {
    const found: ObjectRelocation[] = [];
    for (const table of this.#relocationTables.get(section.index) ?? []) {
      if (table.type === SHT_RELA) {
        throw new NotImplementedError(
          `object: ${table.name} holds relocations with addends (SHT_RELA)`,
          "Compile with clang, which writes SHT_REL for BPF.",
        );
      }
      for (const relocation of this.elf.relocations(table)) {
        const symbol = this.symbols[relocation.symbolIndex];
        if (!symbol)
          throw malformedObject(
            `${table.name} refers to symbol ${relocation.symbolIndex}, which does not exist`,
          );
        if (relocation.offset >= section.size) {
          throw malformedObject(
            `${table.name} relocates byte ${relocation.offset} of ${section.size} in ${section.name}`,
          );
        }
        found.push({ ...relocation, symbol });
      }
    }
    return found.sort((a, b) => a.offset - b.offset);
  }

  /** `.BTF.ext` and function keys tell sections by name. */
  #checkUniqueNames(): void {
    const seen = new Set<string>();
    for (const { name } of this.sectionsOf("code", "rodata", "data", "bss", "maps", "struct_ops")) {
      if (seen.has(name)) throw malformedObject(`two sections are called ${name}`);
      seen.add(name);
    }
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function roleOf({ type, flags, name, size }: ElfSection): SectionRole {
  const is = (prefix: string) => name === prefix || name.startsWith(`${prefix}.`);
  if (type === SHT_NOBITS) return is(".bss") && size > 0 ? "bss" : "other";
  if (type !== SHT_PROGBITS || size === 0) return "other";
  if ((flags & SHF_EXECINSTR) !== 0) return "code";
  if (name === ".maps") return "maps";
  if (is(".rodata")) return "rodata";
  if (is(".data")) return "data";
  return /^\??\.struct_ops(\.link)?$/.test(name) ? "struct_ops" : "other";
}
