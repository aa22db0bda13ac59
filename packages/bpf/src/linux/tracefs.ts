import { existsSync } from "node:fs";
import { MalformedError, NotFoundError } from "../errors.ts";
import { readTextIfExists } from "./proc-file.ts";
import { type Mount, mounts } from "./procfs.ts";

const USUAL = "/sys/kernel/tracing";
const BELOW_DEBUGFS = "/sys/kernel/debug/tracing";

/** Mount point of tracefs. @throws {NotFoundError} that names the mount command */
export function findTracefs(mounted: readonly Mount[] = mounts(), exists = existsSync): string {
  const points = mounted
    .filter(({ type, root }) => type === "tracefs" && root === "/")
    .map(({ point }) => point);
  const point = points.find((path) => path === USUAL) ?? points[0];
  if (point !== undefined) return point;
  // The kernel mounts it there by itself as soon as somebody looks (fs/tracefs, trace_automount).
  if (exists(`${BELOW_DEBUGFS}/events`)) return BELOW_DEBUGFS;
  throw new NotFoundError("tracefs is not mounted", `mount it: mount -t tracefs tracefs ${USUAL}`);
}

/**
 * The number that perf_event_open(2) knows a tracepoint by.
 * @throws {NotFoundError} {PermissionError} when tracefs may not be read
 */
export function tracepointId(tracefs: string, category: string, name: string): number {
  const events = `${tracefs}/events`;
  const text =
    isPathName(category) && isPathName(name)
      ? readTextIfExists(`${events}/${category}/${name}/id`)
      : undefined;
  if (text === undefined) {
    const next = existsSync(`${events}/${category}`)
      ? `list what "${category}" has: ls ${events}/${category}`
      : `list the categories: ls ${events}`;
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
