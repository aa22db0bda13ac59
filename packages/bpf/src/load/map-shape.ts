import type { MapCreateAttr } from "../linux/bpf-calls.ts";
import type { Kernel } from "../linux/kernel.ts";
import { BPF_F_MMAPABLE } from "../spec/map-flags.ts";
import * as types from "../spec/map-types.ts";
import type { MapSpec } from "../spec/object-spec.ts";

/** A map's numbers as this kernel wants them. */
export type MapShape = Omit<MapCreateAttr, "name" | "innerMap" | "btf">;

/** Types whose keys and values the kernel does not let BTF describe (map_check_btf in kernel/bpf/*). */
const WITHOUT_BTF: ReadonlySet<number> = new Set([
  types.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  types.BPF_MAP_TYPE_CGROUP_ARRAY,
  types.BPF_MAP_TYPE_STACK_TRACE,
  types.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  types.BPF_MAP_TYPE_HASH_OF_MAPS,
  types.BPF_MAP_TYPE_DEVMAP,
  types.BPF_MAP_TYPE_DEVMAP_HASH,
  types.BPF_MAP_TYPE_CPUMAP,
  types.BPF_MAP_TYPE_XSKMAP,
  types.BPF_MAP_TYPE_SOCKMAP,
  types.BPF_MAP_TYPE_SOCKHASH,
  types.BPF_MAP_TYPE_QUEUE,
  types.BPF_MAP_TYPE_STACK,
  types.BPF_MAP_TYPE_RINGBUF,
  types.BPF_MAP_TYPE_USER_RINGBUF,
  types.BPF_MAP_TYPE_PROG_ARRAY,
  types.BPF_MAP_TYPE_ARENA,
]);

/** Whether the kernel may be told the types of keys and values. */
export function acceptsBtf(type: number): boolean {
  return !WITHOUT_BTF.has(type);
}

/** Whether a map of this type holds other maps. */
export function isMapOfMaps(type: number): boolean {
  return type === types.BPF_MAP_TYPE_ARRAY_OF_MAPS || type === types.BPF_MAP_TYPE_HASH_OF_MAPS;
}

/**
 * Adapts what a source file says to the machine it runs on: one perf event slot per possible CPU where none are asked for, ring
 * buffers in whole pages and powers of two, global data without mmap on kernels before 5.5.
 */
export function shapeOf(
  spec: MapSpec,
  kernel: Kernel,
  features: { readonly mmapableArray: boolean },
): MapShape {
  const isData = spec.data !== undefined;
  return {
    type: spec.type,
    keySize: spec.keySize,
    valueSize: spec.valueSize,
    maxEntries: entriesOf(spec, kernel),
    flags: isData && !features.mmapableArray ? spec.flags & ~BPF_F_MMAPABLE : spec.flags,
    mapExtra: spec.mapExtra,
    ...(spec.numaNode === undefined ? {} : { numaNode: spec.numaNode }),
  };
}

/** `max_entries` as this kernel wants it; of ring buffers in bytes. */
export function entriesOf(spec: Pick<MapSpec, "type" | "maxEntries">, kernel: Kernel): number {
  switch (spec.type) {
    case types.BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      return spec.maxEntries || kernel.possibleCpus;
    case types.BPF_MAP_TYPE_RINGBUF:
    case types.BPF_MAP_TYPE_USER_RINGBUF:
      return ringSize(spec.maxEntries, kernel.pageSize);
    default:
      return spec.maxEntries;
  }
}

/** The smallest size that holds `bytes` and that the kernel takes (kernel/bpf/ringbuf.c, ringbuf_map_alloc). */
function ringSize(bytes: number, pageSize: number): number {
  if (bytes === 0) return 0;
  let size = pageSize;
  while (size < bytes && size < 2 ** 31) size *= 2;
  return Math.max(size, bytes);
}
