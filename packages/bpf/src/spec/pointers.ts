import { ByteView } from "../elf/byte-view.ts";
import type { ElfSection } from "../elf/elf-file.ts";
import type { ObjectFile } from "./object-file.ts";

/**
 * The addend of a relocated pointer in initial data (R_BPF_64_ABS64): with SHT_REL it is the word that stands there, the
 * offset within the section when the symbol is a section's.
 * @throws {MalformedError} when the pointer leaves the section
 */
export function addendAt(file: ObjectFile, section: ElfSection, offset: number): number {
  return new ByteView(file.elf.data(section), file.littleEndian).u64(offset, `pointer in ${section.name}`);
}
