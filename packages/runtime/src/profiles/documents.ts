import { readFileSync } from "node:fs";
import { UsageError } from "../usage-error.ts";
import type { Profile } from "./profile.ts";

/** What `--output` may say where stacks are counted, besides the formats of rows. */
export const STACK_FORMATS = ["folded", "flamegraph", "pprof", "speedscope"] as const;
export type StackFormat = (typeof STACK_FORMATS)[number];

/** Makes a file of what was counted; the profile is made when it is wanted. */
export type MakeDocument = (profile: (about: Pick<Profile, "title">) => Profile) => string | Uint8Array;

/**
 * How a run becomes a file; undefined for formats that are lines of text. The code is read only where it is used.
 * @param compare a file of folded lines, of another run
 * @throws {UsageError} when that file cannot be read
 */
export async function documentMaker(
  format: StackFormat | undefined,
  title: string,
  compare: string | undefined,
): Promise<MakeDocument | undefined> {
  if (compare !== undefined && format !== "flamegraph")
    throw new UsageError("--compare colours a flame graph", "give --output flamegraph as well");
  switch (format) {
    case "flamegraph": {
      const [{ flameGraph }, { readFolded }] = await Promise.all([
        import("./flame-graph.ts"),
        import("./folded.ts"),
      ]);
      const before = compare === undefined ? undefined : readFolded(textOf(compare));
      if (before?.length === 0)
        throw new UsageError(`--compare: ${compare} has no folded lines`, "make it with --output folded");
      return (profile) => flameGraph(profile({ title }), before);
    }
    case "pprof": {
      const { pprof } = await import("./pprof.ts");
      return (profile) => pprof(profile({ title }));
    }
    case "speedscope": {
      const { speedscope } = await import("./speedscope.ts");
      return (profile) => speedscope(profile({ title }), "skep");
    }
    default:
      return undefined;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new UsageError(`--compare: ${path} cannot be read (${code})`, "give a file of --output folded");
  }
}
