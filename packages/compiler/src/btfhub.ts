import { readdir, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { BpfError, Btf, MalformedError, NotFoundError, pruneKernelBtf, readSpec } from "@skep/bpf";
import { gunzip, homeDirectory, readBoundedFile, tarFiles } from "@skep/package";
import { unxz } from "./xz.ts";

/** Types of kernels, cut down for an object. */
export interface KernelTypes {
  /** `ubuntu/20.04/x86_64/5.4.0-100-generic` → BTF. */
  readonly btf: ReadonlyMap<string, Uint8Array>;
  /** Files that could not be used, one line each. */
  readonly warnings: readonly string[];
}

const MAX_FILES = 100_000;
/** One kernel's BTF, unpacked; large ones have 10 MB. */
const MAX_BTF = 128 * 1024 * 1024;
const MAX_ARCHIVE = 512 * 1024 * 1024;
/** Files unpacked at a time: each takes a process. */
const AT_ONCE = 4;
const NAMED = /([^/]+\/[^/]+\/[^/]+\/[^/]+)\.btf((?:\.tar)?(?:\.(?:xz|gz))?)$/;

/** Where eunomia's compiler keeps its copy of BTFHub: in `EUNOMIA_HOME`, else in the folder for data. */
export function defaultBtfhub(env: NodeJS.ProcessEnv = process.env): string {
  const first = env.XDG_DATA_HOME?.split(":").find((path) => path.startsWith("/"));
  const data = env.EUNOMIA_HOME || join(first ?? join(homeDirectory(), ".local/share"), "eunomia");
  return join(data, "btfhub-archive");
}

/**
 * Cuts every BTF of a folder or archive in BTFHub's layout (`ID/VERSION_ID/machine/release.btf`, packed as `.tar.xz` or not) down
 * to what an object's relocations touch. Nothing is fetched.
 * @throws {NotFoundError} no such folder, no BTF in it, or no xz to unpack it; {MalformedError} not an archive, or too large
 */
export async function pruneForKernels(object: Uint8Array, from: string): Promise<KernelTypes> {
  const spec = readSpec(object);
  const btf = new Map<string, Uint8Array>();
  const warnings: string[] = [];
  const pending = await kernelFiles(from);
  const work = async (): Promise<void> => {
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      try {
        const whole = Btf.parse(await unpacked(file));
        btf.set(file.kernel, pruneKernelBtf(spec, whole).bytes);
      } catch (error) {
        // One damaged file of thousands should not cost the others; without xz none can be read.
        if (!(error instanceof BpfError) || error instanceof NotFoundError) throw error;
        warnings.push(`${file.path}: warning: left out: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { btf: new Map([...btf].sort(([a], [b]) => (a < b ? -1 : 1))), warnings: warnings.sort() };
}

interface KernelFile {
  readonly path: string;
  readonly kernel: string;
  /** `.tar.xz`, `.xz`, or nothing. */
  readonly packing: string;
  read(): Promise<Uint8Array>;
}

async function kernelFiles(from: string): Promise<KernelFile[]> {
  const found = await stat(from).catch((cause: Error) => {
    throw new NotFoundError(
      `there are no kernel types at ${from}`,
      "put a copy of BTFHub's archive there, or name a folder or archive with --btfhub-archive",
      { cause },
    );
  });
  const files = found.isDirectory() ? await inFolder(from) : await inArchive(from);
  if (files.length === 0)
    throw new NotFoundError(
      `${from} holds no BTF in BTFHub's layout`,
      "files are to be named ID/VERSION_ID/machine/release.btf, or .btf.tar.xz",
    );
  return files;
}

async function inFolder(from: string): Promise<KernelFile[]> {
  const files: KernelFile[] = [];
  const pending = [resolve(from)];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== ".git") pending.push(path);
      else if (entry.isFile())
        files.push(...kernelFile(path, () => Promise.resolve().then(() => readBoundedFile(path, MAX_BTF))));
      if (files.length + pending.length > MAX_FILES)
        throw new NotFoundError(
          `${from} holds more than ${MAX_FILES} files`,
          "name the folder that holds the BTFs",
        );
    }
  }
  return files;
}

async function inArchive(from: string): Promise<KernelFile[]> {
  const packing = /\.xz$|\.gz$|\.tgz$/.exec(from)?.[0].replace(".tgz", ".gz") ?? "";
  const bytes = await unpack(readBoundedFile(from, MAX_ARCHIVE), from, packing, MAX_ARCHIVE);
  const files = await tarFiles(bytes, (name) => NAMED.test(name));
  return files.flatMap(({ name, data }) => kernelFile(name, () => Promise.resolve(data)));
}

/** The last four parts of a path name the kernel. */
function kernelFile(path: string, read: () => Promise<Uint8Array>): KernelFile[] {
  const [, kernel, packing = ""] = NAMED.exec(path.split(sep).join("/")) ?? [];
  return kernel === undefined ? [] : [{ path, kernel, packing, read }];
}

async function unpacked(file: KernelFile): Promise<Uint8Array> {
  const { path, packing } = file;
  const bytes = await unpack(await file.read(), path, packing, MAX_BTF);
  if (!packing.startsWith(".tar")) return bytes;
  const [btf] = await tarFiles(bytes, (name) => name.endsWith(".btf"));
  if (btf === undefined) throw new MalformedError(`${path} holds no .btf file`, "fetch it again");
  return btf.data;
}

async function unpack(bytes: Uint8Array, what: string, packing: string, max: number): Promise<Uint8Array> {
  if (packing.endsWith(".xz")) return unxz(bytes, what, max);
  return packing.endsWith(".gz") ? gunzip(bytes, what, max) : bytes;
}
