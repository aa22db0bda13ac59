import { BtfBuilder } from "../btf/builder.ts";
import type { MapCreateAttr } from "../linux/bpf-calls.ts";
import { ENOTSUPP } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import { BPF_F_MMAPABLE, BPF_F_NO_PREALLOC } from "../spec/map-flags.ts";
import * as maps from "../spec/map-types.ts";
import { attempt, attemptErrno } from "./features-attempt.ts";
import { intRecord } from "./features-btf.ts";
import { withArray } from "./features-programs.ts";

interface MapTypeRow {
  readonly since: string;
  readonly attr?: Partial<MapCreateAttr>;
  /** Keys and values must be described by BTF. */
  readonly btf?: true;
  /** Holds maps: a template is needed. */
  readonly outer?: true;
  /** The ring's or arena's size. */
  readonly pages?: true;
}

const KEYLESS = { keySize: 0, maxEntries: 1 } as const;
const STORAGE = { maxEntries: 0, flags: BPF_F_NO_PREALLOC } as const;
const CGROUP_STORAGE = { keySize: 16, valueSize: 8, maxEntries: 0 } as const; // struct bpf_cgroup_storage_key

/** What the smallest map of each type needs beyond 4-byte keys, 4-byte values and one entry, and since when. */
export const MAP_TYPES: ReadonlyMap<number, MapTypeRow> = new Map<number, MapTypeRow>([
  [maps.BPF_MAP_TYPE_HASH, { since: "3.19" }],
  [maps.BPF_MAP_TYPE_ARRAY, { since: "3.19" }],
  [maps.BPF_MAP_TYPE_PROG_ARRAY, { since: "4.2" }],
  [maps.BPF_MAP_TYPE_PERF_EVENT_ARRAY, { since: "4.3" }],
  [maps.BPF_MAP_TYPE_PERCPU_HASH, { since: "4.6" }],
  [maps.BPF_MAP_TYPE_PERCPU_ARRAY, { since: "4.6" }],
  [maps.BPF_MAP_TYPE_STACK_TRACE, { since: "4.6", attr: { valueSize: 8 } }],
  [maps.BPF_MAP_TYPE_CGROUP_ARRAY, { since: "4.8" }],
  [maps.BPF_MAP_TYPE_LRU_HASH, { since: "4.10" }],
  [maps.BPF_MAP_TYPE_LRU_PERCPU_HASH, { since: "4.10" }],
  [maps.BPF_MAP_TYPE_LPM_TRIE, { since: "4.11", attr: { keySize: 8, flags: BPF_F_NO_PREALLOC } }],
  [maps.BPF_MAP_TYPE_ARRAY_OF_MAPS, { since: "4.12", outer: true }],
  [maps.BPF_MAP_TYPE_HASH_OF_MAPS, { since: "4.12", outer: true }],
  [maps.BPF_MAP_TYPE_DEVMAP, { since: "4.14" }],
  [maps.BPF_MAP_TYPE_SOCKMAP, { since: "4.14" }],
  [maps.BPF_MAP_TYPE_CPUMAP, { since: "4.15" }],
  [maps.BPF_MAP_TYPE_XSKMAP, { since: "4.18" }],
  [maps.BPF_MAP_TYPE_SOCKHASH, { since: "4.18" }],
  [maps.BPF_MAP_TYPE_CGROUP_STORAGE, { since: "4.19", attr: CGROUP_STORAGE }],
  [maps.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, { since: "4.19" }],
  [maps.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, { since: "4.20", attr: CGROUP_STORAGE }],
  [maps.BPF_MAP_TYPE_QUEUE, { since: "4.20", attr: KEYLESS }],
  [maps.BPF_MAP_TYPE_STACK, { since: "4.20", attr: KEYLESS }],
  [maps.BPF_MAP_TYPE_SK_STORAGE, { since: "5.2", attr: STORAGE, btf: true }],
  [maps.BPF_MAP_TYPE_DEVMAP_HASH, { since: "5.4" }],
  [maps.BPF_MAP_TYPE_STRUCT_OPS, { since: "5.6", attr: { btfVmlinuxValueTypeId: 1 } }],
  [maps.BPF_MAP_TYPE_RINGBUF, { since: "5.8", attr: { keySize: 0, valueSize: 0 }, pages: true }],
  [maps.BPF_MAP_TYPE_INODE_STORAGE, { since: "5.10", attr: STORAGE, btf: true }],
  [maps.BPF_MAP_TYPE_TASK_STORAGE, { since: "5.11", attr: STORAGE, btf: true }],
  [maps.BPF_MAP_TYPE_BLOOM_FILTER, { since: "5.16", attr: KEYLESS }],
  [maps.BPF_MAP_TYPE_USER_RINGBUF, { since: "6.1", attr: { keySize: 0, valueSize: 0 }, pages: true }],
  [maps.BPF_MAP_TYPE_CGRP_STORAGE, { since: "6.2", attr: STORAGE, btf: true }],
  [maps.BPF_MAP_TYPE_ARENA, { since: "6.9", attr: { keySize: 0, valueSize: 0, flags: BPF_F_MMAPABLE } }],
]);

/** Whether this kernel has a map type. @throws {PermissionError} */
export function hasMapType(kernel: Kernel, type: number): boolean {
  const row = MAP_TYPES.get(type) ?? { since: "" };
  const maxEntries = row.pages === true ? kernel.pageSize : 1;
  const attr: MapCreateAttr = { type, keySize: 4, valueSize: 4, maxEntries, ...row.attr };
  const subject = maps.mapTypeName(type);
  const create = (more: Partial<MapCreateAttr> = {}) => kernel.bpf.mapCreate({ ...attr, ...more });
  // Every value type is refused, in words of its own once the type is known (kernel/bpf/bpf_struct_ops.c).
  if (type === maps.BPF_MAP_TYPE_STRUCT_OPS) return attemptErrno(subject, create) === ENOTSUPP;
  if (row.outer === true)
    return withArray(kernel, (innerMap) => attempt(subject, () => create({ innerMap })));
  return attempt(subject, row.btf === true ? () => createWithBtf(kernel, create) : () => create());
}

function createWithBtf(kernel: Kernel, create: (more: Partial<MapCreateAttr>) => Disposable): Disposable {
  const builder = new BtfBuilder();
  const int = builder.addRecord(intRecord(builder));
  const btf = kernel.bpf.btfLoad(builder.encode());
  try {
    return create({ btf, btfKeyTypeId: int, btfValueTypeId: int });
  } finally {
    btf.close();
  }
}
