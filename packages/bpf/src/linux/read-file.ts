import { BpfError, NotFoundError, PermissionError } from "../errors.ts";
import { EACCES, ENOENT, ENOTDIR, EPERM, ESRCH, errnoName, failedWith } from "./errno.ts";
import type { Files } from "./files.ts";

/** The bytes of a file; undefined when it does not exist. @throws {PermissionError} */
export function readBytesIfExists(files: Files, path: string): Buffer | undefined {
  try {
    return files.read(path);
  } catch (error) {
    // ESRCH: a process ended between open and read of its /proc file.
    if (failedWith(error, ENOENT, ENOTDIR, ESRCH)) return undefined;
    if (!failedWith(error, EACCES, EPERM)) throw error;
    throw new PermissionError(
      `${path} may not be read (${errnoName(error.errno)})`,
      "run as root, or with CAP_DAC_READ_SEARCH",
      { cause: error },
    );
  }
}

/** @throws {NotFoundError} {PermissionError} */
export function readBytes(files: Files, path: string): Buffer {
  const bytes = readBytesIfExists(files, path);
  if (bytes === undefined)
    throw new NotFoundError(
      `${path} does not exist`,
      "check that the kernel offers it and that it is mounted",
    );
  return bytes;
}

/** The text of a kernel file, without the final line end; undefined when it does not exist. @throws {PermissionError} */
export function readTextIfExists(files: Files, path: string): string | undefined {
  return readBytesIfExists(files, path)?.toString("utf8").replace(/\n$/, "");
}

/** @throws {NotFoundError} {PermissionError} */
export function readText(files: Files, path: string): string {
  return readBytes(files, path).toString("utf8").replace(/\n$/, "");
}

/** The lines of a file that is only nice to have; undefined when it cannot be read, for whatever reason. */
export function readLinesIfPossible(files: Files, path: string): readonly string[] | undefined {
  const text = ifPossible(() => files.read(path).toString("latin1"));
  return text?.split("\n").filter((line) => line !== "");
}

/** Names in a directory that is only nice to have; none when it cannot be read. */
export function listIfPossible(files: Files, path: string): readonly string[] {
  return ifPossible(() => files.list(path)) ?? [];
}

function ifPossible<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}
