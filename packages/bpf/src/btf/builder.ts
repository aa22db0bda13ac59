import { InvalidArgumentError } from "../errors.ts";
import { Btf } from "./btf.ts";
import { closureOf } from "./closure.ts";
import { encodeType, type NewBtfType } from "./encode-type.ts";
import { eachStringWord, eachTypeWord } from "./record.ts";
import { fromWords, joinSections } from "./sections.ts";

/**
 * Writes BTF: add types, then `encode`. Ids are given in order of adding, so a type that refers to itself or
 * to a later one can be written with `nextId`, or put in place afterwards with `replace`.
 */
export class BtfBuilder {
  readonly #base: Btf | undefined;
  readonly #littleEndian: boolean;
  readonly #startId: number;
  readonly #records: Uint32Array[] = [];
  readonly #stringsStart: number;
  readonly #texts: Uint8Array[] = [];
  #stringsEnd: number;
  #offsets = new Map<string, number>();
  readonly #copies = new Map<Btf, Map<number, number>>();

  /** With a base, ids and strings continue the base's (split BTF). */
  constructor(options: { readonly base?: Btf | undefined; readonly littleEndian?: boolean } = {}) {
    this.#base = options.base;
    this.#littleEndian = options.littleEndian ?? options.base?.littleEndian ?? true;
    this.#startId = options.base?.endId ?? 1;
    this.#stringsStart =
      options.base === undefined ? 0 : options.base.stringsStart + options.base.stringBytes.length;
    this.#stringsEnd = this.#stringsStart;
    if (options.base === undefined) this.#append(new Uint8Array(1));
  }

  /**
   * Starts from all of a BTF: same ids, same string offsets, same base and byte order. With `replace`, types can
   * be rewritten one by one while `.BTF.ext` and everything else that refers to them stays valid.
   */
  static from(btf: Btf): BtfBuilder {
    const builder = new BtfBuilder({ base: btf.base, littleEndian: btf.littleEndian });
    builder.#texts.length = 0;
    builder.#stringsEnd = builder.#stringsStart;
    builder.#append(btf.stringBytes);
    builder.#offsets = stringOffsets(btf);
    for (let id = btf.startId; id < btf.endId; id++) builder.#records.push(btf.record(id));
    return builder;
  }

  /** The id that the next added type gets. */
  get nextId(): number {
    return this.#startId + this.#records.length;
  }

  /** Offset of a text in the strings, added when new. 0 for the empty text. */
  string(text: string): number {
    if (text === "") return 0;
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) throw new InvalidArgumentError(`BTF string ${JSON.stringify(text)} holds a NUL`);
    const offset = this.#append(Buffer.from(`${text}\0`));
    this.#offsets.set(text, offset);
    return offset;
  }

  /** Adds a type and gives its id. @throws {InvalidArgumentError} for what BTF cannot express. */
  add(type: NewBtfType): number {
    return this.addRecord(Uint32Array.from(encodeType(type, (text) => this.string(text))));
  }

  /** Adds a record as it is: its ids and string offsets must be those of this builder. */
  addRecord(record: Uint32Array): number {
    this.#records.push(record);
    return this.nextId - 1;
  }

  /** Puts another type in place of one already added. */
  replace(id: number, type: NewBtfType): void {
    if (id < this.#startId || id >= this.nextId) {
      throw new InvalidArgumentError(
        `type ${id} was not added here, ids run from ${this.#startId} to ${this.nextId - 1}`,
      );
    }
    this.#records[id - this.#startId] = Uint32Array.from(encodeType(type, (text) => this.string(text)));
  }

  /**
   * Copies types and all they refer to, each once however often it is asked for. Gives the ids here by their
   * ids there. Types of this builder's base are referred to, not copied.
   */
  copy(source: Btf, roots: Iterable<number>): ReadonlyMap<number, number> {
    const ids = this.#copies.get(source) ?? new Map<number, number>([[0, 0]]);
    this.#copies.set(source, ids);
    const shared = this.#base !== undefined && source.base === this.#base ? source.startId : 1;
    const fresh = closureOf(source, roots).filter((id) => id >= shared && !ids.has(id));
    fresh.forEach((id, index) => {
      ids.set(id, this.nextId + index);
    });
    for (const id of fresh) {
      const record = Uint32Array.from(source.record(id));
      eachTypeWord(record, (at) => {
        const referred = record[at]!;
        record[at] = referred < shared ? referred : ids.get(referred)!;
      });
      eachStringWord(record, (at) => {
        record[at] = this.string(source.string(record[at]!));
      });
      this.addRecord(record);
    }
    return ids;
  }

  /** The bytes of a `.BTF` section. */
  encode(): Uint8Array {
    const length = this.#records.reduce((sum, record) => sum + record.length, 0);
    const words = new Uint32Array(length);
    let at = 0;
    for (const record of this.#records) {
      words.set(record, at);
      at += record.length;
    }
    return joinSections(fromWords(words, this.#littleEndian), Buffer.concat(this.#texts), this.#littleEndian);
  }

  /** The finished BTF, ready to be read. */
  build(): Btf {
    return Btf.parse(this.encode(), this.#base === undefined ? {} : { base: this.#base });
  }

  #append(text: Uint8Array): number {
    const offset = this.#stringsEnd;
    this.#texts.push(text);
    this.#stringsEnd += text.length;
    return offset;
  }
}

function stringOffsets(btf: Btf): Map<string, number> {
  const offsets = new Map<string, number>();
  const text = Buffer.from(btf.stringBytes);
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(0, from);
    const key = text.toString("utf8", from, end);
    if (key !== "" && !offsets.has(key)) offsets.set(key, btf.stringsStart + from);
    from = end + 1;
  }
  return offsets;
}
