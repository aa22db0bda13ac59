import { closeSync, openSync, readSync } from "node:fs";
import { processMaps, readElf } from "@skep/bpf";
import { type Binary, binaryOf } from "../elf/binary.ts";

/** What /proc/PID/maps calls the library that the kernel maps into every process. */
export const VDSO = "[vdso]";

const MOST_BYTES = 1 << 20;

let known: { readonly binary: Binary; readonly size: bigint } | undefined;

/** The kernel's own library. Every 64-bit process has the same one, so ours is read. `size`: of the mapping that is asked about. */
export function vdso(size: bigint): Binary | undefined {
  known ??= readVdso();
  return known?.size === size ? known.binary : undefined;
}

function readVdso() {
  let file: number | undefined;
  try {
    const region = processMaps("self").find(({ path }) => path === VDSO);
    if (region === undefined || region.end - region.start > MOST_BYTES) return undefined;
    const bytes = new Uint8Array(Number(region.end - region.start));
    file = openSync("/proc/self/mem", "r");
    readSync(file, bytes, 0, bytes.length, region.start);
    return { binary: binaryOf(readElf(bytes)), size: region.end - region.start };
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
