import { closeSync, fstatSync } from "node:fs";
import { syscallError } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Files } from "./files.ts";
import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;

/** A memory mapping. `buffer` must not be touched after disposal: hand out copies, or keep it private. */
export interface Mapping extends Disposable {
  readonly address: number;
  readonly length: number;
  readonly buffer: ArrayBuffer;
}

export interface MapOptions {
  /** Bytes; the kernel rounds up to whole pages. */
  readonly length: number;
  readonly fd?: OwnedFd;
  /** Bytes, a multiple of the page size. */
  readonly offset?: number;
  readonly writable: boolean;
}

/** mmap(2): shared for a descriptor, private and zeroed without one. @throws {SyscallError} */
export function mapMemory(native: Native, { length, fd, offset = 0, writable }: MapOptions): Mapping {
  const { mmap, munmap } = syscallNumbers();
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const flags = fd === undefined ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  const address = native.syscall(mmap, 0, length, protection, flags, fd?.raw ?? -1, offset);
  if (address < 0) throw syscallError("mmap", -address, `${length} bytes`);
  let mapped = true;
  return {
    address,
    length,
    buffer: native.view(address, length),
    [Symbol.dispose]() {
      if (!mapped) return;
      mapped = false;
      native.syscall(munmap, address, length);
    },
  };
}

/**
 * A file's bytes where they are, in place of a copy; read-only, and mapped for as long as the process lives.
 * @returns undefined where the file cannot be opened or mapped: reading it says why, or works
 */
export function mapFile(native: Native, files: Files, path: string): Uint8Array | undefined {
  let fd: number;
  try {
    fd = files.open(path);
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const address = native.syscall(syscallNumbers().mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
    return address < 0 ? undefined : new Uint8Array(native.view(address, size));
  } finally {
    closeSync(fd);
  }
}
