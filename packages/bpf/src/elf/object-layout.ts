import { ELF_HEADER_SIZE, EM_BPF, ET_REL, SECTION_HEADER_SIZE, SHT_STRTAB } from "./constants.ts";
import type { ElfHeader } from "./elf-file.ts";
import type { StringTable } from "./string-table.ts";

/** A section to be written. */
export interface NewSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
  readonly data: Uint8Array;
  /** Bytes in memory where that is not the length of `data` (SHT_NOBITS). */
  readonly size?: number;
}

/**
 * Lays out a relocatable ELF64 file: header, contents, one string table for the names of symbols and sections as clang
 * writes it, section headers. Sections are numbered from 1 in the order in which they are added; the string table comes last.
 */
export class ObjectLayout {
  readonly #header: Pick<ElfHeader, "littleEndian" | "machine" | "flags">;
  readonly #strings: StringTable;
  readonly #sections: NewSection[] = [];

  constructor(header: Pick<ElfHeader, "littleEndian" | "machine" | "flags">, strings: StringTable) {
    this.#header = header;
    this.#strings = strings;
  }

  add(section: NewSection): void {
    this.#strings.add(section.name);
    this.#sections.push(section);
  }

  finish(): Uint8Array {
    this.#strings.add(".strtab");
    this.#sections.push({
      name: ".strtab",
      type: SHT_STRTAB,
      flags: 0,
      link: 0,
      info: 0,
      alignment: 1,
      entrySize: 0,
      data: this.#strings.bytes(),
    });
    let end = ELF_HEADER_SIZE;
    const offsets = this.#sections.map(({ alignment, data }) => {
      const offset = alignUp(end, alignment);
      end = offset + data.length;
      return offset;
    });
    const headersAt = alignUp(end, 8);
    const bytes = new Uint8Array(headersAt + (this.#sections.length + 1) * SECTION_HEADER_SIZE);
    const view = new DataView(bytes.buffer);
    this.#writeFileHeader(bytes, view, headersAt);
    this.#sections.forEach((section, index) => {
      bytes.set(section.data, offsets[index]);
      this.#writeSectionHeader(view, headersAt + (index + 1) * SECTION_HEADER_SIZE, section, offsets[index]!);
    });
    return bytes;
  }

  #writeFileHeader(bytes: Uint8Array, view: DataView, headersAt: number): void {
    const { littleEndian, machine, flags } = this.#header;
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, littleEndian ? 1 : 2, 1]);
    view.setUint16(16, ET_REL, littleEndian);
    view.setUint16(18, machine || EM_BPF, littleEndian);
    view.setUint32(20, 1, littleEndian);
    view.setBigUint64(40, BigInt(headersAt), littleEndian);
    view.setUint32(48, flags, littleEndian);
    view.setUint16(52, ELF_HEADER_SIZE, littleEndian);
    view.setUint16(58, SECTION_HEADER_SIZE, littleEndian);
    view.setUint16(60, this.#sections.length + 1, littleEndian);
    view.setUint16(62, this.#sections.length, littleEndian);
  }

  #writeSectionHeader(view: DataView, at: number, section: NewSection, offset: number): void {
    const { littleEndian } = this.#header;
    view.setUint32(at, this.#strings.add(section.name), littleEndian);
    view.setUint32(at + 4, section.type, littleEndian);
    view.setBigUint64(at + 8, BigInt(section.flags), littleEndian);
    view.setBigUint64(at + 24, BigInt(offset), littleEndian);
    view.setBigUint64(at + 32, BigInt(section.size ?? section.data.length), littleEndian);
    view.setUint32(at + 40, section.link, littleEndian);
    view.setUint32(at + 44, section.info, littleEndian);
    view.setBigUint64(at + 48, BigInt(section.alignment), littleEndian);
    view.setBigUint64(at + 56, BigInt(section.entrySize), littleEndian);
  }
}

/** Alignments are powers of two up to 8 in BPF objects; whatever else a file says, more than 4096 only wastes space. */
function alignUp(value: number, alignment: number): number {
  const unit = alignment > 1 && alignment <= 4096 ? alignment : 1;
  return Math.ceil(value / unit) * unit;
}
