import { HEADER_WORDS, infoCount, infoKind } from "../btf/record.ts";
import { fromWords, indexRecords, joinSections, readSections } from "../btf/sections.ts";
import { BtfStrings } from "../btf/strings.ts";
import { BtfKind } from "../btf/types.ts";
import { STB_LOCAL, STV_HIDDEN, STV_INTERNAL } from "../elf/constants.ts";
import type { ElfSection, ElfSymbol } from "../elf/elf-file.ts";
import { malformedObject, type ObjectFile } from "./object-file.ts";

const VAR_STATIC = 0;
const VAR_GLOBAL = 1;
const ENTRY_WORDS = 3;

/**
 * An object's `.BTF` with its DATASECs completed. Clang leaves their size 0, and the offset of global variables too, for
 * the linker to fill in: take them from the section headers and the symbol table, then sort by offset as the kernel wants
 * it (kernel/bpf/btf.c, btf_datasec_check_meta). Hidden globals become static: nobody outside may see them.
 * Sections without an ELF counterpart (`.kconfig`, `.ksyms`) are left alone.
 * @throws {MalformedError}
 */
export function fixDatasecs(bytes: Uint8Array, file: ObjectFile): Uint8Array {
  const sections = readSections(bytes);
  const strings = new BtfStrings(sections.strings, undefined);
  const words = Uint32Array.from(sections.words);
  const positions = indexRecords(words, strings.end);
  const symbols = globalSymbols(file);
  for (const at of positions) {
    if (infoKind(words[at + 1]!) !== BtfKind.Datasec) continue;
    const section = file.sectionNamed(strings.at(words[at]!));
    if (section) fixDatasec({ words, positions, strings, symbols }, at, section);
  }
  return joinSections(fromWords(words, sections.littleEndian), sections.strings, sections.littleEndian);
}

interface Context {
  readonly words: Uint32Array;
  readonly positions: Uint32Array;
  readonly strings: BtfStrings;
  /** By section index and name. */
  readonly symbols: ReadonlyMap<string, ElfSymbol>;
}

function globalSymbols(file: ObjectFile): Map<string, ElfSymbol> {
  const symbols = new Map<string, ElfSymbol>();
  for (const symbol of file.symbols) {
    if (symbol.binding !== STB_LOCAL) symbols.set(symbolKey(symbol.sectionIndex, symbol.name), symbol);
  }
  return symbols;
}

const symbolKey = (section: number, name: string) => `${section} ${name}`;

function fixDatasec(context: Context, at: number, section: ElfSection): void {
  const { words } = context;
  const complete = words[at + 2] !== 0;
  if (!complete) words[at + 2] = section.size;
  const entries: { type: number; offset: number; size: number }[] = [];
  const first = at + HEADER_WORDS;
  const end = first + infoCount(words[at + 1]!) * ENTRY_WORDS;
  for (let entry = first; entry < end; entry += ENTRY_WORDS) {
    const type = words[entry]!;
    const size = words[entry + 2]!;
    const symbol = hideVariable(context, type, section);
    const offset = !complete && symbol ? symbol.value : words[entry + 1]!;
    if (offset > section.size || size > section.size - offset) {
      throw malformedObject(
        `variable at ${offset}, ${size} bytes long, leaves ${section.name} of ${section.size} bytes`,
      );
    }
    entries.push({ type, offset, size });
  }
  entries.sort((a, b) => a.offset - b.offset);
  entries.forEach(({ type, offset, size }, index) => {
    words.set([type, offset, size], first + index * ENTRY_WORDS);
  });
}

/**
 * The symbol of a global variable, whose linkage becomes static when the symbol is hidden. Undefined for static
 * variables: their symbol is local and their offset already right.
 */
function hideVariable(context: Context, type: number, section: ElfSection): ElfSymbol | undefined {
  const { words, positions, strings, symbols } = context;
  const at = positions[type - 1];
  if (at === undefined || infoKind(words[at + 1]!) !== BtfKind.Var) return undefined;
  if (words[at + HEADER_WORDS] !== VAR_GLOBAL) return undefined;
  const name = strings.at(words[at]!);
  const symbol = symbols.get(symbolKey(section.index, name));
  if (!symbol) throw malformedObject(`variable ${name} has no symbol in section ${section.name}`);
  const hidden = symbol.visibility === STV_HIDDEN || symbol.visibility === STV_INTERNAL;
  if (hidden) words[at + HEADER_WORDS] = VAR_STATIC;
  return symbol;
}
