import type { ElfFile, ElfSection } from "../elf/elf-file.ts";

// elf.h
const SHT_GNU_VERDEF = 0x6ffffffd;
const SHT_GNU_VERSYM = 0x6fffffff;
const VERSYM_HIDDEN = 0x8000;

/** Which version of a dynamic symbol a linker would take, and what the versions are called. */
export interface SymbolVersions {
  /** False for versions kept only for binaries that were linked long ago. */
  isDefault(symbolIndex: number): boolean;
  /** Such as `GLIBC_2.34`; undefined for symbols without a version. */
  nameOf(symbolIndex: number): string | undefined;
}

/** Versions of `.dynsym` (Linux Standard Base, "Symbol Versioning"); undefined for a file without them. @throws {MalformedError} */
export function symbolVersions(elf: ElfFile): SymbolVersions | undefined {
  const table = elf.sections.find((section) => section.type === SHT_GNU_VERSYM);
  if (table === undefined) return undefined;
  const view = dataView(elf, table);
  const names = versionNames(elf);
  const little = elf.header.littleEndian;
  const versionOf = (index: number): number =>
    index * 2 + 2 <= view.byteLength ? view.getUint16(index * 2, little) : 1;
  return {
    isDefault: (index) => (versionOf(index) & VERSYM_HIDDEN) === 0,
    nameOf: (index) => names.get(versionOf(index) & ~VERSYM_HIDDEN),
  };
}

/** Elf64_Verdef is a chain of 20-byte records, each with a chain of names of which the first is its own. */
function versionNames(elf: ElfFile): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const section = elf.sections.find((candidate) => candidate.type === SHT_GNU_VERDEF);
  const strings = section === undefined ? undefined : elf.sections[section.link];
  if (section === undefined || strings === undefined) return names;
  const [view, text, little] = [dataView(elf, section), elf.data(strings), elf.header.littleEndian];
  // Every step moves on by at least a record's length, so a hostile chain ends.
  for (let at = 0; view.byteLength - at >= 20; ) {
    const auxiliary = at + view.getUint32(at + 12, little);
    if (view.byteLength - auxiliary < 8) break;
    names.set(view.getUint16(at + 4, little), stringAt(text, view.getUint32(auxiliary, little)));
    const next = view.getUint32(at + 16, little);
    if (next < 20) break;
    at += next;
  }
  return names;
}

function dataView(elf: ElfFile, section: ElfSection): DataView {
  const bytes = elf.data(section);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function stringAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  return end < 0 ? "" : Buffer.from(bytes.subarray(at, end)).toString("latin1");
}
