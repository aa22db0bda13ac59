import { malformedBtf } from "./malformed.ts";

/** The strings of one BTF, continuing the offsets of its base. */
export class BtfStrings {
  /** Offset of this section's first byte: 0, or the end of the base's strings. */
  readonly start: number;
  /** One past the last valid offset. */
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly #text: Buffer;
  readonly #base: BtfStrings | undefined;

  constructor(bytes: Uint8Array, base: BtfStrings | undefined) {
    this.bytes = bytes;
    this.#base = base;
    this.start = base?.end ?? 0;
    this.end = this.start + bytes.length;
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The text at an offset. @throws {MalformedError} past the end. */
  at(offset: number): string {
    if (offset === 0) return "";
    if (this.#base !== undefined && offset < this.start) return this.#base.at(offset);
    if (!(offset >= 0 && offset < this.end)) {
      throw malformedBtf(`string offset ${offset} is past the last at ${this.end - 1}`);
    }
    const from = offset - this.start;
    return this.#text.toString("utf8", from, this.#text.indexOf(0, from));
  }

  /** The section that holds an offset, and where in it. The offset must be valid. */
  locate(offset: number): { readonly bytes: Uint8Array; readonly from: number } {
    if (this.#base !== undefined && offset < this.start) return this.#base.locate(offset);
    return { bytes: this.bytes, from: offset - this.start };
  }
}
