import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { InvalidArgumentError, MalformedError } from "@skep/bpf";

const CHUNK_BYTES = 1024 * 1024;
/** What is no file says nothing of its size. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024;

/**
 * A file's bytes. What has no end, such as a device or a pipe, ends at `limit` or 64 MiB.
 * @param limit in bytes
 * @throws {InvalidArgumentError} for a directory {MalformedError} for more than `limit` bytes; what opening the file throws
 */
export function readBoundedFile(path: string, limit: number): Uint8Array {
  const fd = openSync(path, "r");
  try {
    const info = fstatSync(fd);
    if (info.isDirectory())
      throw new InvalidArgumentError(`${path} is a directory`, "give a file that is in it");
    if (info.size > limit) throw tooLarge(path, limit);
    return readToEnd(fd, path, info.isFile() ? limit : Math.min(limit, MAX_STREAM_BYTES));
  } finally {
    closeSync(fd);
  }
}

/** All that a descriptor gives. @throws {MalformedError} for more than `limit` bytes */
export function readToEnd(fd: number, what: string, limit: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = readSome(fd, chunk);
    if (count === 0) return new Uint8Array(Buffer.concat(chunks));
    size += count;
    if (size > limit) throw tooLarge(what, limit);
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

function tooLarge(what: string, limit: number): MalformedError {
  return new MalformedError(`${what} has more than ${limit} bytes`, "check that it is the right file");
}
