import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { MalformedError } from "@skep/bpf";
import { UsageError } from "@skep/runtime";

/** No program is larger, and what has no end (a device, a pipe) ends here. */
const MAX_BYTES = 512 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** A file's bytes. @throws {UsageError} for a directory {MalformedError} for one that is too large */
export function readInputFile(path: string): Uint8Array {
  const fd = openSync(path, "r");
  try {
    const info = fstatSync(fd);
    if (info.isDirectory())
      throw new UsageError(`${path} is a directory`, "give the package.json or the .bpf.c file in it");
    if (info.size > MAX_BYTES) throw tooLarge(path);
    return readAll(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** @throws {MalformedError} when it does not end within the limit {UsageError} on a terminal */
export function readStandardInput(): Uint8Array {
  if (process.stdin.isTTY)
    throw new UsageError("standard input is a terminal", "write: skep run - < package.json");
  return readAll(0, "standard input");
}

function readAll(fd: number, what: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = readSome(fd, chunk);
    if (count === 0) return new Uint8Array(Buffer.concat(chunks));
    size += count;
    if (size > MAX_BYTES) throw tooLarge(what);
    chunks.push(chunk.subarray(0, count));
  }
}

/** A pipe that Node has made non-blocking says EAGAIN while nothing is there yet. */
function readSome(fd: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return readSync(fd, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function tooLarge(what: string): MalformedError {
  return new MalformedError(`${what} has more than ${MAX_BYTES} bytes`, "give a package, not a disk image");
}
