import { ByteView, stringAt } from "./byte-view.ts";
import { PT_NOTE, SHT_NOTE } from "./constants.ts";
import type { ElfFile, ElfNote } from "./elf-file.ts";

const NOTE_HEADER_SIZE = 12;
const empty = new Uint8Array(0);

/**
 * Reads all notes of a file: those of its SHT_NOTE sections (where USDT probes are, which no program header covers),
 * or, in a file without section headers, those of PT_NOTE.
 * @throws {MalformedError}
 */
export function readNotes(elf: ElfFile): ElfNote[] {
  const sections = elf.sections.filter((section) => section.type === SHT_NOTE);
  if (sections.length > 0) {
    return sections.flatMap((section) =>
      parseNotes(elf.data(section), elf.header.littleEndian, section.alignment, section.name),
    );
  }
  return elf.segments
    .filter((segment) => segment.type === PT_NOTE)
    .flatMap((segment) => {
      const bytes = elf.view.slice(segment.offset, segment.fileSize, "note segment");
      return parseNotes(bytes, elf.header.littleEndian, segment.alignment, undefined);
    });
}

/** Splits note data. Name and description are each padded to 4 bytes, to 8 where the section is (elf(5)). */
function parseNotes(
  bytes: Uint8Array,
  littleEndian: boolean,
  alignment: number,
  section: string | undefined,
): ElfNote[] {
  const view = new ByteView(bytes, littleEndian);
  const unit = alignment === 8 ? 8 : 4;
  const padded = (size: number) => Math.ceil(size / unit) * unit;
  const notes: ElfNote[] = [];
  for (let at = 0; bytes.length - at >= NOTE_HEADER_SIZE; ) {
    const nameSize = view.u32(at, "note name size");
    const descriptionSize = view.u32(at + 4, "note description size");
    const name = view.slice(at + NOTE_HEADER_SIZE, nameSize, "note name");
    const descriptionAt = padded(at + NOTE_HEADER_SIZE + nameSize);
    notes.push({
      name: nameSize === 0 ? "" : stringAt(name, 0, "note name"),
      type: view.u32(at + 8, "note type"),
      // The padding before an empty description may be missing at the end.
      description:
        descriptionSize === 0 ? empty : view.slice(descriptionAt, descriptionSize, "note description"),
      section,
    });
    at = padded(descriptionAt + descriptionSize);
  }
  return notes;
}
