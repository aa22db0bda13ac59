import { readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { findBinary, meansLibrary } from "./binary-path.ts";
import { processMaps } from "./procfs.ts";

/**
 * The files of a name that processes run or have loaded at this moment, each file once however many use it: containers and
 * installations of their own have different ones. Processes that may not be looked into are left out.
 * @param name as for a uprobe: `libjvm.so`, `node`
 */
export function mappedBinaries(name: string): readonly string[] {
  const found = new Map<string, string>();
  for (const entry of readdirSync("/proc")) {
    const path = /^\d+$/.test(entry) ? mappedBinary(name, Number(entry)) : undefined;
    // The process may have ended since, and its root with it.
    const file = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
    if (path === undefined || file === undefined) continue;
    const { dev, ino } = file;
    if (!found.has(`${dev}:${ino}`)) found.set(`${dev}:${ino}`, path);
  }
  return [...found.values()];
}

/** The file of a name that a process runs or has loaded; undefined when there is none, or the process may not be looked into. */
export function mappedBinary(name: string, pid: number): string | undefined {
  try {
    const region = processMaps(pid).find(
      ({ path }) => path.startsWith("/") && meansLibrary(name, basename(path)),
    );
    return region === undefined ? undefined : findBinary(basename(region.path), pid);
  } catch {
    // It has ended meanwhile, or is somebody else's.
    return undefined;
  }
}

/** The address at which a process has the byte at `offset` of a file; undefined when it has not mapped it. @throws {NotFoundError} {PermissionError} */
export function mappedAddress(pid: number, path: string, offset: bigint): bigint | undefined {
  const { ino } = statSync(path);
  const region = processMaps(pid).find(
    ({ inode, offset: from, start, end }) => inode === ino && offset >= from && offset < from + (end - start),
  );
  return region && region.start + (offset - region.offset);
}
