import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InvalidArgumentError, MalformedError } from "@skep/bpf";
import {
  isJsonObject,
  metaJson,
  parseJson,
  parseJsonText,
  writeArchive,
  writeJson,
  writePackage,
} from "@skep/package";
import type { CompiledPackage } from "./compile-package.ts";
import { makeDirectory } from "./make-directory.ts";
import { printYaml } from "./print-yaml.ts";
import { wasmHeader } from "./wasm-header.ts";

export interface OutputOptions {
  /** YAML in place of JSON for the description and the package. */
  readonly yaml?: boolean;
  /** False: only the object and its description. */
  readonly packageFile?: boolean;
  /** Also `ewasm-skel.h`, the package for C. */
  readonly wasmHeader?: boolean;
  /** Also `<name>.tar`, the package with types of kernels that have none, see `pruneForKernels`. */
  readonly kernelTypes?: ReadonlyMap<string, Uint8Array> | undefined;
}

/** Where nothing can be written, or something else is in the way. */
const NO_PLACE: ReadonlySet<string | undefined> = new Set([
  "EACCES",
  "EEXIST",
  "EISDIR",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

/**
 * Refuses to go on when the directory's `package.json` is somebody else's, as npm's is. Asked before compiling.
 * @throws {InvalidArgumentError}
 */
export async function checkOutputs(directory: string, options: OutputOptions = {}): Promise<void> {
  if (options.yaml === true || options.packageFile === false) return;
  const path = join(directory, "package.json");
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (bytes === undefined || isOurs(bytes)) return;
  throw new InvalidArgumentError(
    `${path} is no eBPF package (npm's, by the look of it) and is not overwritten`,
    "write to another directory with -o DIR",
  );
}

function isOurs(bytes: Uint8Array): boolean {
  try {
    const json = parseJson(bytes, "package.json");
    return isJsonObject(json) && "bpf_object" in json;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

/**
 * Writes `<name>.bpf.o`, `<name>.skel.json` and `package.json`, and what else is asked for. Gives the paths written.
 * @throws {InvalidArgumentError} when the directory does not take them
 */
export async function writeOutputs(
  compiled: CompiledPackage,
  directory: string,
  options: OutputOptions = {},
): Promise<readonly string[]> {
  await checkOutputs(directory, options);
  const extension = options.yaml === true ? "yaml" : "json";
  const meta = metaJson(compiled.package.meta);
  const files: [string, Uint8Array | string][] = [
    [`${compiled.name}.bpf.o`, compiled.package.object],
    [`${compiled.name}.skel.${extension}`, options.yaml === true ? printYaml(meta) : writeJson(meta)],
  ];
  if (options.packageFile !== false) files.push([`package.${extension}`, packageText(compiled, options)]);
  if (options.wasmHeader === true) files.push(["ewasm-skel.h", wasmHeader(compiled.package)]);
  if (options.kernelTypes !== undefined)
    files.push([
      `${compiled.name}.tar`,
      await writeArchive(compiled.name, compiled.package, options.kernelTypes),
    ]);
  try {
    await makeDirectory(directory);
    for (const [file, content] of files) await writeFile(join(directory, file), content);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (!NO_PLACE.has(code)) throw cause;
    throw new InvalidArgumentError(
      `cannot write to ${directory}: ${message}`,
      "write to another directory with -o DIR",
      { cause },
    );
  }
  return files.map(([file]) => join(directory, file));
}

function packageText(compiled: CompiledPackage, options: OutputOptions): Uint8Array | string {
  const bytes = writePackage(compiled.package);
  if (options.yaml !== true) return bytes;
  return printYaml(parseJsonText(new TextDecoder().decode(bytes), "package"));
}
