import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, isAbsolute, join, resolve } from "node:path";
import { InvalidArgumentError, NotFoundError } from "../errors.ts";
import { processMaps } from "./procfs.ts";

/** Where names are looked up. The defaults are this process's own; a test passes others. */
export interface SearchPaths {
  readonly path?: string | undefined;
  readonly libraryPath?: string | undefined;
  /** Text lists or the binary cache of ldconfig. */
  readonly cacheFile?: string;
  readonly libraryDirectories?: readonly string[];
}

/** Where ld.so looks when its cache does not know (ld.so(8)), with Debian's multi-arch directories. */
const LIBRARY_DIRECTORIES = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib/aarch64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The file that a uprobe's binary means: a path; a library's name (`libc.so.6`, or `libc` for whichever version there is); a
 * command's name (`bash`). With a pid, what that process has mapped comes first, and paths are looked up in its mount
 * namespace, so that a container's own files are found.
 * @throws {NotFoundError} when there is no such file; {InvalidArgumentError} when the process is gone
 */
export function findBinary(name: string, pid?: number, search: SearchPaths = {}): string {
  if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
    throw new InvalidArgumentError(
      `process ${pid} does not exist (any more)`,
      "pass the pid of a running process",
    );
  }
  const root = pid === undefined ? "" : foreignRoot(pid);
  const found = name.includes("/") ? findPath(name, root, pid) : findName(name, root, pid, search);
  if (found !== undefined) return found;
  const where = pid === undefined ? "" : ` for process ${pid}`;
  const next = "pass the absolute path of the binary";
  throw new NotFoundError(`there is no ${name.includes("/") ? "file" : "binary"} ${name}${where}`, next);
}

/** `/proc/PID/root` for a process in another mount namespace, else nothing. */
function foreignRoot(pid: number): string {
  try {
    const same = readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync("/proc/self/ns/mnt");
    const chroot = readlinkSync(`/proc/${pid}/root`) !== readlinkSync("/proc/self/root");
    return same && !chroot ? "" : `/proc/${pid}/root`;
  } catch {
    return "";
  }
}

function findPath(name: string, root: string, pid: number | undefined): string | undefined {
  const absolute = isAbsolute(name) ? name : resolve(workingDirectory(pid), name);
  const candidate = root === "" || absolute.startsWith("/proc/") ? absolute : root + absolute;
  return regularFile(candidate);
}

function workingDirectory(pid: number | undefined): string {
  return pid === undefined ? process.cwd() : readlinkSync(`/proc/${pid}/cwd`);
}

/** Follows links, but never out of another process's root: there the kernel resolves them. */
function regularFile(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return undefined;
    return path.startsWith("/proc/") ? path : realpathSync(path);
  } catch {
    return undefined;
  }
}

function findName(
  name: string,
  root: string,
  pid: number | undefined,
  search: SearchPaths,
): string | undefined {
  if (pid !== undefined) {
    const mapped = findMapped(name, pid, root);
    if (mapped !== undefined) return mapped;
  }
  const library = isLibrary(name);
  if (!library) {
    const command = firstFile(directories(search.path ?? process.env.PATH ?? PATH), name, root);
    if (command !== undefined) return command;
  }
  return library || name.startsWith("lib") ? findLibrary(name, root, search) : undefined;
}

function isLibrary(name: string): boolean {
  return /\.so(\.|$)/.test(name);
}

/** `libc` means `libc.so.6`, `libc-2.31.so` is itself. */
export function meansLibrary(name: string, file: string): boolean {
  return file === name || (!isLibrary(name) && file.startsWith(`${name}.so`)) || file.startsWith(`${name}.`);
}

function findMapped(name: string, pid: number, root: string): string | undefined {
  for (const region of processMaps(pid)) {
    const path = region.path.replace(/ \(deleted\)$/, "");
    if (!path.startsWith("/") || !meansLibrary(name, basename(path))) continue;
    const file = regularFile(root + path);
    if (file !== undefined) return file;
  }
  return undefined;
}

function findLibrary(name: string, root: string, search: SearchPaths): string | undefined {
  const own = directories(search.libraryPath ?? process.env.LD_LIBRARY_PATH ?? "");
  const fixed = search.libraryDirectories ?? LIBRARY_DIRECTORIES;
  return (
    firstLibrary(own, name, root) ??
    fromCache(search.cacheFile ?? "/etc/ld.so.cache", name, root) ??
    firstLibrary(fixed, name, root)
  );
}

function directories(list: string): readonly string[] {
  return list.split(":").filter((directory) => directory !== "");
}

function firstFile(where: readonly string[], name: string, root: string): string | undefined {
  for (const directory of where) {
    const file = regularFile(root + join(directory, name));
    if (file !== undefined) return file;
  }
  return undefined;
}

function firstLibrary(where: readonly string[], name: string, root: string): string | undefined {
  const exact = firstFile(where, name, root);
  if (exact !== undefined || isLibrary(name)) return exact;
  for (const directory of where) {
    const match = namesIn(root + directory).find((file) => file.startsWith(`${name}.so`));
    const file = match === undefined ? undefined : regularFile(root + join(directory, match));
    if (file !== undefined) return file;
  }
  return undefined;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/**
 * ldconfig's cache is a header, a table and then plain NUL-terminated strings, name before path. Looking at the strings alone is
 * enough, and does not depend on the table's format.
 */
function fromCache(cacheFile: string, name: string, root: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(root + cacheFile, "latin1");
  } catch {
    return undefined;
  }
  for (const path of text.split("\0")) {
    if (!path.startsWith("/") || !meansLibrary(name, basename(path))) continue;
    const file = regularFile(root + path);
    if (file !== undefined) return file;
  }
  return undefined;
}
