import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Btf, NotFoundError, printC } from "@skep/bpf";

/** Counts changes of the header's text: an older cached header is not taken. */
const HEADER_REVISION = 1;
const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

/** Where headers are kept: `$XDG_CACHE_HOME/skep`, else `~/.cache/skep`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base?.startsWith("/") ? base : join(homedir(), ".cache"), "skep");
}

/**
 * A directory that holds `vmlinux.h`: the types of a kernel as C, made from its BTF once and then kept.
 * @param btfPath BTF of the kernel to compile against; the running one by default
 * @throws {NotFoundError} when the kernel has no BTF
 */
export async function vmlinuxHeaderDirectory(
  btfPath = KERNEL_BTF,
  cache = cacheDirectory(),
): Promise<string> {
  const btf = await readBtf(btfPath);
  const key = createHash("sha256").update(`${HEADER_REVISION}\n`).update(btf).digest("hex").slice(0, 16);
  const directory = join(cache, "vmlinux", key);
  const header = join(directory, "vmlinux.h");
  if (await exists(header)) return directory;
  const text = printC(Btf.parse(btf));
  return (await keep(directory, text)) ? directory : keepForNow(text);
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

/** Written aside and renamed, so that two compilers at once never see half a header. */
async function keep(directory: string, text: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true });
    const aside = join(directory, `.${randomUUID()}`);
    await writeFile(aside, text);
    await rename(aside, join(directory, "vmlinux.h"));
    return true;
  } catch {
    return false;
  }
}

/** The cache cannot be written (a read-only home): the header still serves this one run. */
async function keepForNow(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "skep-vmlinux-"));
  await writeFile(join(directory, "vmlinux.h"), text);
  return directory;
}
