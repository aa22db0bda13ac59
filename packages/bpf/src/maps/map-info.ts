import { textOfBytes } from "../codec/text.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";

/** What a map is, whoever made it. */
export interface MapDescription {
  readonly name: string;
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes; one CPU's share in a per-CPU map. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
}

/** What the kernel says about one of its maps. */
export interface MapInfo extends MapDescription {
  readonly id: number;
  readonly mapExtra: bigint;
  /** Kernel's id of the BTF that the type ids belong to; 0 without. */
  readonly btfId: number;
  readonly keyTypeId: number;
  readonly valueTypeId: number;
}

const INFO_SIZE = 88;
const NAME_AT = 24;
const NAME_SIZE = 16;

/** BPF_OBJ_GET_INFO_BY_FD: struct bpf_map_info. @kernel 4.13 @throws {SyscallError} */
export function readMapInfo(kernel: Kernel, fd: OwnedFd): MapInfo {
  const bytes = kernel.native.allocate(INFO_SIZE);
  kernel.bpf.info(fd, bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (offset: number) => view.getUint32(offset, true);
  return {
    type: word(0),
    id: word(4),
    keySize: word(8),
    valueSize: word(12),
    maxEntries: word(16),
    flags: word(20),
    name: textOfBytes(bytes.subarray(NAME_AT, NAME_AT + NAME_SIZE)),
    btfId: word(64),
    keyTypeId: word(68),
    valueTypeId: word(72),
    mapExtra: view.getBigUint64(80, true),
  };
}
