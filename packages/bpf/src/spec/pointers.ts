import { ByteView } from "../elf/byte-view.ts";
import type { ElfSection } from "../elf/elf-file.ts";
import type { ObjectFile, ObjectRelocation } from "./object-file.ts";

/**
 * The addend of a relocated pointer in initial data (R_BPF_64_ABS64): with SHT_REL it is the word that stands there, the
 * offset within the section when the symbol is a section's.
 * @throws {MalformedError} when the pointer leaves the section
 */
export function addendAt(file: ObjectFile, section: ElfSection, offset: number): number {
  return new ByteView(file.elf.data(section), file.littleEndian).u64(offset, `pointer in ${section.name}`);
}

/** The relocated pointers of a section that lie in each of some places, and those that lie in none; all in order of offset. */
export function pointersIn<T extends { readonly offset: number; readonly size: number }>(
  places: readonly T[],
  relocations: readonly ObjectRelocation[],
): { readonly of: (place: T) => readonly ObjectRelocation[]; readonly stray: readonly ObjectRelocation[] } {
  const found = new Map<T, ObjectRelocation[]>();
  const stray: ObjectRelocation[] = [];
  let at = -1;
  for (const relocation of relocations) {
    while (at + 1 < places.length && places[at + 1]!.offset <= relocation.offset) at++;
    const place = places[at];
    if (!place || relocation.offset - place.offset >= place.size) stray.push(relocation);
    else if (found.has(place)) found.get(place)!.push(relocation);
    else found.set(place, [relocation]);
  }
  return { of: (place) => found.get(place) ?? [], stray };
}
