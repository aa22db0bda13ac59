import { type ElfFile, readElf } from "@skep/bpf";
import { unxz } from "../xz/xz.ts";

/** Fedora's largest, of programs with hundreds of thousands of functions, is a tenth of that. */
const MOST_BYTES = 128 << 20;

/** What .gnu_debugdata holds: a symbol table in an ELF file of its own, compressed (gdb, "MiniDebugInfo"). */
export function miniDebugOf(elf: ElfFile): ElfFile | undefined {
  const section = elf.section(".gnu_debugdata");
  if (section === undefined || section.size === 0) return undefined;
  try {
    return readElf(unxz(elf.data(section), MOST_BYTES));
  } catch {
    return undefined;
  }
}
