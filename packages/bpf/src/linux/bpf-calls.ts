import type { OwnedFd } from "./fd.ts";

/**
 * bpf(2), one method per command. Attributes are zero beyond what is set and sized to the last field used, so
 * that old kernels accept them. Every failure throws a {@link SyscallError} whose `errno` callers inspect, unless said
 * otherwise. Keys and values are exactly as long as the map wants: the kernel trusts us, so callers check first.
 */
export interface BpfCalls {
  mapCreate(attr: MapCreateAttr): OwnedFd;
  /** False when the key does not exist. */
  mapLookup(map: OwnedFd, key: Uint8Array, value: Uint8Array, flags?: number): boolean;
  mapUpdate(map: OwnedFd, key: Uint8Array, value: Uint8Array, flags?: number): void;
  /** False when the key does not exist. */
  mapDelete(map: OwnedFd, key: Uint8Array): boolean;
  /** False when the key does not exist. */
  mapLookupAndDelete(map: OwnedFd, key: Uint8Array, value: Uint8Array, flags?: number): boolean;
  /** False after the last key. `key` undefined asks for the first. */
  mapNextKey(map: OwnedFd, key: Uint8Array | undefined, next: Uint8Array): boolean;
  mapFreeze(map: OwnedFd): void;
  /**
   * Reads up to `count` entries from position `inBatch` (undefined: the start), writes the next position to `outBatch`.
   * `done` at the end of the map. @throws {SyscallError} ENOSPC when a bucket is larger than `count`.
   */
  mapLookupBatch(
    map: OwnedFd,
    inBatch: Uint8Array | undefined,
    outBatch: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: number,
    options?: { readonly andDelete?: boolean; readonly flags?: number },
  ): { readonly count: number; readonly done: boolean };
  mapUpdateBatch(map: OwnedFd, keys: Uint8Array, values: Uint8Array, count: number, flags?: number): void;
  /** How many were deleted: all, or those before the first key that does not exist. */
  mapDeleteBatch(map: OwnedFd, keys: Uint8Array, count: number): number;
  /** Retries EAGAIN a few times (a signal was pending). The log is whatever the kernel wrote into `attr.log`. */
  progLoad(attr: ProgLoadAttr): OwnedFd;
  progAttach(attr: {
    target: number;
    program: OwnedFd;
    attachType: number;
    flags?: number;
    replace?: OwnedFd;
  }): void;
  progDetach(attr: { target: number; program?: OwnedFd; attachType: number }): void;
  /** BPF_PROG_TEST_RUN. */
  progTestRun(attr: {
    program: OwnedFd;
    dataIn?: Uint8Array;
    dataOut?: Uint8Array;
    contextIn?: Uint8Array;
    contextOut?: Uint8Array;
    repeat?: number;
    flags?: number;
    cpu?: number;
  }): { readonly returnValue: number; readonly durationNs: number; readonly dataOutSize: number };
  rawTracepointOpen(attr: { name: string | undefined; program: OwnedFd; cookie?: bigint }): OwnedFd;
  btfLoad(btf: Uint8Array, log?: { readonly buffer: Uint8Array; readonly level: number }): OwnedFd;
  linkCreate(attr: LinkCreateAttr): OwnedFd;
  linkUpdate(attr: { link: OwnedFd; program: OwnedFd; old?: OwnedFd; flags?: number }): void;
  linkDetach(link: OwnedFd): void;
  iterCreate(link: OwnedFd): OwnedFd;
  progBindMap(program: OwnedFd, map: OwnedFd): void;
  enableStats(type: number): OwnedFd;
  objPin(fd: OwnedFd, path: string): void;
  objGet(path: string, flags?: number): OwnedFd;
  fdById(kind: ObjectKind, id: number, flags?: number): OwnedFd;
  /** The next id after `id`, or undefined after the last. */
  nextId(kind: ObjectKind, id: number): number | undefined;
  /** BPF_OBJ_GET_INFO_BY_FD into `info`; returns the bytes that the kernel filled. */
  info(fd: OwnedFd, info: Uint8Array): number;
}

export type ObjectKind = "program" | "map" | "btf" | "link";

export interface MapCreateAttr {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags?: number;
  readonly name?: string;
  readonly innerMap?: OwnedFd;
  readonly numaNode?: number;
  readonly mapExtra?: bigint;
  readonly btf?: OwnedFd;
  readonly btfKeyTypeId?: number;
  readonly btfValueTypeId?: number;
  readonly btfVmlinuxValueTypeId?: number;
}

export interface ProgLoadAttr {
  readonly type: number;
  /** Raw instructions, host byte order. */
  readonly instructions: Uint8Array;
  readonly license: string;
  readonly name?: string;
  readonly kernelVersion?: number;
  readonly flags?: number;
  readonly expectedAttachType?: number;
  readonly ifindex?: number;
  readonly btf?: OwnedFd;
  readonly funcInfo?: { readonly bytes: Uint8Array; readonly recordSize: number };
  readonly lineInfo?: { readonly bytes: Uint8Array; readonly recordSize: number };
  readonly attachBtfId?: number;
  /** A module's BTF, or the target program of freplace. */
  readonly attachBtfOrProgram?: OwnedFd;
  /** Descriptors for kfunc calls and BPF_PSEUDO_MAP_IDX; slot 0 stands for vmlinux. */
  readonly fdArray?: readonly number[];
  readonly log?: { readonly buffer: Uint8Array; readonly level: number };
}

export interface LinkCreateAttr {
  readonly program: OwnedFd;
  /** A descriptor (cgroup, perf event), an interface index, or 0. */
  readonly target: number;
  readonly attachType: number;
  readonly flags?: number;
  readonly targetBtfId?: number;
  /** perf_event, tracing: bpf_cookie. */
  readonly cookie?: bigint;
  readonly iterInfo?: Uint8Array;
  readonly kprobeMulti?: {
    readonly flags: number;
    readonly symbols?: readonly string[];
    readonly addresses?: readonly bigint[];
    readonly cookies?: readonly bigint[];
  };
  readonly uprobeMulti?: {
    readonly path: string;
    readonly offsets: readonly bigint[];
    readonly refCounterOffsets?: readonly bigint[];
    readonly cookies?: readonly bigint[];
    readonly flags: number;
    readonly pid: number;
  };
  readonly netfilter?: {
    readonly protocolFamily: number;
    readonly hook: number;
    readonly priority: number;
    readonly flags: number;
  };
  /** tcx, netkit, cgroup mprog ordering. */
  readonly relative?: { readonly fdOrId: number; readonly expectedRevision: bigint };
}
