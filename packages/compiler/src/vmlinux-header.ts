import { createHash, randomUUID } from "node:crypto";
import { access, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Btf, NotFoundError, printC } from "@skep/bpf";
import { cacheDirectory } from "@skep/package";
import { makeDirectory } from "./make-directory.ts";

/** Counts changes of the header's text: an older cached header is not taken. */
const HEADER_REVISION = 1;
const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

export interface HeaderPlaces {
  /** BTF of the kernel to compile against; the running one by default. */
  readonly btf?: string;
  /** Where headers are kept for the next time. */
  readonly cache?: string;
}

/**
 * A directory that holds `vmlinux.h`: the types of a kernel as C, made from its BTF once and then kept.
 * @param spare an existing directory that takes the header when the cache cannot be written (a read-only home)
 * @throws {NotFoundError} when the kernel has no BTF
 */
export async function vmlinuxHeaderDirectory(spare: string, places: HeaderPlaces = {}): Promise<string> {
  const btf = await readBtf(places.btf ?? KERNEL_BTF);
  const key = createHash("sha256").update(`${HEADER_REVISION}\n`).update(btf).digest("hex").slice(0, 16);
  const directory = join(places.cache ?? cacheDirectory(), "vmlinux", key);
  if (await exists(join(directory, "vmlinux.h"))) return directory;
  const text = printC(Btf.parse(btf));
  if (await keep(directory, text)) return directory;
  await writeFile(join(spare, "vmlinux.h"), text);
  return spare;
}

async function readBtf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new NotFoundError(
      `cannot read the kernel's types from ${path}`,
      "run a kernel built with CONFIG_DEBUG_INFO_BTF, or put a vmlinux.h next to the source",
      { cause },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Written aside and renamed, so that two compilers at once never see half a header. False when that is not possible. */
async function keep(directory: string, text: string): Promise<boolean> {
  const aside = join(directory, `.${randomUUID()}`);
  try {
    await makeDirectory(directory);
    await writeFile(aside, text);
    await rename(aside, join(directory, "vmlinux.h"));
    return true;
  } catch {
    await rm(aside, { force: true }).catch(() => undefined);
    return false;
  }
}
