import { type ElfFile, PT_LOAD } from "@skep/bpf";
import type { LineTable } from "../dwarf/line-table.ts";
import type { SymbolTable } from "../symbol-table.ts";
import { elfLines } from "./elf-lines.ts";
import { elfSymbols, hasAllSymbols } from "./elf-symbols.ts";
import { miniDebugOf } from "./mini-debug.ts";

/** A part of the file that is mapped as a whole. */
interface Segment {
  readonly offset: number;
  readonly size: number;
  readonly address: number;
}

/** A program or a library, as far as symbols are concerned. Holds nothing of the file itself. */
export interface Binary {
  readonly symbols: SymbolTable;
  readonly lines: LineTable | undefined;
  /** Bytes of memory that it keeps. */
  readonly bytes: number;
  /** The address that the file itself has for a byte offset; undefined outside of what is mapped. */
  addressOf(fileOffset: number): number | undefined;
}

/**
 * @param debugFile finds what a debug package holds for it; asked when the file itself has been stripped of something
 * @throws {MalformedError}
 */
export function binaryOf(elf: ElfFile, debugFile: () => ElfFile | undefined = () => undefined): Binary {
  const segments: Segment[] = elf.segments
    .filter(({ type }) => type === PT_LOAD)
    .map(({ offset, fileSize, virtualAddress }) => ({ offset, size: fileSize, address: virtualAddress }));
  const ownLines = elfLines(elf);
  const isWhole = hasAllSymbols(elf);
  const debug = isWhole && ownLines !== undefined ? undefined : debugFile();
  const mini = isWhole || debug !== undefined ? undefined : miniDebugOf(elf);
  const symbols = symbolsOf(elf, isWhole ? undefined : (debug ?? mini));
  const lines = ownLines ?? (debug && elfLines(debug));
  return {
    symbols,
    lines,
    bytes: symbols.bytes + (lines?.bytes ?? 0),
    addressOf(fileOffset) {
      const segment = segments.find(({ offset, size }) => fileOffset >= offset && fileOffset - offset < size);
      return segment && fileOffset - segment.offset + segment.address;
    },
  };
}

/** What stands beside a file may be damaged: then its own names have to do. @throws {MalformedError} for the file itself */
function symbolsOf(elf: ElfFile, more: ElfFile | undefined): SymbolTable {
  if (more === undefined) return elfSymbols([elf]);
  try {
    return elfSymbols([elf, more]);
  } catch {
    return elfSymbols([elf]);
  }
}
