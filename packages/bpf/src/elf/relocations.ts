import { ByteView, malformedElf } from "./byte-view.ts";
import { SHT_REL, SHT_RELA } from "./constants.ts";
import type { ElfRelocation, ElfSection } from "./elf-file.ts";

/** sizeof(Elf64_Rel), sizeof(Elf64_Rela). */
export const REL_SIZE = 16;
export const RELA_SIZE = 24;

/** Decodes the entries of a SHT_REL or SHT_RELA section. @throws {MalformedError} */
export function readRelocations(file: ByteView, section: ElfSection, bytes: Uint8Array): ElfRelocation[] {
  if (section.type !== SHT_REL && section.type !== SHT_RELA) {
    throw malformedElf(`section ${section.name} of type ${section.type} holds no relocations`);
  }
  const withAddend = section.type === SHT_RELA;
  const size = withAddend ? RELA_SIZE : REL_SIZE;
  if (bytes.length % size !== 0) {
    throw malformedElf(
      `${section.name} of ${bytes.length} bytes is not a whole number of ${size}-byte entries`,
    );
  }
  const view = new ByteView(bytes, file.littleEndian);
  const relocations: ElfRelocation[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    // r_info is one 64-bit number, symbol << 32 | type, so its halves swap with the byte order.
    const first = view.u32(at + 8, "relocation info");
    const second = view.u32(at + 12, "relocation info");
    relocations.push({
      offset: view.u64(at, "relocation offset"),
      symbolIndex: file.littleEndian ? second : first,
      type: file.littleEndian ? first : second,
      addend: withAddend ? view.i64(at + 16, "relocation addend") : undefined,
    });
  }
  return relocations;
}
