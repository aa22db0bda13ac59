import { Btf } from "../btf/btf.ts";
import type { Kernel } from "../linux/kernel.ts";

const INFO_SIZE = 32;
const MAX_BTF = 64 << 20;

/**
 * The types that a program or map was loaded with, by the kernel's id. undefined for those of the kernel itself and for
 * unreasonably large ones. struct bpf_btf_info: btf (pointer), btf_size, id. @kernel 4.18 @throws {SyscallError}
 */
export function readKernelBtf(kernel: Kernel, id: number): Btf | undefined {
  using fd = kernel.bpf.fdById("btf", id);
  const info = kernel.native.allocate(INFO_SIZE);
  kernel.bpf.info(fd, info);
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  const size = view.getUint32(8, true);
  const ofKernel = view.getUint32(28, true) !== 0;
  if (ofKernel || size === 0 || size > MAX_BTF) return undefined;
  const bytes = kernel.native.allocate(size);
  info.fill(0);
  view.setBigUint64(0, BigInt(kernel.native.addressOf(bytes)), true);
  view.setUint32(8, size, true);
  kernel.bpf.info(fd, info);
  return Btf.parse(bytes);
}
