import { existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { NotImplementedError } from "@skep/bpf";
import { type Package, readPackage } from "@skep/package";
import { UsageError } from "@skep/runtime";
import { bundledToolNames, bundledToolPath } from "./bundled-tools.ts";

export interface FoundProgram {
  /** For help, messages and the summary. */
  readonly name: string;
  readonly package: Package;
}

/**
 * What a name on the command line means: a file first, then a bundled tool.
 * @throws {UsageError} when it is neither {MalformedError} for a file that is no package
 */
export async function findProgram(program: string): Promise<FoundProgram> {
  if (program === "-") return { name: "program", package: readPackage(readFileSync(0)) };
  if (existsSync(program)) return fromFile(program);
  const bundled = bundledToolPath(program);
  if (bundled !== undefined) return { name: program, package: readPackage(readFileSync(bundled)) };
  if (/^https?:\/\//.test(program) || /^[^/]+\.[^/]+\/.+/.test(program))
    throw new NotImplementedError(
      `${program}: programs are not fetched over the network yet`,
      "download the package and give its file",
    );
  throw new UsageError(
    `there is neither a file nor a bundled tool called ${JSON.stringify(program)}`,
    `the bundled tools are ${bundledToolNames().join(", ")}`,
  );
}

async function fromFile(path: string): Promise<FoundProgram> {
  if (statSync(path).isDirectory())
    throw new UsageError(`${path} is a directory`, "give the package.json or the .bpf.c file in it");
  if (path.endsWith(".c")) return fromSource(path);
  const bytes = readFileSync(path);
  const name = nameOf(path);
  if (isElf(bytes)) return { name, package: packageOfObject(bytes) };
  const found = readPackage(bytes);
  // Packages are usually all called package.json: the object's name says more.
  const own = found.meta.bpf_skel.obj_name.replace(/_bpf$/, "");
  return { name: own === "" ? name : own, package: found };
}

/** The compiler is only loaded here: a package runs on machines that have none. */
async function fromSource(path: string): Promise<FoundProgram> {
  const { compilePackage } = await import("@skep/compiler");
  const header = path.replace(/(\.bpf)?\.c$/, ".h");
  const result = await compilePackage(path, existsSync(header) ? header : undefined, {});
  process.stderr.write(result.diagnostics);
  for (const warning of result.warnings) process.stderr.write(`${basename(path)}: ${warning}\n`);
  return { name: nameOf(path), package: result.package };
}

function packageOfObject(object: Uint8Array): Package {
  return { object, meta: { bpf_skel: { data_sections: [], maps: [], obj_name: "", progs: [] } }, extra: {} };
}

function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** `dir/foo.bpf.c` → `foo`. */
function nameOf(path: string): string {
  return basename(path).replace(/\..*$/, "");
}
