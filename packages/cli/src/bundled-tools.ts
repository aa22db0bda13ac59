import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface BundledTool {
  readonly name: string;
  /** One line. */
  readonly description: string;
  /** The prebuilt package. */
  readonly path: string;
}

/** The prebuilt package of a bundled tool, or undefined when there is none of that name. */
export function bundledToolPath(name: string): string | undefined {
  if (!/^[a-z0-9][a-z0-9_-]*$/i.test(name)) return undefined;
  const path = join(toolsDirectory(), name, "package.json");
  return existsSync(path) ? path : undefined;
}

/** All bundled tools that are built, by name. */
export function bundledTools(): BundledTool[] {
  return bundledToolNames().flatMap((name) => {
    const path = bundledToolPath(name);
    return path === undefined ? [] : [{ name, path, description: descriptionOf(path) }];
  });
}

export function bundledToolNames(): string[] {
  const directory = toolsDirectory();
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => bundledToolPath(name) !== undefined)
    .sort();
}

function descriptionOf(path: string): string {
  const document = JSON.parse(readFileSync(path, "utf8")) as {
    readonly meta?: {
      readonly bpf_skel?: { readonly doc?: { readonly description?: string; readonly brief?: string } };
    };
  };
  const doc = document.meta?.bpf_skel?.doc;
  return doc?.brief ?? doc?.description ?? "";
}

/** Inside the published package, or at the top of the repository. */
function toolsDirectory(): string {
  const root = packageDirectory();
  const inside = join(root, "tools");
  return existsSync(inside) ? inside : join(root, "..", "..", "tools");
}

/** The directory that holds `bin/skep.cjs`, from wherever in it this code was bundled to. */
export function packageDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "bin", "skep.cjs"))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error("skep's own files are not where they were installed");
    directory = parent;
  }
  return directory;
}
