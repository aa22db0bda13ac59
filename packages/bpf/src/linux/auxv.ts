import type { Files } from "./files.ts";

const AT_PAGESZ = 6;
const ENTRY_SIZE = 16;

/** Bytes in a page of memory, from the auxiliary vector (getauxval(3)). 4096 where it does not say. */
export function pageSize(files: Files): number {
  const bytes = files.read("/proc/self/auxv");
  for (let at = 0; ENTRY_SIZE <= bytes.length - at; at += ENTRY_SIZE) {
    if (bytes.readBigUInt64LE(at) === BigInt(AT_PAGESZ)) return Number(bytes.readBigUInt64LE(at + 8));
  }
  return 4096;
}
