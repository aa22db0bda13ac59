import { readFileSync } from "node:fs";
import { NotFoundError, PermissionError } from "../errors.ts";

/** The text of a kernel file, without the final line end; undefined when it does not exist. */
export function readTextIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replace(/\n$/, "");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw translate(path, error);
  }
}

/** @throws {NotFoundError} {PermissionError} */
export function readText(path: string): string {
  const text = readTextIfExists(path);
  if (text === undefined)
    throw new NotFoundError(
      `${path} does not exist`,
      "check that the kernel offers it and that it is mounted",
    );
  return text;
}

/** The bytes of a file; undefined when it does not exist. @throws {PermissionError} */
export function readBytesIfExists(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw translate(path, error);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  // ESRCH: a process ended between open and read of its /proc file.
  return code === "ENOENT" || code === "ENOTDIR" || code === "ESRCH";
}

function translate(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code !== "EACCES" && code !== "EPERM") return error;
  return new PermissionError(`${path} may not be read (${code})`, "run as root", { cause: error });
}
