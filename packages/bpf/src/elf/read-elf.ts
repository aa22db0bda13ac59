import { MalformedError, NotImplementedError } from "../errors.ts";
import { ByteView, malformedElf, stringAt } from "./byte-view.ts";
import {
  ELF_HEADER_SIZE,
  SECTION_HEADER_SIZE,
  SEGMENT_HEADER_SIZE,
  SHN_XINDEX,
  SHT_NOBITS,
} from "./constants.ts";
import { ElfFile, type ElfHeader, type ElfSection, type ElfSegment } from "./elf-file.ts";

const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;
const ELFDATA2MSB = 2;

/**
 * Reads the headers of a 64-bit ELF file of either byte order and any machine. Keeps `bytes`; copies nothing.
 * @throws {MalformedError} when it is no ELF file or its headers lie
 * @throws {NotImplementedError} for 32-bit files
 */
export function readElf(bytes: Uint8Array): ElfFile {
  const view = new ByteView(bytes, isLittleEndian(bytes));
  view.require(0, ELF_HEADER_SIZE, "file header");
  const header: ElfHeader = {
    littleEndian: view.littleEndian,
    type: view.u16(16, "file type"),
    machine: view.u16(18, "machine"),
    entry: view.u64(24, "entry"),
    flags: view.u32(48, "flags"),
  };
  return new ElfFile(view, header, readSections(view), readSegments(view));
}

function isLittleEndian(bytes: Uint8Array): boolean {
  const [m0, e, l, f, fileClass, order, version] = bytes;
  if (m0 !== 0x7f || e !== 0x45 || l !== 0x4c || f !== 0x46) {
    throw new MalformedError(
      "ELF: the file does not begin with 7f 45 4c 46: it is no ELF file",
      "Give an object file: what clang -target bpf -c writes, or ecc beside its package.",
    );
  }
  if (fileClass !== ELFCLASS64) {
    if (fileClass !== 1) throw malformedElf(`file class ${fileClass} is neither 32 nor 64 bits`);
    throw new NotImplementedError("ELF: 32-bit files are not read", "Use the 64-bit build of the file.");
  }
  if (order !== ELFDATA2LSB && order !== ELFDATA2MSB) throw malformedElf(`byte order ${order} is unknown`);
  if (version !== 1) throw malformedElf(`version ${version} is not 1`);
  return order === ELFDATA2LSB;
}

function readSections(view: ByteView): ElfSection[] {
  const start = view.u64(40, "section header offset");
  if (start === 0) return [];
  const entrySize = view.u16(58, "section header size");
  if (entrySize !== SECTION_HEADER_SIZE) {
    throw malformedElf(`section headers of ${entrySize} bytes are not ${SECTION_HEADER_SIZE} bytes long`);
  }
  // With 0xff00 sections or more, both numbers move into the first header (elf(5), e_shnum and e_shstrndx).
  let count = view.u16(60, "section count");
  if (count === 0) count = view.u64(start + 32, "extended section count");
  let namesIndex = view.u16(62, "section name index");
  if (namesIndex === SHN_XINDEX) namesIndex = view.u32(start + 40, "extended section name index");
  view.require(start, count * SECTION_HEADER_SIZE, `${count} section headers`);

  const names = sectionNames(view, start, count, namesIndex);
  return Array.from({ length: count }, (_, index) =>
    readSection(view, start + index * SECTION_HEADER_SIZE, index, names),
  );
}

function sectionNames(view: ByteView, start: number, count: number, index: number): Uint8Array {
  if (index === 0) return new Uint8Array(0);
  if (index >= count)
    throw malformedElf(`section name table ${index} does not exist, there are ${count} sections`);
  const { offset, size, type } = readSection(view, start + index * SECTION_HEADER_SIZE, index, undefined);
  if (type === SHT_NOBITS) throw malformedElf(`section name table ${index} has no bytes in the file`);
  return view.slice(offset, size, "section names");
}

function readSection(view: ByteView, at: number, index: number, names: Uint8Array | undefined): ElfSection {
  const name = view.u32(at, "section name");
  return {
    index,
    name: names && names.length > 0 ? stringAt(names, name, `name of section ${index}`) : "",
    type: view.u32(at + 4, "section type"),
    flags: view.u64(at + 8, "section flags"),
    address: view.u64(at + 16, "section address"),
    offset: view.u64(at + 24, "section offset"),
    size: view.u64(at + 32, "section size"),
    link: view.u32(at + 40, "section link"),
    info: view.u32(at + 44, "section info"),
    alignment: view.u64(at + 48, "section alignment"),
    entrySize: view.u64(at + 56, "section entry size"),
  };
}

function readSegments(view: ByteView): ElfSegment[] {
  const start = view.u64(32, "program header offset");
  const count = view.u16(56, "program header count");
  if (start === 0 || count === 0) return [];
  const entrySize = view.u16(54, "program header size");
  if (entrySize !== SEGMENT_HEADER_SIZE) {
    throw malformedElf(`program headers of ${entrySize} bytes are not ${SEGMENT_HEADER_SIZE} bytes long`);
  }
  view.require(start, count * SEGMENT_HEADER_SIZE, `${count} program headers`);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * SEGMENT_HEADER_SIZE;
    return {
      type: view.u32(at, "segment type"),
      flags: view.u32(at + 4, "segment flags"),
      offset: view.u64(at + 8, "segment offset"),
      virtualAddress: view.u64(at + 16, "segment address"),
      fileSize: view.u64(at + 32, "segment file size"),
      memorySize: view.u64(at + 40, "segment memory size"),
      alignment: view.u64(at + 48, "segment alignment"),
    };
  });
}
