import { appendFileSync, existsSync, openSync, readdirSync, readFileSync, unlinkSync } from "node:fs";
import { syscallError } from "./errno.ts";

/**
 * The machine's other door, beside {@link Native}: what the kernel tells and takes by files, in procfs, sysfs, tracefs and bpffs.
 * Everything above asks through this interface, so that a test can stand in for it and take a file away or lock it.
 * Every failure is a {@link SyscallError}.
 */
export interface Files {
  /** What a file says now. */
  read(path: string): Buffer;
  /** Names in a directory, in no order. */
  list(path: string): readonly string[];
  /** False as well where this process may not look. Never throws. */
  exists(path: string): boolean;
  /** Adds to a file's end: a command, for the files of tracefs that take them. */
  append(path: string, text: string): void;
  /** Removes a file, such as a pin. */
  remove(path: string): void;
  /** Opens a file, directory or device read-only. The caller owns the descriptor. */
  open(path: string): number;
}

/** The files that this process sees. */
export const hostFiles: Files = {
  read: (path) => attempt("read", path, () => readFileSync(path)),
  list: (path) => attempt("readdir", path, () => readdirSync(path)),
  exists: existsSync,
  append: (path, text) => attempt("write", path, () => appendFileSync(path, text)),
  remove: (path) => attempt("unlink", path, () => unlinkSync(path)),
  open: (path) => attempt("open", path, () => openSync(path, "r")),
};

/** Node's errors of a system call have its number, negative; others (a path that is none) pass unchanged. */
function attempt<T>(call: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const { errno } = cause as NodeJS.ErrnoException;
    if (typeof errno !== "number") throw cause;
    const failure = syscallError(call, -errno, path);
    failure.cause = cause;
    throw failure;
  }
}
