import { PT_LOAD, SHN_UNDEF, STT_FUNC, STT_GNU_IFUNC } from "./constants.ts";
import type { ElfFile, ElfSymbol } from "./elf-file.ts";

/** Where a function's code lies in the file, for uprobes. */
export interface FunctionLocation {
  /** Without `@VERSION`. */
  readonly name: string;
  readonly address: number;
  /** Byte offset in the file. */
  readonly fileOffset: number;
}

/**
 * The file offset of an address, by the loadable segment that holds it: the kernel maps segments, so section
 * headers (which prelink and lld lay out differently) do not count. Undefined for an address that is in no segment, or only in memory.
 */
export function fileOffsetOf(elf: ElfFile, address: number): number | undefined {
  for (const { type, virtualAddress, fileSize, offset } of elf.segments) {
    if (type !== PT_LOAD || address < virtualAddress) continue;
    if (address - virtualAddress < fileSize) return address - virtualAddress + offset;
  }
  return undefined;
}

/** A symbol's name without `@VERSION` or `@@VERSION`. */
export function unversionedName(name: string): string {
  const at = name.indexOf("@");
  return at <= 0 ? name : name.slice(0, at);
}

/** Every function that the file defines, `.dynsym` first, each name and address once. @throws {MalformedError} */
export function definedFunctions(elf: ElfFile): FunctionLocation[] {
  const found = new Map<string, FunctionLocation>();
  for (const table of [elf.dynamicSymbols, elf.symbols]) {
    for (const symbol of table) {
      const location = locate(elf, symbol);
      if (!location) continue;
      const key = `${location.name}@${location.address}`;
      if (!found.has(key)) found.set(key, location);
    }
  }
  return [...found.values()];
}

function locate(elf: ElfFile, symbol: ElfSymbol): FunctionLocation | undefined {
  if (symbol.type !== STT_FUNC && symbol.type !== STT_GNU_IFUNC) return undefined;
  if (symbol.sectionIndex === SHN_UNDEF || symbol.value === 0) return undefined;
  const fileOffset = fileOffsetOf(elf, symbol.value);
  if (fileOffset === undefined) return undefined;
  return { name: unversionedName(symbol.name), address: symbol.value, fileOffset };
}
