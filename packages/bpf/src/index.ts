export { disassemble, disassembleAll } from "./asm/disassemble.ts";
export type { Instruction } from "./asm/instruction.ts";
export { Btf } from "./btf/btf.ts";
export { BtfBuilder } from "./btf/builder.ts";
export type { NewBtfType } from "./btf/encode-type.ts";
export { HOST_IS_LITTLE_ENDIAN } from "./btf/host-order.ts";
export { declaration, type PrintCOptions, printC, printTypeName, withoutQualifiers } from "./btf/print-c.ts";
export { type PrintTsOptions, printTs } from "./btf/print-ts.ts";
export { type Keep, type PrunedBtf, type PrunedObjectBtf, pruneBtf, pruneObjectBtf } from "./btf/prune.ts";
export * from "./btf/types.ts";
export { type Codec, codecOf } from "./codec/codec.ts";
export {
  type BpfValue,
  type DecodeOptions,
  type Decoder,
  decoderOf,
  type EnumValue,
  type Integers64,
} from "./codec/decoder.ts";
export { type BpfInput, type Encoder, encoderOf } from "./codec/encoder.ts";
export { readInteger, writeInteger } from "./codec/integers.ts";
export { textOfBytes } from "./codec/text.ts";
export { type LazyRecord, type RecordView, viewOf } from "./codec/view.ts";
export * from "./elf/constants.ts";
export type { ElfFile, ElfNote, ElfSection, ElfSegment, ElfSymbol } from "./elf/elf-file.ts";
export { readElf } from "./elf/read-elf.ts";
export { type StripOptions, stripDebug } from "./elf/write.ts";
export {
  BpfError,
  ClosedError,
  InvalidArgumentError,
  MalformedError,
  NotFoundError,
  NotImplementedError,
  PermissionError,
  RelocationError,
  SyscallError,
  UnsupportedError,
  VerifierError,
} from "./errors.ts";
export { attachProgram } from "./links/attach.ts";
export { onProcessExit } from "./links/exit-cleanup.ts";
export { IteratorLink } from "./links/iter.ts";
export type { Link } from "./links/link.ts";
export type {
  AttachableMap,
  AttachOptions,
  IterateOptions,
  NetfilterOptions,
  SampleEvent,
  SampleOptions,
} from "./links/options.ts";
export { isProbeable } from "./links/uprobe-target.ts";
export { findBinary } from "./linux/binary-path.ts";
export {
  type Capability,
  effectiveCapabilities,
  inUserNamespace,
  missingCapabilities,
} from "./linux/capabilities.ts";
export { type Clock, readClock } from "./linux/clock.ts";
export { errnoName } from "./linux/errno.ts";
export { hostKernel, type Kernel } from "./linux/kernel.ts";
export { type Lockdown, lockdown, securityModules } from "./linux/lockdown.ts";
export { mappedBinaries, mappedBinary } from "./linux/mapped-binaries.ts";
export { type MemoryRegion, parseMaps, processMaps } from "./linux/procfs.ts";
export { type Features, featuresOf } from "./load/features.ts";
export { type KnownFeature, knownFeatures } from "./load/known-features.ts";
export type { LoadedProgram } from "./load/program.ts";
export { ArrayMap } from "./maps/array.ts";
export { BloomFilterMap } from "./maps/bloom-filter.ts";
export { createMap } from "./maps/create-map.ts";
export { CgroupArrayMap, DescriptorMap, ProgramArrayMap } from "./maps/descriptor-map.ts";
export {
  type EventCallback,
  type EventCounters,
  EventMap,
  type EventOptions,
  type EventReading,
  type EventType,
  type WaitOptions,
} from "./maps/event-map.ts";
export { GlobalDataMap } from "./maps/global-data.ts";
export { HashMap } from "./maps/hash.ts";
export type { EntryBatch } from "./maps/iterate.ts";
export { LocalStorageMap } from "./maps/local-storage.ts";
export { findLostCounter, type LostCounter } from "./maps/lost-events.ts";
export { LpmTrieMap, prefixKey } from "./maps/lpm-trie.ts";
export { BpfMap } from "./maps/map.ts";
export { MapOfMaps } from "./maps/map-in-map.ts";
export type { MapInfo } from "./maps/map-info.ts";
export { cpuStride, isPerCpu, PerCpuArrayMap, PerCpuHashMap, sumOverCpus } from "./maps/per-cpu.ts";
export { PerfBuffer } from "./maps/perf-buffer.ts";
export { QueueMap } from "./maps/queue-stack.ts";
export { RingBuffer } from "./maps/ring-buffer.ts";
export { type BuildIdFrame, StackTraceMap } from "./maps/stack-trace.ts";
export {
  createStandaloneMap,
  openMapById,
  openPinnedMap,
  type StandaloneMapOptions,
} from "./maps/standalone.ts";
export { type LookupOptions, TableMap, type UpdateOptions } from "./maps/table.ts";
export { UserRingBuffer } from "./maps/user-ring-buffer.ts";
export type { AttachChoice, BpfObject, NamedEventOptions } from "./object/bpf-object.ts";
export type { InitialVariables, VariablePlace } from "./object/initial-variables.ts";
export type { LiveVariables } from "./object/live-variables.ts";
export type { Program } from "./object/program.ts";
export type { MapWishes, ProgramWishes } from "./object/wishes.ts";
export { type BpfSpec, type LoadOptions, type OpenOptions, open } from "./object.ts";
export { type PrintkLine, PrintkReader } from "./printk/reader.ts";
export { pruneKernelBtf } from "./relocate/core/prune-kernel.ts";
export * from "./spec/map-flags.ts";
export * from "./spec/map-types.ts";
export type * from "./spec/object-spec.ts";
export * from "./spec/program-types.ts";
export { readSpec } from "./spec/read-spec.ts";
