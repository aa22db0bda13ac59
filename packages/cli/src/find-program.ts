import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { PermissionError } from "@skep/bpf";
import { type Archive, looksLikeReference, type Package, readInput, readPackage } from "@skep/package";
import { didYouMean, UsageError } from "@skep/runtime";
import { bundledToolNames, bundledToolPath } from "./bundled-tools.ts";
import { readInputFile, readStandardInput } from "./read-input-file.ts";

/** A program to run, and how to call it in help, messages and the summary. */
export type FoundProgram =
  | {
      readonly kind: "package";
      readonly name: string;
      readonly package: Package;
      /** Kernel types that came with it, by kernel. */
      readonly archive?: Archive;
    }
  | { readonly kind: "wasm"; readonly name: string; readonly module: Uint8Array };

export interface FindOptions {
  /** Run nothing that is not signed with this key: a file with a public key in PEM. */
  readonly requireSignature?: string;
  /** Plain http with registries elsewhere. */
  readonly insecure?: boolean;
}

/**
 * What a name on the command line means: standard input, an address, a file, a bundled tool, a reference to a registry,
 * in this order. What it is, its contents decide. Nothing is fetched unless the name is an address or a reference.
 * @throws {UsageError} when it is none of them {MalformedError} for one that cannot be run {TransferError}
 * @throws {PermissionError} when a signature is required and missing
 */
export async function findProgram(program: string, options: FindOptions = {}): Promise<FoundProgram> {
  const found = await find(program, options);
  if (options.requireSignature === undefined) return found;
  (await import("./check-signature.ts")).checkSignature(found, program, options.requireSignature);
  // A package's signature says nothing about the kernel types that lie next to it in an archive.
  return found.kind === "wasm" ? found : { kind: found.kind, name: found.name, package: found.package };
}

async function find(program: string, options: FindOptions): Promise<FoundProgram> {
  if (program === "-") return fromBytes(readStandardInput(), "standard input", "program", options);
  if (/^https?:\/\//i.test(program)) return fromAddress(program, options);
  if (existsSync(program))
    return fromBytes(readInputFile(program), program, nameOf(program), options, program);
  const bundled = bundledToolPath(program);
  if (bundled !== undefined)
    return { kind: "package", name: program, package: readPackage(readFileSync(bundled)) };
  if (looksLikeReference(program) && !looksLikeFile(program)) return fromRegistry(program, options);
  throw nothingCalled(program);
}

async function fromAddress(address: string, options: FindOptions): Promise<FoundProgram> {
  const { download } = await import("./download.ts");
  const bytes = await download(address);
  return fromBytes(bytes, address, nameOf(new URL(address).pathname), options);
}

async function fromRegistry(reference: string, options: FindOptions): Promise<FoundProgram> {
  const { pullFromRegistry } = await import("./registry.ts");
  const { bytes } = await pullFromRegistry(reference, { insecure: options.insecure === true });
  return fromBytes(bytes, reference, nameOf(reference), options);
}

/** @param path of the file, where there is one: a source is compiled where it lies, next to its header */
async function fromBytes(
  bytes: Uint8Array,
  what: string,
  name: string,
  options: FindOptions,
  path?: string,
): Promise<FoundProgram> {
  const input = await readInput(bytes, what);
  switch (input.kind) {
    case "wasm":
      return { kind: "wasm", name, module: input.module };
    case "source":
      if (options.requireSignature !== undefined)
        throw new PermissionError(
          `${what} is a source, which cannot be signed`,
          "compile it, and sign the package",
        );
      return { kind: "package", ...(await compileSource(input.text, path, name)) };
    case "archive":
      return {
        kind: "package",
        name: ownName(input.archive.package, name),
        package: input.archive.package,
        archive: input.archive,
      };
    case "package":
    case "object":
      return { kind: "package", name: ownName(input.package, name), package: input.package };
  }
}

/** Packages are usually all called package.json: the object's name says more. */
function ownName({ meta }: Package, fallback: string): string {
  const own = meta.bpf_skel.obj_name.replace(/_bpf$/, "");
  return own === "" ? fallback : own;
}

/** The compiler is only loaded here: a package runs on machines that have none. */
async function compileSource(
  text: Uint8Array,
  path: string | undefined,
  name: string,
): Promise<{ readonly name: string; readonly package: Package }> {
  const { compileOnTheFly } = await import("./compile-on-the-fly.ts");
  return { name, package: await compileOnTheFly(text, path, name) };
}

/** `build/package.json` is a file that is missing, though its first part could be a host. */
function looksLikeFile(program: string): boolean {
  return (
    !/^(?:oci|docker):\/\//.test(program) &&
    (/^(?:\.{0,2}\/|~)/.test(program) || /\.(?:json|ya?ml|tar|tgz|gz|wasm|o|c)$/.test(program))
  );
}

function nothingCalled(program: string): Error {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(program)?.[1];
  if (scheme !== undefined)
    return new UsageError(`programs are not fetched over ${scheme}`, "give an https address, or a file");
  if (looksLikeFile(program) || program.includes("/")) {
    const registry = looksLikeReference(program) ? `; if a registry has it, write oci://${program}` : "";
    return new UsageError(`there is no file ${program}`, `check the path${registry}`);
  }
  return new UsageError(
    `there is neither a file nor a bundled tool called ${JSON.stringify(program)}`,
    didYouMean(program, bundledToolNames()) ?? "skep tools lists the bundled tools",
  );
}

/** `dir/foo.bpf.c` and `ghcr.io/owner/foo:latest` → `foo`. */
function nameOf(path: string): string {
  return basename(path).replace(/[.:@].*$/s, "") || "program";
}
