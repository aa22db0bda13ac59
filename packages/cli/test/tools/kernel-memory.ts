import { execFileSync } from "node:child_process";

interface KernelMap {
  readonly id: number;
  readonly name?: string;
  readonly bytes_memlock: number;
}

/**
 * Bytes of kernel memory that the newest maps of these names take, each counted once: those of the tool that was started
 * last, unless others start it at the same time.
 */
export function mapsOf(names: readonly string[]): number {
  const maps = JSON.parse(
    execFileSync("bpftool", ["map", "show", "--json"], { encoding: "utf8" }),
  ) as KernelMap[];
  // The kernel keeps 15 letters of a name.
  const newest = names.map((name) => maps.filter((map) => map.name === name.slice(0, 15)).at(-1));
  return newest.reduce((sum, map) => sum + (map?.bytes_memlock ?? 0), 0);
}
