import { HOST_IS_LITTLE_ENDIAN } from "./host-order.ts";
import { malformedBtf } from "./malformed.ts";
import { HEADER_WORDS, infoCount, infoIsKnown, infoKind, shapeOf } from "./record.ts";

const MAGIC = 0xeb9f;
const NEWER = "Update @skep/bpf: a newer compiler or kernel wrote this BTF. Or else it is damaged.";
/** Bytes of `struct btf_header` in its first version; a longer header is accepted, its tail ignored. */
const BTF_HEADER_SIZE = 24;

/** Raw BTF cut into its two sections. */
export interface BtfSections {
  readonly littleEndian: boolean;
  /** The type section as words of this machine's byte order, whatever the file's order is. */
  readonly words: Uint32Array;
  /** The string section, ending in NUL (or empty). */
  readonly strings: Uint8Array;
}

/** Reads the header and checks both sections against the file's length. @throws {MalformedError} */
export function readSections(bytes: Uint8Array): BtfSections {
  if (bytes.length < BTF_HEADER_SIZE) {
    throw malformedBtf(`${bytes.length} bytes cannot hold the ${BTF_HEADER_SIZE}-byte header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = view.getUint16(0, true) === MAGIC;
  if (!littleEndian && view.getUint16(0, false) !== MAGIC) {
    throw malformedBtf(`magic is 0x${view.getUint16(0, true).toString(16)}, not 0xeb9f`);
  }
  if (view.getUint8(2) !== 1) throw malformedBtf(`version ${view.getUint8(2)} is not 1`, NEWER);
  const headerLength = view.getUint32(4, littleEndian);
  if (headerLength < BTF_HEADER_SIZE || headerLength > bytes.length) {
    throw malformedBtf(`header length ${headerLength} does not fit ${bytes.length} bytes`);
  }
  const body = bytes.subarray(headerLength);
  const typesAt = view.getUint32(8, littleEndian);
  const types = slice(body, typesAt, view.getUint32(12, littleEndian), "type section");
  const strings = slice(
    body,
    view.getUint32(16, littleEndian),
    view.getUint32(20, littleEndian),
    "string section",
  );
  if (types.length % 4 !== 0) throw malformedBtf(`type section of ${types.length} bytes is no multiple of 4`);
  if (strings.length > 0 && strings[strings.length - 1] !== 0) {
    throw malformedBtf("string section does not end in NUL");
  }
  return { littleEndian, words: toWords(types, littleEndian), strings };
}

function slice(body: Uint8Array, offset: number, length: number, what: string): Uint8Array {
  if (offset > body.length || length > body.length - offset) {
    throw malformedBtf(`${what} at ${offset}, ${length} bytes long, leaves the ${body.length} bytes of data`);
  }
  return body.subarray(offset, offset + length);
}

/** A view where alignment and byte order allow, else a converted copy. */
export function toWords(types: Uint8Array, littleEndian: boolean): Uint32Array {
  const native = littleEndian === HOST_IS_LITTLE_ENDIAN;
  if (native && types.byteOffset % 4 === 0) {
    return new Uint32Array(types.buffer, types.byteOffset, types.length / 4);
  }
  const copy = Uint8Array.from(types);
  if (!native) Buffer.from(copy.buffer).swap32();
  return new Uint32Array(copy.buffer);
}

/** The type section of the given words as bytes of the given byte order. */
export function fromWords(words: Uint32Array, littleEndian: boolean): Uint8Array {
  const copy = Uint32Array.from(words);
  const bytes = Buffer.from(copy.buffer);
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) bytes.swap32();
  return new Uint8Array(copy.buffer);
}

/**
 * Position (in words) of each record. Checks every kind, count and name offset, so that nothing read
 * later can leave the section. `stringEnd` is one past the last valid string offset.
 * @throws {MalformedError}
 */
export function indexRecords(words: Uint32Array, stringEnd: number): Uint32Array {
  const end = words.length;
  const positions = new Uint32Array(Math.floor(end / HEADER_WORDS));
  const fixedWords = new Uint8Array(32);
  const entryWords = new Uint8Array(32);
  for (let kind = 0; kind < 32; kind++) {
    const shape = shapeOf(kind);
    fixedWords[kind] = shape === undefined ? 0 : HEADER_WORDS + shape.fixed;
    entryWords[kind] = shape?.entry ?? 0;
  }
  let at = 0;
  let count = 0;
  while (at < end) {
    if (end - at < HEADER_WORDS) throw malformedBtf(`the type section ends inside record ${count + 1}`);
    const info = words[at + 1]!;
    const fixed = fixedWords[infoKind(info)]!;
    if (fixed === 0) throw malformedBtf(`record ${count + 1} has unknown kind ${infoKind(info)}`, NEWER);
    if (!infoIsKnown(info)) {
      throw malformedBtf(`record ${count + 1} sets unknown bits in info 0x${info.toString(16)}`, NEWER);
    }
    if (words[at]! >= stringEnd && words[at] !== 0) {
      throw malformedBtf(`record ${count + 1} names string ${words[at]}, past the last at ${stringEnd - 1}`);
    }
    const length = fixed + entryWords[infoKind(info)]! * infoCount(info);
    if (length > end - at) {
      throw malformedBtf(`record ${count + 1} with ${infoCount(info)} entries leaves the type section`);
    }
    positions[count++] = at;
    at += length;
  }
  return positions.slice(0, count);
}

/** A whole `.BTF` section: header, types, strings. */
export function joinSections(types: Uint8Array, strings: Uint8Array, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(BTF_HEADER_SIZE + types.length + strings.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, MAGIC, littleEndian);
  view.setUint8(2, 1);
  const fields = [BTF_HEADER_SIZE, 0, types.length, types.length, strings.length];
  fields.forEach((value, index) => {
    view.setUint32(4 + 4 * index, value, littleEndian);
  });
  bytes.set(types, BTF_HEADER_SIZE);
  bytes.set(strings, BTF_HEADER_SIZE + types.length);
  return bytes;
}
