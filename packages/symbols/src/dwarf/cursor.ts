import { MalformedError } from "@skep/bpf";

export function malformedDwarf(message: string): MalformedError {
  return new MalformedError(`DWARF: ${message}`, "the file is damaged or cut off");
}

/** Reads numbers one behind the other. Everything it gives is exact to 2^53. */
export class Cursor {
  at: number;
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, little: boolean, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = little;
    this.at = at;
    this.end = Math.min(end, bytes.length);
  }

  /** Steps over bytes. @returns where they began @throws {MalformedError} */
  skip(count: number): number {
    if (!(count <= this.end - this.at))
      throw malformedDwarf(`${count} bytes at ${this.at} leave their table`);
    this.at += count;
    return this.at - count;
  }

  u8(): number {
    return this.#bytes[this.skip(1)] ?? 0;
  }

  i8(): number {
    return this.#view.getInt8(this.skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), this.#little);
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), this.#little);
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), this.#little));
  }

  /** An address, or an offset, of 1, 2, 4 or 8 bytes. @throws {MalformedError} */
  unsigned(size: number): number {
    if (size === 8) return this.u64();
    if (size === 4) return this.u32();
    if (size === 2) return this.u16();
    if (size === 1) return this.u8();
    throw malformedDwarf(`a number of ${size} bytes`);
  }

  /** LEB128 without a sign (DWARF 5, 7.6). */
  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 63) throw malformedDwarf("a number without an end");
    }
  }

  /** LEB128 with a sign. */
  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - scale * 128;
      if (scale > 2 ** 63) throw malformedDwarf("a number without an end");
    }
  }

  /** Up to a zero. @throws {MalformedError} */
  text(): string {
    const start = this.at;
    const end = this.#bytes.subarray(start, this.end).indexOf(0);
    if (end < 0) throw malformedDwarf("a text without an end");
    this.skip(end + 1);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, Math.min(end, 1024)).toString();
  }
}
