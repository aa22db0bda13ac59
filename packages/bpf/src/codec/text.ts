/**
 * Text in kernel memory is bytes up to a NUL, mostly ASCII, sometimes UTF-8, sometimes neither (a file name may be any
 * bytes). Bytes that are not valid UTF-8 become the lone surrogates U+DC80 to U+DCFF, one for each byte, as Python's
 * `surrogateescape` does: nothing is lost, `textBytes` gives the same bytes back, and JSON shows `\udcXX`.
 */
const ESCAPE = 0xdc00;
const SCRATCH = 4096;

const scratch = Buffer.alloc(SCRATCH);

/** Reads at most `length` bytes up to the first NUL. */
export function readText(view: DataView, offset: number, length: number): string {
  const target = length <= SCRATCH ? scratch : Buffer.alloc(length);
  let all = 0;
  let at = 0;
  for (; at < length; at++) {
    const byte = view.getUint8(offset + at);
    if (byte === 0) break;
    target[at] = byte;
    all |= byte;
  }
  if (all < 0x80) return target.toString("latin1", 0, at);
  const text = target.toString("utf8", 0, at);
  return text.includes("\ufffd") ? escapedText(target.subarray(0, at)) : text;
}

/** Bytes as text up to their first NUL, in the same way as `readText`. */
export function textOfBytes(bytes: Uint8Array): string {
  return readText(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

/** The bytes that `readText` would read as this text, without a NUL. */
export function textBytes(text: string): Uint8Array {
  if (!/[\udc80-\udcff]/.test(text)) return Buffer.from(text, "utf8");
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const escaped = code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
    parts.push(escaped ? Uint8Array.of(code - ESCAPE) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}

function escapedText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) text += String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
    else text += Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
    at += Math.max(length, 1);
  }
  return text;
}

/** Length of the valid UTF-8 sequence that begins here, 0 when there is none (RFC 3629, table in section 4). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index = 2; index < length; index++) if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

const SLOT_BITS = 8;
const SLOTS = 1 << SLOT_BITS;

/**
 * Remembers short texts by their bytes, as the same few command names arrive again and again: comparing four words
 * is several times cheaper than making a string. A slot is simply overwritten by the next text that wants it. Generated
 * code computes the slot and compares; it comes here only with a text that is not there.
 */
export class TextCache {
  /** A 32-bit hash shifted right by this is a slot. */
  static readonly hashShift = 32 - SLOT_BITS;
  /** The words of the text in each slot: zeroes, the empty text, at first. */
  readonly keys: Int32Array;
  readonly texts: string[] = new Array<string>(SLOTS).fill("");
  readonly #words: number;

  /** `bytes`: length of the texts, a multiple of 4. */
  constructor(bytes: number) {
    this.#words = bytes / 4;
    this.keys = new Int32Array(SLOTS * this.#words);
  }

  /** Reads the text at `offset` and puts it into `slot`. */
  remember(view: DataView, offset: number, slot: number): string {
    const text = readText(view, offset, this.#words * 4);
    for (let word = 0; word < this.#words; word++)
      this.keys[slot * this.#words + word] = view.getInt32(offset + word * 4, true);
    this.texts[slot] = text;
    return text;
  }
}
