import { readBoundedFile, readToEnd } from "@skep/package";
import { UsageError } from "@skep/runtime";

/** No program is larger. */
const MAX_BYTES = 512 * 1024 * 1024;
/** Nor a key in PEM. */
const MAX_KEY_BYTES = 64 * 1024;

/** A file's bytes. @throws {InvalidArgumentError} for a directory {MalformedError} for one that is too large */
export function readInputFile(path: string): Uint8Array {
  return readBoundedFile(path, MAX_BYTES);
}

/** A key's text. @throws as `readInputFile` */
export function readKeyFile(path: string): string {
  return new TextDecoder().decode(readBoundedFile(path, MAX_KEY_BYTES));
}

/** @throws {MalformedError} when it does not end within the limit {UsageError} on a terminal */
export function readStandardInput(): Uint8Array {
  if (process.stdin.isTTY)
    throw new UsageError("standard input is a terminal", "write: skep run - < package.json");
  return readToEnd(0, "standard input", MAX_BYTES);
}
