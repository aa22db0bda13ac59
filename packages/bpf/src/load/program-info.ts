import { textOfBytes } from "../codec/text.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";

/** What the kernel says about a loaded program. */
export interface ProgramInfo {
  readonly type: number;
  readonly id: number;
  /** 16 hexadecimal digits: a hash of the instructions, equal for equal programs. */
  readonly tag: string;
  /** At most 15 characters. */
  readonly name: string;
  /** Instructions after the verifier has rewritten them, in bytes. 0 without CAP_BPF. */
  readonly translatedLength: number;
  /** Native code, in bytes; 0 when interpreted. */
  readonly jitedLength: number;
}

/** BPF_OBJ_GET_INFO_BY_FD; struct bpf_prog_info in include/uapi/linux/bpf.h. @kernel 4.13 */
export function programInfo(kernel: Kernel, fd: OwnedFd): ProgramInfo {
  const info = new Uint8Array(256);
  kernel.bpf.info(fd, info);
  const view = new DataView(info.buffer);
  return {
    type: view.getUint32(0, true),
    id: view.getUint32(4, true),
    tag: Buffer.from(info.subarray(8, 16)).toString("hex"),
    jitedLength: view.getUint32(16, true),
    translatedLength: view.getUint32(20, true),
    name: textOfBytes(info.subarray(64, 80)),
  };
}
