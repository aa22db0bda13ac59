import { MalformedError } from "../errors.ts";

/** Longest name accepted, in bytes, so that a table of symbols that share one huge name stays cheap. */
const MAX_NAME = 65_536;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** The one way this folder refuses bad input. */
export function malformedElf(message: string): MalformedError {
  return new MalformedError(`ELF: ${message}`, "Rebuild or copy the file again: it is damaged or cut off.");
}

/** Reads fixed-size fields of a file that may lie about everything. Offsets are relative to the view. */
export class ByteView {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    // A Buffer's slice() does not copy, a Uint8Array's does: one kind only from here on.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.littleEndian = littleEndian;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Checks that `size` bytes at `at` exist; `what` names them in the error. @throws {MalformedError} */
  require(at: number, size: number, what: string): void {
    if (at > this.length || size > this.length - at) {
      throw malformedElf(`${what} at ${at}, ${size} bytes long, leaves the ${this.length} bytes of data`);
    }
  }

  u8(at: number, what: string): number {
    this.require(at, 1, what);
    return this.#view.getUint8(at);
  }

  u16(at: number, what: string): number {
    this.require(at, 2, what);
    return this.#view.getUint16(at, this.littleEndian);
  }

  u32(at: number, what: string): number {
    this.require(at, 4, what);
    return this.#view.getUint32(at, this.littleEndian);
  }

  /** An unsigned 64-bit field; exact up to 2^53, then the nearest number (addresses of a kernel image). */
  u64(at: number, what: string): number {
    this.require(at, 8, what);
    const high = this.#view.getUint32(this.littleEndian ? at + 4 : at, this.littleEndian);
    const low = this.#view.getUint32(this.littleEndian ? at : at + 4, this.littleEndian);
    return high * 0x1_0000_0000 + low;
  }

  /** A signed 64-bit field, rounded like `u64`. */
  i64(at: number, what: string): number {
    this.require(at, 8, what);
    const value = this.#view.getBigInt64(at, this.littleEndian);
    if (value > MAX_SAFE || value < -MAX_SAFE) throw malformedElf(`${what} ${value} is beyond any file`);
    return Number(value);
  }

  /** A view of a part, without copying. @throws {MalformedError} */
  slice(at: number, size: number, what: string): Uint8Array {
    this.require(at, size, what);
    return this.bytes.subarray(at, at + size);
  }
}

/** A NUL-terminated string of a string table. @throws {MalformedError} when it starts or ends outside. */
export function stringAt(table: Uint8Array, offset: number, what: string): string {
  if (offset >= table.length) {
    if (offset === 0) return "";
    throw malformedElf(`${what} at ${offset} leaves the string table of ${table.length} bytes`);
  }
  const end = table.subarray(offset, offset + MAX_NAME + 1).indexOf(0) + offset;
  if (end < offset) throw malformedElf(`${what} at ${offset} does not end within ${MAX_NAME} bytes`);
  return Buffer.from(table.buffer, table.byteOffset + offset, end - offset).toString("utf8");
}
