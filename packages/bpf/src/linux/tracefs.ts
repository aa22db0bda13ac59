import { MalformedError, NotFoundError } from "../errors.ts";
import { mountDetached } from "./detached-mount.ts";
import type { Files } from "./files.ts";
import type { Kernel } from "./kernel.ts";
import type { Native } from "./native.ts";
import { type Mount, mounts } from "./procfs.ts";
import { readTextIfExists } from "./read-file.ts";

const USUAL = "/sys/kernel/tracing";
const BELOW_DEBUGFS = "/sys/kernel/debug/tracing";

/** Mount point of tracefs; undefined when this process sees none. */
export function findTracefs(mounted: readonly Mount[], exists: Files["exists"]): string | undefined {
  const points = mounted
    .filter(({ type, root }) => type === "tracefs" && root === "/")
    .map(({ point }) => point);
  const point = points.find((path) => path === USUAL) ?? points[0];
  if (point !== undefined) return point;
  // The kernel mounts it there by itself as soon as somebody looks (fs/tracefs, trace_automount).
  if (exists(`${BELOW_DEBUGFS}/events`)) return BELOW_DEBUGFS;
  return undefined;
}

/**
 * A directory that is tracefs. Where none is mounted, as in most containers, one is mounted that only this process
 * can reach, and that is gone with it: `/proc/self/fd/N`.
 * @throws {NotFoundError} that names the mount command, when this process may not mount either
 */
export function openTracefs(native: Native, files: Files): string {
  const found = findTracefs(mounts(files), files.exists);
  if (found !== undefined) return found;
  const mount = mountDetached(native, "tracefs");
  if (mount < 0)
    throw new NotFoundError("tracefs is not mounted", `mount it: mount -t tracefs tracefs ${USUAL}`);
  return `/proc/self/fd/${mount}`;
}

/**
 * The number that perf_event_open(2) knows a tracepoint by.
 * @throws {NotFoundError} {PermissionError} when tracefs may not be read
 */
export function tracepointId(
  { files, tracefs }: Pick<Kernel, "files" | "tracefs">,
  category: string,
  name: string,
): number {
  const events = `${tracefs}/events`;
  const text =
    isPathName(category) && isPathName(name)
      ? readTextIfExists(files, `${events}/${category}/${name}/id`)
      : undefined;
  if (text === undefined) {
    const listed = tracefs.startsWith("/proc/self/") ? USUAL : tracefs;
    const next = files.exists(`${events}/${category}`)
      ? `list what "${category}" has: ls ${listed}/events/${category}`
      : `list the categories: ls ${listed}/events`;
    throw new NotFoundError(`the kernel has no tracepoint ${category}:${name}`, next);
  }
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 0) {
    throw new MalformedError(
      `tracepoint ${category}:${name} has the id "${text}"`,
      "report this with your kernel's version",
    );
  }
  return id;
}

function isPathName(text: string): boolean {
  return /^[\w.-]+$/.test(text) && text !== "." && text !== "..";
}
