import type { Btf } from "../btf/btf.ts";
import { type Codec, codecOf, indexCodec, rawCodec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import * as types from "../spec/map-types.ts";
import type { DataSection } from "../spec/object-spec.ts";
import { ArrayMap } from "./array.ts";
import { BloomFilterMap } from "./bloom-filter.ts";
import { liveSectionOf } from "./data-section.ts";
import { CgroupArrayMap, DescriptorMap, ProgramArrayMap } from "./descriptor-map.ts";
import { GlobalDataMap } from "./global-data.ts";
import { HashMap } from "./hash.ts";
import { LocalStorageMap } from "./local-storage.ts";
import { LpmTrieMap } from "./lpm-trie.ts";
import { BpfMap, type MapHandle } from "./map.ts";
import { MapOfMaps } from "./map-in-map.ts";
import type { MapDescription } from "./map-info.ts";
import { readMapInfo } from "./map-info.ts";
import { PerCpuArrayMap, PerCpuHashMap, perCpuCodec } from "./per-cpu.ts";
import { PerfBuffer } from "./perf-buffer.ts";
import { QueueMap } from "./queue-stack.ts";
import { RingBuffer } from "./ring-buffer.ts";
import { StackTraceMap } from "./stack-trace.ts";
import { UserRingBuffer } from "./user-ring-buffer.ts";

/** A map, and what its keys and values are. A `MapSpec` is one. */
export interface TypedMapDescription extends MapDescription {
  /** BTF type ids, 0 when unknown. */
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  /** The shape of the maps inside a map of maps. */
  readonly inner?: TypedMapDescription | undefined;
  /** Set for global data. */
  readonly data?: DataSection | undefined;
}

type Value = BpfValue | Uint8Array;

/** What is known about a map when its object is made. */
interface Making extends MapHandle {
  readonly description: TypedMapDescription;
  readonly btf: Btf | undefined;
}

/**
 * Makes the map object that fits the type of map, and becomes the owner of `fd`. Keys and values are typed where
 * `btf` knows them, else they are bytes. Sizes are the kernel's: they may differ from the description for buffers.
 * @throws {SyscallError} {MalformedError}
 */
export function createMap(
  kernel: Kernel,
  description: TypedMapDescription,
  fd: OwnedFd,
  btf: Btf | undefined,
): BpfMap {
  const { keySize, valueSize, maxEntries, flags } = readMapInfo(kernel, fd);
  const { name, type } = description;
  const handle: MapHandle = { kernel, fd, name, type, keySize, valueSize, maxEntries, flags };
  return familyOf(type)({ ...handle, description, btf });
}

const hash = (making: Making) => new HashMap(making, { key: keyCodec(making), value: valueCodec(making) });
const perCpuHash = (making: Making) =>
  new PerCpuHashMap(making, { key: keyCodec(making), value: perCpuValueCodec(making) });
const perCpuArray = (making: Making) =>
  new PerCpuArrayMap(making, { key: indexCodec, value: perCpuValueCodec(making) });
const trie = (making: Making) => new LpmTrieMap(making, { key: keyCodec(making), value: valueCodec(making) });
const queue = (making: Making) => new QueueMap(making, valueCodec(making));
const mapOfMaps = (key: (making: Making) => Codec<Value>) => (making: Making) =>
  new MapOfMaps(making, key(making), (fd) => openInner(making, fd));
const descriptors = (making: Making) => new DescriptorMap(making, keyCodec(making));
const storage = (making: Making) => new LocalStorageMap(making, valueCodec(making));

const FAMILIES: ReadonlyMap<number, (making: Making) => BpfMap> = new Map([
  [types.BPF_MAP_TYPE_HASH, hash],
  [types.BPF_MAP_TYPE_LRU_HASH, hash],
  [types.BPF_MAP_TYPE_ARRAY, array],
  [types.BPF_MAP_TYPE_PERCPU_HASH, perCpuHash],
  [types.BPF_MAP_TYPE_LRU_PERCPU_HASH, perCpuHash],
  [types.BPF_MAP_TYPE_PERCPU_ARRAY, perCpuArray],
  [types.BPF_MAP_TYPE_LPM_TRIE, trie],
  [types.BPF_MAP_TYPE_STACK_TRACE, (making) => new StackTraceMap(making)],
  [types.BPF_MAP_TYPE_PROG_ARRAY, (making) => new ProgramArrayMap(making, indexCodec)],
  [types.BPF_MAP_TYPE_CGROUP_ARRAY, (making) => new CgroupArrayMap(making, indexCodec)],
  [types.BPF_MAP_TYPE_PERF_EVENT_ARRAY, (making) => new PerfBuffer(making)],
  [types.BPF_MAP_TYPE_RINGBUF, (making) => new RingBuffer(making)],
  [types.BPF_MAP_TYPE_USER_RINGBUF, (making) => new UserRingBuffer(making)],
  [types.BPF_MAP_TYPE_QUEUE, queue],
  [types.BPF_MAP_TYPE_STACK, queue],
  [types.BPF_MAP_TYPE_BLOOM_FILTER, (making) => new BloomFilterMap(making, valueCodec(making))],
  [types.BPF_MAP_TYPE_ARRAY_OF_MAPS, mapOfMaps(() => indexCodec)],
  [types.BPF_MAP_TYPE_HASH_OF_MAPS, mapOfMaps(keyCodec)],
  // Values are interface indexes and queue sizes, alone or in a struct with a program.
  [types.BPF_MAP_TYPE_DEVMAP, hash],
  [types.BPF_MAP_TYPE_DEVMAP_HASH, hash],
  [types.BPF_MAP_TYPE_CPUMAP, hash],
  [types.BPF_MAP_TYPE_SOCKMAP, descriptors],
  [types.BPF_MAP_TYPE_SOCKHASH, descriptors],
  [types.BPF_MAP_TYPE_XSKMAP, descriptors],
  [types.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, descriptors],
  [types.BPF_MAP_TYPE_SK_STORAGE, storage],
  [types.BPF_MAP_TYPE_INODE_STORAGE, storage],
  [types.BPF_MAP_TYPE_TASK_STORAGE, storage],
  [types.BPF_MAP_TYPE_CGRP_STORAGE, storage],
  // Keyed by cgroup (id and attach type), filled by the kernel when a program is attached.
  [types.BPF_MAP_TYPE_CGROUP_STORAGE, hash],
  [types.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, perCpuHash],
]);

function familyOf(type: number): (making: Making) => BpfMap {
  return FAMILIES.get(type) ?? ((making) => new BpfMap(making));
}

function array(making: Making): BpfMap {
  const { btf, flags, description } = making;
  const data = description.data ?? liveSectionOf(btf, description.valueTypeId, flags);
  if (data !== undefined) return new GlobalDataMap(making, data, btf);
  return new ArrayMap(making, { key: indexCodec, value: valueCodec(making) });
}

function openInner({ kernel, description, btf }: Making, fd: OwnedFd): BpfMap {
  try {
    const info = readMapInfo(kernel, fd);
    const inner = description.inner ?? { ...info, keyTypeId: 0, valueTypeId: 0 };
    return createMap(kernel, { ...inner, name: info.name }, fd, btf);
  } catch (error) {
    fd.close();
    throw error;
  }
}

function keyCodec({ btf, description, keySize }: Making): Codec<Value> {
  return typed(btf, description.keyTypeId, keySize) ?? rawCodec(keySize);
}

function valueCodec({ btf, description, valueSize }: Making): Codec<Value> {
  return typed(btf, description.valueTypeId, valueSize) ?? rawCodec(valueSize);
}

function perCpuValueCodec(making: Making): Codec<readonly Value[]> {
  return perCpuCodec(valueCodec(making), making.kernel.possibleCpus);
}

/** undefined when the type is unknown, or not what the kernel copies. */
function typed(btf: Btf | undefined, typeId: number, size: number): Codec<Value> | undefined {
  if (btf === undefined || typeId === 0) return undefined;
  const codec = codecOf(btf, typeId);
  return codec.size === size ? codec : undefined;
}
