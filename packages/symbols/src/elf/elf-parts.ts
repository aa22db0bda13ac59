import { fstatSync, readSync } from "node:fs";
import {
  ELF_HEADER_SIZE,
  type ElfFile,
  MalformedError,
  readElf,
  SECTION_HEADER_SIZE,
  SEGMENT_HEADER_SIZE,
  SHT_DYNSYM,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_SYMTAB,
} from "@skep/bpf";

/** Headers and names of sections beyond this are no program's. */
const MOST_HEADERS = 16 << 20;
/** Largest symbol table with names that is read. */
const MOST_SYMBOLS = 1 << 30;
/** A build id takes 36 bytes. */
const MOST_NOTES = 64 << 10;
/** Sections with what else names and lines take, and how much of it. */
const WANTED = new Set([".gnu_debugdata", ".gnu_debuglink", ".debug_line", ".debug_line_str"]);
const MOST_WANTED = 128 << 20;

/**
 * Reads of an ELF file what symbols need: headers, symbol tables, their names, notes, tables of lines. The bytes in between stay zero, and a page
 * that is never touched takes no memory: of a program of 100 MB a few are read.
 * @throws {MalformedError} {NotImplementedError} and what reading the file throws
 */
export function readElfParts(file: number): ElfFile {
  const { size } = fstatSync(file);
  const image = new Uint8Array(size);
  const fill = (at: number, length: number) => {
    if (!(at >= 0) || at >= size) return;
    readFully(file, image, at, Math.min(length, size - at));
  };
  fill(0, ELF_HEADER_SIZE);
  const view = new DataView(image.buffer);
  const little = image[5] === 1;
  if (size >= ELF_HEADER_SIZE) {
    fill(Number(view.getBigUint64(32, little)), view.getUint16(56, little) * SEGMENT_HEADER_SIZE);
    fillSectionHeaders(view, little, fill);
  }
  const elf = readElf(image);
  for (const { name, type, link, offset, size: length } of elf.sections) {
    if (WANTED.has(name) && type !== SHT_NOBITS && length <= MOST_WANTED) fill(offset, length);
    if (type === SHT_NOTE && length <= MOST_NOTES) fill(offset, length);
    if (type !== SHT_SYMTAB && type !== SHT_DYNSYM) continue;
    const names = elf.sections[link];
    if (length + (names?.size ?? 0) > MOST_SYMBOLS)
      throw new MalformedError(`a symbol table of ${length} bytes is too large`, "");
    fill(offset, length);
    if (names !== undefined) fill(names.offset, names.size);
  }
  return elf;
}

function fillSectionHeaders(
  view: DataView,
  little: boolean,
  fill: (at: number, length: number) => void,
): void {
  const start = Number(view.getBigUint64(40, little));
  // With 0xff00 sections or more, both numbers move into the first header (elf(5), e_shnum and e_shstrndx).
  fill(start, SECTION_HEADER_SIZE);
  const fits = start > 0 && start + SECTION_HEADER_SIZE <= view.byteLength;
  if (!fits) return;
  const count = view.getUint16(60, little) || Number(view.getBigUint64(start + 32, little));
  fill(start, Math.min(count * SECTION_HEADER_SIZE, MOST_HEADERS));
  const index = view.getUint16(62, little);
  const names = start + (index === 0xffff ? view.getUint32(start + 40, little) : index) * SECTION_HEADER_SIZE;
  if (names + SECTION_HEADER_SIZE > view.byteLength) return;
  const length = Number(view.getBigUint64(names + 32, little));
  fill(Number(view.getBigUint64(names + 24, little)), Math.min(length, MOST_HEADERS));
}

function readFully(file: number, into: Uint8Array, at: number, length: number): void {
  for (let done = 0; done < length; ) {
    const got = readSync(file, into, at + done, length - done, at + done);
    if (got === 0) return;
    done += got;
  }
}
