import { ByteView, malformedElf, stringAt } from "./byte-view.ts";
import { SYMBOL_SIZE } from "./constants.ts";
import type { ElfSymbol } from "./elf-file.ts";

/** Linkers let a name be the end of another; this many times over is an attempt to exhaust memory. */
const NAME_SHARING = 16;

/** A symbol table that decodes an entry when it is looked at: libraries have tens of thousands. */
export class SymbolTable implements Iterable<ElfSymbol> {
  static readonly empty = new SymbolTable(new Uint8Array(0), new Uint8Array(0), true, "");

  /** Entries, the null symbol at 0 included. */
  readonly length: number;
  readonly #view: ByteView;
  readonly #strings: Uint8Array;
  readonly #section: string;

  /** @throws {MalformedError} when the table is no whole number of entries */
  constructor(bytes: Uint8Array, strings: Uint8Array, littleEndian: boolean, section: string) {
    if (bytes.length % SYMBOL_SIZE !== 0) {
      throw malformedElf(
        `${section} of ${bytes.length} bytes is not a whole number of ${SYMBOL_SIZE}-byte symbols`,
      );
    }
    this.length = bytes.length / SYMBOL_SIZE;
    this.#view = new ByteView(bytes, littleEndian);
    this.#strings = strings;
    this.#section = section;
  }

  /** @throws {MalformedError} when there is no such symbol or its name leaves the string table */
  at(index: number): ElfSymbol {
    if (index >= this.length) {
      throw malformedElf(`symbol ${index} does not exist, ${this.#section} has ${this.length}`);
    }
    const at = index * SYMBOL_SIZE;
    const info = this.#view.u8(at + 4, "symbol info");
    return {
      index,
      name: stringAt(this.#strings, this.#view.u32(at, "symbol name"), `name of symbol ${index}`),
      type: info & 0xf,
      binding: info >> 4,
      visibility: this.#view.u8(at + 5, "symbol visibility") & 3,
      sectionIndex: this.#view.u16(at + 6, "symbol section"),
      value: this.#view.u64(at + 8, "symbol value"),
      size: this.#view.u64(at + 16, "symbol size"),
    };
  }

  /** Indexes of the symbols called `name` or `name@VERSION`, found without decoding the others. */
  indexesOf(name: string): number[] {
    const wanted = Buffer.from(name, "utf8");
    const found: number[] = [];
    for (let index = 0; index < this.length; index++) {
      if (this.#isNamed(this.#view.u32(index * SYMBOL_SIZE, "symbol name"), wanted)) found.push(index);
    }
    return found;
  }

  /** @throws {MalformedError} also when the names, overlapping, add up to far more than their table */
  *[Symbol.iterator](): Generator<ElfSymbol> {
    let left = NAME_SHARING * this.#strings.length;
    for (let index = 0; index < this.length; index++) {
      const symbol = this.at(index);
      left -= symbol.name.length;
      if (left < 0) throw malformedElf(`the names of ${this.#section} overlap beyond reason`);
      yield symbol;
    }
  }

  #isNamed(offset: number, wanted: Uint8Array): boolean {
    const strings = this.#strings;
    if (offset >= strings.length || wanted.length >= strings.length - offset) return false;
    for (let i = 0; i < wanted.length; i++) if (strings[offset + i] !== wanted[i]) return false;
    const next = strings[offset + wanted.length];
    return next === 0 || next === 0x40; // `@`
  }
}
