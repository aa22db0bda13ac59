import type { ElfFile } from "@skep/bpf";
import { LineTable } from "../dwarf/line-table.ts";
import { sectionBytes } from "./section-data.ts";

/** Largest table of lines that is read: a browser's is as large. */
const MOST_BYTES = 128 << 20;

/** The table of source lines, when the file has one. */
export function elfLines(elf: ElfFile): LineTable | undefined {
  try {
    const lines = sectionBytes(elf, ".debug_line", MOST_BYTES);
    if (lines === undefined) return undefined;
    const names = sectionBytes(elf, ".debug_line_str", MOST_BYTES) ?? new Uint8Array(0);
    return new LineTable({ lines, names, littleEndian: elf.header.littleEndian });
  } catch {
    return undefined;
  }
}
