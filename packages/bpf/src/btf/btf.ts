import { type DecodeContext, decodeType } from "./decode-type.ts";
import { essentialName } from "./essential-name.ts";
import { malformedBtf } from "./malformed.ts";
import { NameIndex } from "./name-index.ts";
import { HEADER_WORDS, infoCount, infoKind, shapeOf } from "./record.ts";
import { indexRecords, readSections } from "./sections.ts";
import { Alignments, pointerSize, sizeOf, skipModifiers } from "./size.ts";
import { BtfStrings } from "./strings.ts";
import { BtfKind, type BtfType } from "./types.ts";

const VOID: BtfType = { kind: BtfKind.Void, id: 0, name: "" };

/**
 * BTF type information, decoded on demand. Ids start at 1 (0 is `void`); split BTF continues the ids and the
 * string offsets of its base. The bytes are not copied where their alignment and byte order allow: do not change them.
 */
export class Btf {
  /** The bytes this was parsed from. */
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly base: Btf | undefined;
  /** First id of this BTF: 1, or one past the base's last id. */
  readonly startId: number;
  /** One past the last id. */
  readonly endId: number;
  readonly #words: Uint32Array;
  readonly #positions: Uint32Array;
  readonly #strings: BtfStrings;
  readonly #context: DecodeContext;
  readonly #decoded = new Map<number, BtfType>();
  #functions: NameIndex | undefined;
  #types: NameIndex | undefined;
  #alignments: Alignments | undefined;
  #pointerSize: number | undefined;

  private constructor(bytes: Uint8Array, base: Btf | undefined) {
    const { littleEndian, words, strings } = readSections(bytes);
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.base = base;
    this.#words = words;
    this.#strings = new BtfStrings(strings, base === undefined ? undefined : base.#strings);
    if (base === undefined && strings[0] !== 0) throw malformedBtf("string section does not begin with NUL");
    this.#positions = indexRecords(words, this.#strings.end);
    this.startId = base?.endId ?? 1;
    this.endId = this.startId + this.#positions.length;
    this.#context = {
      string: (offset) => this.#strings.at(offset),
      checkId: (id, from) => {
        if (id < this.endId) return id;
        throw malformedBtf(`type ${from} refers to type ${id}, the last is ${this.endId - 1}`);
      },
    };
  }

  /**
   * Indexes raw BTF bytes (a `.BTF` section or /sys/kernel/btf/*). Checks the bounds of every record up front,
   * decodes none. Byte order is taken from the magic number.
   * @throws {MalformedError}
   */
  static parse(bytes: Uint8Array, options: { readonly base?: Btf } = {}): Btf {
    return new Btf(bytes, options.base);
  }

  /** Bytes of a pointer, told from the size of `long`; 8 without one. */
  get pointerSize(): number {
    this.#pointerSize ??= this.base?.pointerSize ?? pointerSize(this);
    return this.#pointerSize;
  }

  /** Offset of this BTF's first string: 0, or one past the base's last. */
  get stringsStart(): number {
    return this.#strings.start;
  }

  /** Bytes of this BTF's own string section. */
  get stringBytes(): Uint8Array {
    return this.#strings.bytes;
  }

  /** Decodes (and remembers) a type. @throws {MalformedError} for an id that does not exist. */
  type(id: number): BtfType {
    if (id === 0) return VOID;
    if (this.base !== undefined && id < this.startId) return this.base.type(id);
    const known = this.#decoded.get(id);
    if (known !== undefined) return known;
    const type = decodeType(id, this.record(id), this.#context);
    this.#decoded.set(id, type);
    return type;
  }

  /** Kind of a type without decoding the rest. @throws {MalformedError} for an id that does not exist. */
  kind(id: number): BtfKind {
    if (id === 0) return BtfKind.Void;
    if (this.base !== undefined && id < this.startId) return this.base.kind(id);
    return infoKind(this.#words[this.#position(id) + 1]!) as BtfKind;
  }

  /** Name of a type without decoding the rest. @throws {MalformedError} for an id that does not exist. */
  nameOf(id: number): string {
    if (id === 0) return "";
    if (this.base !== undefined && id < this.startId) return this.base.nameOf(id);
    return this.#strings.at(this.#words[this.#position(id)]!);
  }

  /** String at an offset of the string section (base's strings first). @throws {MalformedError} past the end. */
  string(offset: number): string {
    return this.#strings.at(offset);
  }

  /**
   * The words of a type's record (see `record.ts`) in this machine's byte order: a view, do not change it.
   * @throws {MalformedError} for an id that does not exist, 0 included.
   */
  record(id: number): Uint32Array {
    if (this.base !== undefined && id < this.startId) return this.base.record(id);
    const at = this.#position(id);
    const info = this.#words[at + 1]!;
    const shape = shapeOf(infoKind(info))!;
    return this.#words.subarray(at, at + HEADER_WORDS + shape.fixed + shape.entry * infoCount(info));
  }

  /** All ids of this name, ascending, base included. With `kinds`, only those: name them, it is faster. */
  idsOf(name: string, ...kinds: BtfKind[]): readonly number[] {
    return this.#lookUp(essentialName(name), kinds, (candidate) => candidate === name);
  }

  /**
   * All ids whose essential name (text before a `___flavour` suffix) is this, base included, ascending. With `kinds`, only
   * those.
   */
  idsOfEssentialName(name: string, ...kinds: BtfKind[]): readonly number[] {
    return this.#lookUp(name, kinds, (candidate) => essentialName(candidate) === name);
  }

  /** The id of the type of that name and one of the kinds, or undefined; the lowest where there are several. */
  find(name: string, ...kinds: BtfKind[]): number | undefined {
    return this.idsOf(name, ...kinds)[0];
  }

  /** Follows typedefs, const, volatile, restrict and type tags. @throws {MalformedError} on a cycle. */
  skipModifiers(id: number): BtfType {
    return skipModifiers(this, id);
  }

  /** Size in bytes as the compiler laid it out. @throws {MalformedError} where a type has no size. */
  sizeOf(id: number): number {
    return sizeOf(this, id);
  }

  /** Alignment in bytes; 1 for a packed struct. @throws {MalformedError} where a type has no size. */
  alignmentOf(id: number): number {
    this.#alignments ??= new Alignments(this);
    return this.#alignments.of(id);
  }

  #position(id: number): number {
    const at = this.#positions[id - this.startId];
    if (at === undefined) throw malformedBtf(`type ${id} does not exist, the last is ${this.endId - 1}`);
    return at;
  }

  #lookUp(essential: string, kinds: readonly BtfKind[], matches: (name: string) => boolean): number[] {
    const ids = this.base === undefined ? [] : this.base.#lookUp(essential, kinds, matches);
    if (essential === "") return ids;
    const own: number[] = [];
    const add = (record: number) => {
      const id = this.startId + record;
      if (kinds.length > 0 && !kinds.includes(this.kind(id))) return;
      if (matches(this.nameOf(id))) own.push(id);
    };
    const functions = kinds.length === 0 || kinds.includes(BtfKind.Func);
    const others = kinds.length === 0 || kinds.some((kind) => kind !== BtfKind.Func);
    if (functions) this.#functionNames().candidates(essential, add);
    if (others) this.#typeNames().candidates(essential, add);
    return [...ids, ...(functions && others ? own.sort((a, b) => a - b) : own)];
  }

  #functionNames(): NameIndex {
    this.#functions ??= new NameIndex(this.#words, this.#positions, this.#strings, true);
    return this.#functions;
  }

  #typeNames(): NameIndex {
    this.#types ??= new NameIndex(this.#words, this.#positions, this.#strings, false);
    return this.#types;
  }
}
