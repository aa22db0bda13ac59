import { MalformedError } from "@skep/bpf";
import type { Package } from "../package.ts";
import { readPackage } from "../read-package.ts";
import { kindOfInput } from "./kind-of-input.ts";
import { readYamlPackage } from "./read-yaml-package.ts";

/** A `.tar` package: the package, and kernel types for kernels that have none. */
export interface Archive {
  readonly package: Package;
  /** `ubuntu/20.04/x86_64/5.4.0-100-generic` → BTF. */
  readonly btf: ReadonlyMap<string, Uint8Array>;
}

/** How BTFHub names a kernel: os-release's ID and VERSION_ID, `uname -m`, `uname -r`. */
export interface KernelName {
  readonly id: string;
  readonly version: string;
  readonly machine: string;
  readonly release: string;
}

const MAX_ARCHIVE_BYTES = 512 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
const BTF_FOLDER = "btfhub-archive/";

/**
 * Reads a `.tar` package as `ecc --btfgen` writes it. Names in it are looked up, never written to: nothing touches the
 * disk, and links, devices and names with `..` mean nothing.
 * @throws {MalformedError}
 */
export async function readArchive(bytes: Uint8Array): Promise<Archive> {
  const btf = new Map<string, Uint8Array>();
  let document: Uint8Array | undefined;
  for (const { name, data } of await tarFiles(
    bytes,
    (name) => isDocument(name) || btfName(name) !== undefined,
  )) {
    const kernel = btfName(name);
    if (kernel !== undefined) btf.set(kernel, data);
    else document ??= data;
  }
  if (document === undefined)
    throw new MalformedError(
      "the archive has no package.json",
      "give an archive that ecc --btfgen made, or the package itself",
    );
  const yaml = kindOfInput(document) === "yaml";
  return { package: yaml ? await readYamlPackage(document) : readPackage(document), btf };
}

/** The types that an archive has for one kernel. */
export function btfFor(archive: Archive, kernel: KernelName): Uint8Array | undefined {
  const { id, version, machine, release } = kernel;
  return archive.btf.get(`${id}/${version}/${machine}/${release}`);
}

export interface TarFile {
  readonly name: string;
  readonly data: Uint8Array;
}

/**
 * The regular files of a tar archive that `wanted` names, in their order.
 * @throws {MalformedError} for a damaged or cut archive, or one that is larger than any of ours
 */
export async function tarFiles(
  bytes: Uint8Array,
  wanted: (name: string) => boolean = () => true,
): Promise<TarFile[]> {
  if (bytes.length > MAX_ARCHIVE_BYTES)
    throw new MalformedError(
      `the archive has ${bytes.length} bytes, more than ${MAX_ARCHIVE_BYTES}`,
      "give a smaller one",
    );
  const { unpackTar } = await import("modern-tar");
  let entries = 0;
  try {
    const found = await unpackTar(bytes, {
      strict: true,
      filter: ({ name, type }) => {
        if (++entries > MAX_ENTRIES) throw new Error(`more than ${MAX_ENTRIES} entries`);
        return (type ?? "file") === "file" && wanted(plainName(name));
      },
    });
    return found.flatMap(({ header, data }) =>
      data === undefined ? [] : [{ name: plainName(header.name), data }],
    );
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.replace(/\.$/, "") : "damaged";
    throw new MalformedError(`the archive cannot be read: ${problem}`, "fetch or build it again", { cause });
  }
}

/** `./package.json` is `package.json`. */
function plainName(name: string): string {
  return name.replace(/^(?:\.\/)+/, "");
}

function isDocument(name: string): boolean {
  return name === "package.json" || name === "package.yaml";
}

function btfName(name: string): string | undefined {
  return name.startsWith(BTF_FOLDER) && name.endsWith(".btf")
    ? name.slice(BTF_FOLDER.length, -".btf".length)
    : undefined;
}
