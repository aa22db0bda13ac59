import { closeSync, openSync, readSync } from "node:fs";

/**
 * The beginning of a file, at most `limit` bytes; undefined where it is not there or not for us to read. The kernel makes its files
 * as they are read, so that the rest of a long one costs nothing.
 */
export function readText(path: string, limit = 1 << 20): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.alloc(limit);
    let length = 0;
    for (let read = -1; read !== 0 && length < limit; length += read)
      read = readSync(file, bytes, length, limit - length, null);
    return bytes.toString("utf8", 0, length);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
