import { decodeLzma2, Lzma2Output } from "./lzma2.ts";
import { malformedXz } from "./malformed-xz.ts";

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const STREAM_HEADER = 12;
const LZMA2 = 0x21;
/** Bytes of each kind of check (xz-file-format.txt 2.1.1.2). Checks are not computed: what is inside is checked by its own format. */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/**
 * Decompresses the first stream of a .xz file, if LZMA2 is its only filter, as it is wherever nobody asked for more.
 * @param most bytes that may come of it
 * @throws {MalformedError}
 */
export function unxz(input: Uint8Array, most: number): Uint8Array {
  if (MAGIC.some((byte, index) => input[index] !== byte)) throw malformedXz("no xz file");
  const checkSize = CHECK_SIZES[(input[7] ?? 0) & 0xf] ?? 0;
  const output = new Lzma2Output(most);
  for (let at = STREAM_HEADER; ; ) {
    const first = input[at];
    if (first === undefined) throw malformedXz("the index is missing");
    // In place of a block's size: the index, behind the last one.
    if (first === 0) return output.bytes.slice(0, output.length);
    const data = at + (first + 1) * 4;
    checkFilters(input.subarray(at + 1, data - 4));
    const end = decodeLzma2(input, data, output);
    at = end + ((4 - ((end - data) & 3)) & 3) + checkSize;
  }
}

/** Of a block's header, between its size and its checksum. */
function checkFilters(header: Uint8Array): void {
  const flags = header[0] ?? 0;
  let at = 1;
  const skipNumber = () => {
    while ((header[at++] ?? 0) >= 0x80);
  };
  if ((flags & 0x40) !== 0) skipNumber();
  if ((flags & 0x80) !== 0) skipNumber();
  if ((flags & 3) !== 0 || header[at] !== LZMA2) throw malformedXz("a filter that is not LZMA2");
}
