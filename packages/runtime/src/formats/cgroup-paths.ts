import { opendirSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** Directories to look at for one id that is not known: a machine with more has better places to ask. */
const MOST = 20_000;
/** Milliseconds that an id which was not found is not looked for again. */
const PATIENCE = 1000;

/** Ids of cgroups (v2), which are the inode numbers of their directories (fs/kernfs/dir.c), and their paths. */
export class CgroupPaths {
  readonly #root: string;
  #paths = new Map<bigint, string>();
  #searched = Number.NEGATIVE_INFINITY;

  constructor(root: string) {
    this.#root = root;
  }

  /** `/system.slice/cron.service`; undefined for what is no cgroup any more. */
  find(id: bigint): string | undefined {
    const known = this.#paths.get(id);
    if (known !== undefined || performance.now() - this.#searched < PATIENCE) return known;
    this.#search();
    this.#searched = performance.now();
    return this.#paths.get(id);
  }

  #search(): void {
    const found = new Map(this.#paths);
    const waiting = [this.#root];
    for (let directory = waiting.pop(); directory !== undefined && found.size < MOST; ) {
      try {
        found.set(statSync(directory, { bigint: true }).ino, `/${relative(this.#root, directory)}`);
        waiting.push(...childrenOf(directory));
      } catch {
        // Cgroups come and go.
      }
      directory = waiting.pop();
    }
    this.#paths = found;
  }
}

function childrenOf(directory: string): string[] {
  const children: string[] = [];
  const entries = opendirSync(directory);
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync())
      if (entry.isDirectory()) children.push(join(directory, entry.name));
  } finally {
    entries.closeSync();
  }
  return children;
}
