import { NotImplementedError } from "../errors.ts";
import { malformedElf } from "./byte-view.ts";
import {
  ET_REL,
  SHN_LORESERVE,
  SHT_DYNSYM,
  SHT_GROUP,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_RELA,
  SHT_STRTAB,
  SHT_SYMTAB,
  SYMBOL_SIZE,
} from "./constants.ts";
import type { ElfFile, ElfSection } from "./elf-file.ts";
import { ObjectLayout } from "./object-layout.ts";
import { readElf } from "./read-elf.ts";
import { REL_SIZE, RELA_SIZE } from "./relocations.ts";
import { StringTable } from "./string-table.ts";

export interface StripOptions {
  /** New contents of sections by name. */
  readonly replace?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Rewrites a relocatable file without what only debuggers and linkers want: DWARF, `.comment`, the compiler's address
 * tables, and the relocations of all these and of BTF (loaders resolve those by name). Symbols and string tables shrink
 * accordingly. What is left keeps its order and means the same to libbpf.
 * @throws {MalformedError}
 * @throws {NotImplementedError} for files that are linked already
 */
export function stripDebug(bytes: Uint8Array, options: StripOptions = {}): Uint8Array {
  const elf = readElf(bytes);
  if (elf.header.type !== ET_REL || elf.sections.some((section) => section.type === SHT_DYNSYM)) {
    throw new NotImplementedError(
      "ELF: only relocatable object files are stripped",
      "Strip the compiler's output.",
    );
  }
  elf.checkNoOverlap();
  return new Rewriter(elf, options.replace ?? new Map()).run();
}

/** Sections that no loader reads. String and symbol tables are written anew. */
function isDropped({ name, type }: ElfSection): boolean {
  if (type === SHT_NULL || type === SHT_GROUP || type === SHT_STRTAB) return true;
  return /^\.debug|^\.(comment|llvm_addrsig|eh_frame|note\.GNU-stack)$/.test(name);
}

class Rewriter {
  readonly #elf: ElfFile;
  readonly #replace: ReadonlyMap<string, Uint8Array>;
  readonly #strings = new StringTable();
  /** Old section index → new one. */
  readonly #sectionIndex = new Map<number, number>();
  readonly #symbolIndex = new Map<number, number>([[0, 0]]);
  readonly #kept: ElfSection[] = [];

  constructor(elf: ElfFile, replace: ReadonlyMap<string, Uint8Array>) {
    this.#elf = elf;
    this.#replace = replace;
    for (const section of elf.sections) {
      if (isDropped(section) || this.#relocatesDropped(section)) continue;
      this.#kept.push(section);
      this.#sectionIndex.set(section.index, this.#kept.length);
    }
  }

  run(): Uint8Array {
    const { symbols, firstGlobal } = this.#symbols();
    const stringsIndex = this.#kept.length + 1;
    const layout = new ObjectLayout(this.#elf.header, this.#strings);
    for (const section of this.#kept) {
      const { name, type, flags, alignment, entrySize, size } = section;
      const common = { name, type, flags, alignment, entrySize, link: 0, info: 0 };
      if (type === SHT_SYMTAB) {
        layout.add({ ...common, data: symbols, link: stringsIndex, info: firstGlobal });
      } else if (type === SHT_REL || type === SHT_RELA) {
        const link = this.#newIndex(section.link, section);
        layout.add({
          ...common,
          data: this.#relocations(section),
          link,
          info: this.#newIndex(section.info, section),
        });
      } else if (type === SHT_NOBITS) {
        layout.add({ ...common, data: new Uint8Array(0), size });
      } else {
        layout.add({ ...common, data: this.#replace.get(name) ?? this.#elf.data(section) });
      }
    }
    return layout.finish();
  }

  /** Relocations go with their section; those of BTF point into bytes that may be replaced. */
  #relocatesDropped({ type, info }: ElfSection): boolean {
    if (type !== SHT_REL && type !== SHT_RELA) return false;
    const target = this.#elf.sections[info];
    return !target || isDropped(target) || target.name === ".BTF" || target.name === ".BTF.ext";
  }

  #newIndex(old: number, { name }: ElfSection): number {
    const index = this.#sectionIndex.get(old);
    if (index === undefined) throw malformedElf(`${name} belongs to section ${old}, which does not exist`);
    return index;
  }

  /** The symbol table without the symbols of dropped sections; local symbols stay in front. */
  #symbols(): { symbols: Uint8Array; firstGlobal: number } {
    const table = this.#kept.find((section) => section.type === SHT_SYMTAB);
    if (!table) return { symbols: new Uint8Array(0), firstGlobal: 0 };
    const old = this.#elf.data(table);
    const bytes = new Uint8Array(old.length);
    const view = new DataView(bytes.buffer);
    const { littleEndian } = this.#elf.header;
    let count = 1;
    let firstGlobal = 1;
    for (const symbol of this.#elf.symbols) {
      const { index, sectionIndex } = symbol;
      const special = sectionIndex === 0 || sectionIndex >= SHN_LORESERVE;
      const section = special ? sectionIndex : this.#sectionIndex.get(sectionIndex);
      if (index === 0 || section === undefined) continue;
      const at = count * SYMBOL_SIZE;
      bytes.set(old.subarray(index * SYMBOL_SIZE, (index + 1) * SYMBOL_SIZE), at);
      view.setUint32(at, this.#strings.add(symbol.name), littleEndian);
      view.setUint16(at + 6, section, littleEndian);
      this.#symbolIndex.set(index, count++);
      if (index < table.info) firstGlobal = count;
    }
    return { symbols: bytes.slice(0, count * SYMBOL_SIZE), firstGlobal };
  }

  #relocations(section: ElfSection): Uint8Array {
    const bytes = this.#elf.data(section).slice();
    const view = new DataView(bytes.buffer);
    const { littleEndian } = this.#elf.header;
    const size = section.type === SHT_RELA ? RELA_SIZE : REL_SIZE;
    this.#elf.relocations(section).forEach(({ symbolIndex }, index) => {
      const renumbered = this.#symbolIndex.get(symbolIndex);
      if (renumbered === undefined) {
        throw malformedElf(
          `${section.name} refers to symbol ${symbolIndex}, which is in no section that is kept`,
        );
      }
      view.setUint32(index * size + (littleEndian ? 12 : 8), renumbered, littleEndian);
    });
    return bytes;
  }
}
