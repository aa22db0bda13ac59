import { type BpfMap, cpuStride, hostKernel, isPerCpu, PerfBuffer } from "@skep/bpf";
import { EINVAL, ENOENT, type HostReply, MapCommand, type MapOperation, type MapShape } from "../protocol.ts";

/** How much the kernel copies for one element (kernel/bpf/syscall.c, bpf_map_value_size). */
export function mapShape(map: BpfMap): MapShape {
  return {
    fd: map.fd.raw,
    keySize: map.keySize,
    valueSize: isPerCpu(map) ? cpuStride(map.valueSize) * hostKernel().possibleCpus : map.valueSize,
    stopsOnError: !(map instanceof PerfBuffer),
  };
}

/** One bpf(2) command on bytes. @throws {SyscallError} */
export function operateMap(map: BpfMap, { command, key, value, flags }: MapOperation): HostReply {
  const { bpf } = hostKernel();
  // The kernel knows flags of 32 bits only, and refuses those that it does not know.
  if (flags > 0xffff_ffffn) return { status: -EINVAL };
  const { keySize, valueSize } = mapShape(map);
  switch (command) {
    case MapCommand.lookup: {
      const out = new Uint8Array(valueSize);
      return bpf.mapLookup(map.fd, key ?? new Uint8Array(), out, Number(flags))
        ? { status: 0, bytes: out }
        : { status: -ENOENT };
    }
    case MapCommand.update:
      bpf.mapUpdate(map.fd, key ?? new Uint8Array(), value ?? new Uint8Array(), Number(flags));
      return { status: 0 };
    case MapCommand.delete:
      if (flags !== 0n) return { status: -EINVAL };
      return { status: bpf.mapDelete(map.fd, key ?? new Uint8Array()) ? 0 : -ENOENT };
    case MapCommand.nextKey: {
      const out = new Uint8Array(keySize);
      return bpf.mapNextKey(map.fd, key, out) ? { status: 0, bytes: out } : { status: -ENOENT };
    }
    default:
      return { status: -EINVAL };
  }
}
