import { existsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { compilePackage, TemporaryDirectory } from "@skep/compiler";
import type { Package } from "@skep/package";

/**
 * Compiles a source that is to be run at once. Warnings go to standard error.
 * @param path where the source lies; undefined when it came from elsewhere and has no neighbours to include
 * @throws {CompileError}
 */
export async function compileOnTheFly(
  text: Uint8Array,
  path: string | undefined,
  name: string,
): Promise<Package> {
  if (path?.endsWith(".c")) return compile(path, []);
  // clang goes by the name, we went by the contents.
  using directory = new TemporaryDirectory("skep-source-");
  const file = join(directory.path, `${name}.bpf.c`);
  writeFileSync(file, text);
  return await compile(file, path === undefined ? [] : [`-I${resolve(dirname(path))}`]);
}

async function compile(path: string, cflags: readonly string[]): Promise<Package> {
  const header = path.replace(/(\.bpf)?\.c$/, ".h");
  const result = await compilePackage(path, existsSync(header) ? header : undefined, { cflags });
  process.stderr.write(result.diagnostics);
  for (const warning of result.warnings) process.stderr.write(`${warning}\n`);
  return result.package;
}
