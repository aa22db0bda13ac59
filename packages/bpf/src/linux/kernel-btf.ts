import { Btf } from "../btf/btf.ts";
import { textOfBytes } from "../codec/text.ts";
import { readElf } from "../elf/read-elf.ts";
import { NotFoundError, UnsupportedError } from "../errors.ts";
import { ENOENT, failedWith } from "./errno.ts";
import type { Files } from "./files.ts";
import type { Kernel } from "./kernel.ts";
import { listIfPossible, readBytesIfExists } from "./read-file.ts";

const SYSFS = "/sys/kernel/btf";

/**
 * The running kernel's types. sysfs gives them in pieces of a page, 1,300 system calls in all, and so they are rather mapped.
 * @param map - gives a file's bytes in place, where it can. @kernel 6.16 for this one
 * @kernel 5.4, CONFIG_DEBUG_INFO_BTF
 * @throws {UnsupportedError}
 */
export function kernelBtf(files: Files, release: string, map: (path: string) => Uint8Array | undefined): Btf {
  const bytes = map(`${SYSFS}/vmlinux`) ?? readBytesIfExists(files, `${SYSFS}/vmlinux`);
  if (bytes !== undefined) return Btf.parse(bytes);
  const image = btfOfImage(files, release);
  if (image !== undefined) return image;
  throw new UnsupportedError(
    `kernel ${release} offers no BTF`,
    "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (5.4 or newer), or pass a BTF file made for this kernel",
  );
}

/** Where distributions leave the kernel's image: `vmlinux` with its sections, unlike `vmlinuz`. */
function imagePaths(release: string): readonly string[] {
  return [
    `/boot/vmlinux-${release}`,
    `/lib/modules/${release}/vmlinux-${release}`,
    `/lib/modules/${release}/build/vmlinux`,
    `/usr/lib/modules/${release}/kernel/vmlinux`,
    `/usr/lib/debug/boot/vmlinux-${release}`,
    `/usr/lib/debug/boot/vmlinux-${release}.debug`,
    `/usr/lib/debug/lib/modules/${release}/vmlinux`,
  ];
}

/** The first image that has types. @throws {MalformedError} for one that is damaged */
export function btfOfImage(files: Files, release: string): Btf | undefined {
  for (const path of imagePaths(release)) {
    const bytes = readBytesIfExists(files, path);
    if (bytes === undefined) continue;
    const elf = readElf(bytes);
    const section = elf.section(".BTF");
    if (section !== undefined) return Btf.parse(elf.data(section));
  }
  return undefined;
}

/** A module's types, which continue those of the kernel. @kernel 5.11 @throws {NotFoundError} */
export function moduleBtf(files: Files, name: string, base: Btf): Btf {
  const bytes = /^[\w-]+$/.test(name) ? readBytesIfExists(files, `${SYSFS}/${name}`) : undefined;
  if (bytes === undefined) {
    throw new NotFoundError(
      `module ${name} has no BTF`,
      `load it (modprobe ${name}), or list those that have: ls ${SYSFS}`,
    );
  }
  return Btf.parse(bytes, { base });
}

/** Modules with BTF and the ids of their BTF objects. @throws {SyscallError} EPERM without CAP_SYS_ADMIN */
export function moduleBtfs(kernel: Kernel): readonly { readonly name: string; readonly id: number }[] {
  if (!listIfPossible(kernel.files, SYSFS).some((name) => name !== "vmlinux")) return [];
  const found: { name: string; id: number }[] = [];
  for (let id = kernel.bpf.nextId("btf", 0); id !== undefined; id = kernel.bpf.nextId("btf", id)) {
    const name = kernelBtfName(kernel, id);
    if (name !== undefined && name !== "vmlinux") found.push({ name, id });
  }
  return found;
}

/** The name of a BTF object when it is the kernel's own or a module's, not one that a program brought. */
function kernelBtfName(kernel: Kernel, id: number): string | undefined {
  // struct bpf_btf_info: btf, btf_size, id, name (pointer), name_len, kernel_btf
  const info = new Uint8Array(32);
  const view = new DataView(info.buffer);
  const name = kernel.native.allocate(64);
  view.setBigUint64(16, BigInt(kernel.native.addressOf(name)), true);
  view.setUint32(24, name.length, true);
  try {
    using fd = kernel.bpf.fdById("btf", id);
    kernel.bpf.info(fd, info);
  } catch (error) {
    if (failedWith(error, ENOENT)) return undefined; // gone since its id was given
    throw error;
  }
  if (view.getUint32(28, true) === 0) return undefined;
  return textOfBytes(name);
}
