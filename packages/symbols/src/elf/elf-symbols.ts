import {
  type ElfFile,
  type ElfSection,
  SHF_EXECINSTR,
  SHT_DYNSYM,
  SHT_SYMTAB,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  SYMBOL_SIZE,
} from "@skep/bpf";
import { type SymbolTable, symbolTable } from "../symbol-table.ts";

/** Whether the file still has the table that stripping removes. */
export function hasAllSymbols(elf: ElfFile): boolean {
  return elf.sections.some(({ type, size }) => type === SHT_SYMTAB && size > SYMBOL_SIZE);
}

/** Functions by address, from all symbol tables of a file and of what belongs to it. @throws {MalformedError} */
export function elfSymbols(files: readonly ElfFile[]): SymbolTable {
  const tables = files.flatMap((elf) => tablesOf(elf).map((section) => ({ elf, section })));
  const entries = tables.reduce((sum, { section }) => sum + Math.floor(section.size / SYMBOL_SIZE), 0);
  const found = new Functions(entries);
  for (const { elf, section } of tables) collect(elf, section, found);
  return found.table();
}

/** In a debug file the tables that stayed behind in the binary have no contents. */
function tablesOf(elf: ElfFile): readonly ElfSection[] {
  return elf.sections.filter(({ type }) => type === SHT_SYMTAB || type === SHT_DYNSYM);
}

/** Reads one table. Names are read when asked for: most never are. */
function collect(elf: ElfFile, section: ElfSection, found: Functions): void {
  const names = elf.sections[section.link];
  if (names === undefined) return;
  const bytes = elf.data(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = elf.header.littleEndian;
  const strings = found.addStrings(elf.data(names).slice());
  const full = section.type === SHT_SYMTAB;
  for (let at = 0; at + SYMBOL_SIZE <= bytes.length; at += SYMBOL_SIZE) {
    const info = view.getUint8(at + 4);
    const type = info & 0xf;
    if (type !== STT_FUNC && type !== STT_GNU_IFUNC && !(type === STT_NOTYPE && full)) continue;
    const home = elf.sections[view.getUint16(at + 6, little)];
    // Undefined here, or a label that is no code.
    if (home === undefined || home.index === 0 || (home.flags & SHF_EXECINSTR) === 0) continue;
    const start = uint64(view, at + 8, little);
    const size = uint64(view, at + 16, little);
    // A function without a size reaches to the next one, as long as the table has all of them.
    if (size > 0 || full) found.add(start, size, home, strings, view.getUint32(at, little), info >> 4);
  }
}

/** Functions as they are read, a column for each thing known of them: programs have hundreds of thousands. */
class Functions {
  readonly #starts: Float64Array;
  /** 0 when the table does not say. */
  readonly #sizes: Float64Array;
  /** Where its section ends. */
  readonly #limits: Float64Array;
  /** Offset in the strings. */
  readonly #names: Uint32Array;
  readonly #strings: Uint8Array;
  readonly #bindings: Uint8Array;
  readonly #texts: Uint8Array[] = [];
  #count = 0;

  constructor(most: number) {
    this.#starts = new Float64Array(most);
    this.#sizes = new Float64Array(most);
    this.#limits = new Float64Array(most);
    this.#names = new Uint32Array(most);
    this.#strings = new Uint8Array(most);
    this.#bindings = new Uint8Array(most);
  }

  addStrings(bytes: Uint8Array): number {
    return this.#texts.push(bytes) - 1;
  }

  add(start: number, size: number, home: ElfSection, strings: number, name: number, binding: number): void {
    const first = this.#texts[strings]?.[name];
    // `$x`, `$d`: what ARM's assembler marks code and data with.
    if (first === undefined || first === 0 || first === 0x24) return;
    const at = this.#count++;
    this.#starts[at] = start;
    this.#sizes[at] = size;
    this.#limits[at] = home.address + home.size;
    this.#names[at] = name;
    this.#strings[at] = strings;
    this.#bindings[at] = binding;
  }

  table(): SymbolTable {
    const order = this.#onePerStart();
    const starts = Float64Array.from(order, (at) => this.#starts[at] ?? 0);
    const ends = Float64Array.from(order, (at, index) => {
      const [start = 0, size = 0, limit = 0] = [this.#starts[at], this.#sizes[at], this.#limits[at]];
      return size > 0 ? start + size : Math.min(starts[index + 1] ?? limit, limit);
    });
    const names = Uint32Array.from(order, (at) => this.#names[at] ?? 0);
    const strings = Uint8Array.from(order, (at) => this.#strings[at] ?? 0);
    const texts = this.#texts;
    const bytes = texts.reduce((sum, { length }) => sum + length, names.byteLength + strings.byteLength);
    return symbolTable(starts, ends, (index) => nameAt(texts[strings[index] ?? 0], names[index] ?? 0), bytes);
  }

  /** The functions in order; of several names for one place the one that people use. */
  #onePerStart(): Uint32Array {
    const starts = this.#starts;
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index).sort(
      (one, other) => (starts[one] ?? 0) - (starts[other] ?? 0) || one - other,
    );
    let kept = 0;
    for (const at of order) {
      const last = order[kept - 1];
      if (kept > 0 && last !== undefined && starts[last] === starts[at])
        order[kept - 1] = this.#rank(at) < this.#rank(last) ? at : last;
      else order[kept++] = at;
    }
    return order.subarray(0, kept);
  }

  /** Lower is better: with a size, known to other files, few underscores, global before weak. */
  #rank(at: number): number {
    const text = nameAt(this.#texts[this.#strings[at] ?? 0], this.#names[at] ?? 0);
    const underscores = /^_*/.exec(text)?.[0].length ?? 0;
    const binding = this.#bindings[at];
    const order = binding === STB_LOCAL ? 500 : binding === STB_WEAK ? 1 : 0;
    return (this.#sizes[at] === 0 ? 1000 : 0) + Math.min(underscores, 20) * 10 + order;
  }
}

/** Longest name that is read, in bytes. */
const MOST_NAME = 4096;

/** Without `@VERSION`. */
function nameAt(strings: Uint8Array | undefined, offset: number): string {
  if (strings === undefined) return "";
  const bytes = strings.subarray(offset, offset + MOST_NAME);
  const end = bytes.indexOf(0);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString("utf8");
  const version = text.indexOf("@");
  return version <= 0 ? text : text.slice(0, version);
}

function uint64(view: DataView, at: number, little: boolean): number {
  const high = view.getUint32(little ? at + 4 : at, little);
  return high * 2 ** 32 + view.getUint32(little ? at : at + 4, little);
}
