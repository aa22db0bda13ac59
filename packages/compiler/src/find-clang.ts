import { InvalidArgumentError, NotFoundError } from "@skep/bpf";
import { run } from "./run.ts";

/** A clang that can compile for BPF, and where the machine's own headers are. */
export interface Clang {
  /** As given or found: a name on PATH or a path. */
  readonly command: string;
  /** Major version. */
  readonly version: number;
  /** Directories in which this clang looks for system headers when it compiles for this machine. */
  readonly systemIncludes: readonly string[];
}

/** The oldest clang that writes the BTF we rely on. */
export const OLDEST_CLANG = 14;
const NEWEST_TRIED = 24;

/**
 * Finds clang: the one asked for, else `clang` of PATH when it is new enough, else the newest `clang-N` of PATH.
 * @throws {NotFoundError} none there; {InvalidArgumentError} the one asked for is older than 14 or no clang
 */
export async function findClang(asked?: string): Promise<Clang> {
  if (asked !== undefined) return checkAsked(asked, await inspect(asked));
  const plain = await inspect("clang");
  if (plain !== undefined && plain.version >= OLDEST_CLANG) return plain;
  for (let version = NEWEST_TRIED; version >= OLDEST_CLANG; version--) {
    const found = await inspect(`clang-${version}`);
    if (found !== undefined) return found;
  }
  const seen = plain === undefined ? "" : ` (clang here is version ${plain.version})`;
  throw new NotFoundError(
    `no clang ${OLDEST_CLANG} or newer on PATH${seen}`,
    "install clang (Debian, Ubuntu: apt install clang; Fedora: dnf install clang), or name one with --clang-bin",
  );
}

function checkAsked(asked: string, found: Clang | undefined): Clang {
  if (found === undefined)
    throw new NotFoundError(
      `${asked || "an empty name"} is not a clang that can be run`,
      "name a clang with --clang-bin, or leave it out",
    );
  if (found.version < OLDEST_CLANG)
    throw new InvalidArgumentError(
      `${asked} is clang ${found.version}, older than ${OLDEST_CLANG}`,
      `name a clang ${OLDEST_CLANG} or newer`,
    );
  return found;
}

/** One run tells both the version and the include directories. */
async function inspect(command: string): Promise<Clang | undefined> {
  const result = await run(command, ["-v", "-E", "-x", "c", "/dev/null"]);
  if (result === undefined || result.status !== 0) return undefined;
  const version = /clang version (\d+)\./.exec(result.stderr)?.[1];
  if (version === undefined) return undefined;
  return { command, version: Number(version), systemIncludes: includesOf(result.stderr) };
}

function includesOf(text: string): readonly string[] {
  const list = /#include <\.\.\.> search starts here:\n([\s\S]*?)End of search list/.exec(text)?.[1] ?? "";
  return list
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("/"));
}
