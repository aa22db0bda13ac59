import * as zlib from "node:zlib";
import { inflateSync } from "node:zlib";
import type { ElfFile } from "@skep/bpf";

const SHF_COMPRESSED = 0x800;
const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;
/** type, reserved, size, alignment (elf(5), Elf64_Chdr). */
const HEADER = 24;

/**
 * A copy of a section's bytes, decompressed.
 * @param most bytes that may come of it
 * @returns undefined when there is none, it is larger than `most`, or nothing here decompresses it
 * @throws {MalformedError} and what zlib throws
 */
export function sectionBytes(elf: ElfFile, name: string, most: number): Uint8Array | undefined {
  const section = elf.section(name);
  if (section === undefined || section.size > most) return undefined;
  const data = elf.data(section);
  if ((section.flags & SHF_COMPRESSED) === 0) return data.length === 0 ? undefined : data.slice();
  if (data.length < HEADER) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, HEADER);
  const packed = data.subarray(HEADER);
  const type = view.getUint32(0, elf.header.littleEndian);
  if (type === ELFCOMPRESS_ZLIB) return inflateSync(packed, { maxOutputLength: most });
  // From Node.js 22.15 on.
  if (type === ELFCOMPRESS_ZSTD && "zstdDecompressSync" in zlib) {
    const unzstd = zlib.zstdDecompressSync as (bytes: Uint8Array, options: object) => Uint8Array;
    return unzstd(packed, { maxOutputLength: most });
  }
  return undefined;
}
