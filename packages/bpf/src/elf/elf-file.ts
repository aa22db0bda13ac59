import type { ByteView } from "./byte-view.ts";
import { malformedElf } from "./byte-view.ts";
import { SHT_DYNSYM, SHT_NOBITS, SHT_SYMTAB } from "./constants.ts";
import { readNotes } from "./notes.ts";
import { readRelocations } from "./relocations.ts";
import { SymbolTable } from "./symbols.ts";

/** A section header. `data()` is a view into the file. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** SHT_*. */
  readonly type: number;
  /** SHF_*. */
  readonly flags: number;
  /** Address in memory; 0 in relocatable files. */
  readonly address: number;
  /** Byte offset in the file. */
  readonly offset: number;
  /** Bytes; in memory only for SHT_NOBITS. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
}

/** A program header. */
export interface ElfSegment {
  /** PT_*. */
  readonly type: number;
  /** PF_*. */
  readonly flags: number;
  readonly offset: number;
  readonly virtualAddress: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
}

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  /** Address, or offset within the section in relocatable files. */
  readonly value: number;
  readonly size: number;
  /** STT_*. */
  readonly type: number;
  /** STB_*. */
  readonly binding: number;
  /** STV_*. */
  readonly visibility: number;
  /** SHN_UNDEF (0) when defined elsewhere. */
  readonly sectionIndex: number;
}

export interface ElfRelocation {
  /** Byte offset in the section being relocated. */
  readonly offset: number;
  /** Index in the symbol table that the relocation section links to. */
  readonly symbolIndex: number;
  readonly type: number;
  /** Undefined for SHT_REL, where the addend is in the bytes to be relocated. */
  readonly addend: number | undefined;
}

export interface ElfNote {
  /** Owner, e.g. `stapsdt` or `GNU`. */
  readonly name: string;
  readonly type: number;
  readonly description: Uint8Array;
  /** Undefined when the note was found through a program header. */
  readonly section: string | undefined;
}

export interface ElfHeader {
  readonly littleEndian: boolean;
  /** ET_*. */
  readonly type: number;
  /** EM_*. */
  readonly machine: number;
  readonly entry: number;
  readonly flags: number;
}

/**
 * A 64-bit ELF file. Headers are read at once; contents, symbols and notes when asked for, so that opening a
 * large library costs nothing. Addresses above 2^53 (kernel images) are rounded.
 */
export class ElfFile {
  readonly header: ElfHeader;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly #view: ByteView;
  readonly #tables = new Map<number, SymbolTable>();

  /** Use `readElf`. */
  constructor(
    view: ByteView,
    header: ElfHeader,
    sections: readonly ElfSection[],
    segments: readonly ElfSegment[],
  ) {
    this.#view = view;
    this.header = header;
    this.sections = sections;
    this.segments = segments;
  }

  /** The whole file. */
  get view(): ByteView {
    return this.#view;
  }

  /** The first section of that name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** A section's bytes in the file, empty for SHT_NOBITS. @throws {MalformedError} when they leave the file. */
  data(section: ElfSection): Uint8Array {
    if (section.type === SHT_NOBITS) return new Uint8Array(0);
    return this.#view.slice(section.offset, section.size, `section ${section.name}`);
  }

  /**
   * Sections of a relocatable file do not share bytes. Checking that bounds what a lying file can make a reader of all
   * sections allocate. @throws {MalformedError}
   */
  checkNoOverlap(): void {
    const total = this.sections.reduce((sum, { type, size }) => sum + (type === SHT_NOBITS ? 0 : size), 0);
    if (total > this.#view.length) {
      throw malformedElf(`sections of ${total} bytes in all do not fit a file of ${this.#view.length}`);
    }
  }

  /** `.symtab`; empty when stripped. @throws {MalformedError} */
  get symbols(): SymbolTable {
    return this.#tableOfType(SHT_SYMTAB);
  }

  /** `.dynsym`; empty in relocatable files. @throws {MalformedError} */
  get dynamicSymbols(): SymbolTable {
    return this.#tableOfType(SHT_DYNSYM);
  }

  /** The entries of a SHT_REL or SHT_RELA section. @throws {MalformedError} */
  relocations(section: ElfSection): ElfRelocation[] {
    return readRelocations(this.#view, section, this.data(section));
  }

  /** All notes, of sections where there are any, else of program headers. @throws {MalformedError} */
  notes(): ElfNote[] {
    return readNotes(this);
  }

  #tableOfType(type: number): SymbolTable {
    const index = this.sections.findIndex((section) => section.type === type);
    const known = this.#tables.get(index);
    if (known) return known;
    const table = this.#readTable(this.sections[index]);
    this.#tables.set(index, table);
    return table;
  }

  #readTable(section: ElfSection | undefined): SymbolTable {
    if (!section) return SymbolTable.empty;
    const strings = this.sections[section.link];
    if (!strings)
      throw malformedElf(`${section.name} links to string table ${section.link}, which does not exist`);
    return new SymbolTable(this.data(section), this.data(strings), this.header.littleEndian, section.name);
  }
}
