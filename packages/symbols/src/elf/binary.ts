import type { ElfFile } from "@skep/bpf";
import type { SymbolTable } from "../symbol-table.ts";
import { elfSymbols } from "./elf-symbols.ts";

const PT_LOAD = 1;
const NT_GNU_BUILD_ID = 3;

/** A part of the file that is mapped as a whole. */
interface Segment {
  readonly offset: number;
  readonly size: number;
  readonly address: number;
}

/** A program or a library, as far as symbols are concerned. Holds nothing of the file itself. */
export interface Binary {
  readonly symbols: SymbolTable;
  /** The address that the file itself has for a byte offset; undefined outside of what is mapped. */
  addressOf(fileOffset: number): number | undefined;
}

/** @throws {MalformedError} */
export function binaryOf(elf: ElfFile): Binary {
  const segments: Segment[] = elf.segments
    .filter(({ type }) => type === PT_LOAD)
    .map(({ offset, fileSize, virtualAddress }) => ({ offset, size: fileSize, address: virtualAddress }));
  return {
    symbols: elfSymbols(elf),
    addressOf(fileOffset) {
      const segment = segments.find(({ offset, size }) => fileOffset >= offset && fileOffset - offset < size);
      return segment && fileOffset - segment.offset + segment.address;
    },
  };
}

/** Hexadecimal; undefined when the linker gave none. @throws {MalformedError} */
export function buildIdOf(elf: ElfFile): string | undefined {
  const note = elf.notes().find(({ name, type }) => name === "GNU" && type === NT_GNU_BUILD_ID);
  return note && Buffer.from(note.description).toString("hex");
}
