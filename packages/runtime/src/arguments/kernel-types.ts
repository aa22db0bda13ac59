import { existsSync } from "node:fs";
import { BpfError, Btf, MalformedError, readElf } from "@skep/bpf";
import { readBoundedFile } from "@skep/package";
import { UsageError } from "../usage-error.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";
/** Kernel images with all debugging information have less. */
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * The types to relocate against in place of the kernel's own: those that the user names; for kernels without any, those that came
 * with the package, or that BTF_FILE_PATH names as for eunomia's loader.
 * @param file of `--btf`
 * @throws {UsageError} {MalformedError}
 */
export function kernelTypes(file: string | undefined, packaged: Uint8Array | undefined): Btf | undefined {
  if (file !== undefined) return readTypes(file, "--btf");
  if (existsSync(VMLINUX)) return undefined;
  if (packaged !== undefined) return Btf.parse(packaged);
  const named = process.env.BTF_FILE_PATH;
  return named === undefined || named === "" ? undefined : readTypes(named, "BTF_FILE_PATH");
}

/** Raw BTF, or a kernel image or object file with a section `.BTF`. */
function readTypes(file: string, source: string): Btf {
  const bytes = read(file, source);
  const isElf = bytes[0] === 0x7f && bytes[1] === 0x45;
  if (!isElf) return Btf.parse(bytes);
  const elf = readElf(bytes);
  const section = elf.section(".BTF");
  if (section === undefined)
    throw new MalformedError(
      `${file} has no section .BTF`,
      "give raw BTF, or a kernel built with CONFIG_DEBUG_INFO_BTF",
    );
  return Btf.parse(elf.data(section));
}

function read(file: string, source: string): Uint8Array {
  try {
    return readBoundedFile(file, MAX_BYTES);
  } catch (cause) {
    if (cause instanceof BpfError) throw cause;
    throw new UsageError(`${source}: cannot read ${file}: ${(cause as Error).message}`, "check the path");
  }
}
