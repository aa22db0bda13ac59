import { type Files, hostFiles } from "./files.ts";
import { readText } from "./read-file.ts";

/** One line of /proc/self/mountinfo: proc_pid_mountinfo(5). */
export interface Mount {
  /** Where it is mounted, in this process's mount namespace. */
  readonly point: string;
  /** `tracefs`, `cgroup2`, `ext4`. */
  readonly type: string;
  /** The directory of the file system that is the mount's root. */
  readonly root: string;
}

/** Mounts that this process sees. */
export function mounts(files: Files = hostFiles): readonly Mount[] {
  return parseMountinfo(readText(files, "/proc/self/mountinfo"));
}

/** Lines that are not of the documented form are left out. */
export function parseMountinfo(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    // id, parent, major:minor, root, point, options, optional fields …, "-", type, source, options
    const fields = line.split(" ");
    const separator = fields.indexOf("-", 6);
    const [root, point, type] = [fields[3], fields[4], fields[separator + 1]];
    if (separator < 0 || root === undefined || point === undefined || type === undefined) return [];
    return [{ root: unescapeOctal(root), point: unescapeOctal(point), type }];
  });
}

/** A file mapped into a process, or a region such as `[stack]`: one line of /proc/PID/maps. */
export interface MemoryRegion {
  /** Addresses in the process: from `start`, up to before `end`. */
  readonly start: bigint;
  readonly end: bigint;
  /** `r-xp`. */
  readonly permissions: string;
  /** Byte offset in the file. */
  readonly offset: bigint;
  readonly inode: number;
  /** As the process sees it, in its own mount namespace; empty for anonymous memory. */
  readonly path: string;
}

/** @throws {NotFoundError} no such process {PermissionError} */
export function processMaps(pid: number | "self", files: Files = hostFiles): readonly MemoryRegion[] {
  return parseMaps(readText(files, `/proc/${pid}/maps`));
}

/** Reads the text of /proc/PID/maps; lines of another form are left out. */
export function parseMaps(text: string): readonly MemoryRegion[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ (\d+) *(.*)$/.exec(line);
    if (match === null) return [];
    const [, start, end, permissions = "", offset, inode, path = ""] = match;
    return [
      {
        start: BigInt(`0x${start}`),
        end: BigInt(`0x${end}`),
        permissions,
        offset: BigInt(`0x${offset}`),
        inode: Number(inode),
        path,
      },
    ];
  });
}

/** Space, tab, newline and backslash are written as `\040` and so on. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
