import type { Btf } from "../btf/btf.ts";
import { NotFoundError, SyscallError } from "../errors.ts";
import { ENOENT, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { openMapPin } from "../linux/pinning.ts";
import { explainMapFailure } from "../load/map-error.ts";
import { entriesOf, isMapOfMaps } from "../load/map-shape.ts";
import { kernelName } from "../spec/kernel-name.ts";
import { createMap } from "./create-map.ts";
import { readKernelBtf } from "./kernel-btf-object.ts";
import type { BpfMap } from "./map.ts";
import { readMapInfo } from "./map-info.ts";

export interface StandaloneMapOptions {
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  /** Bytes. 0 where the type has no key. */
  readonly keySize?: number;
  /** Bytes. 0 where the type has no value. */
  readonly valueSize?: number;
  /** Entries; bytes for ring buffers, rounded up to a power of two of pages. */
  readonly maxEntries?: number;
  /** BPF_F_*. */
  readonly flags?: number;
  /** At most 15 letters, digits, `_` and `.`; others become `_`. */
  readonly name?: string;
  readonly mapExtra?: bigint;
  /** Types of keys and values for this process; the kernel is not told. */
  readonly btf?: Btf;
  readonly keyTypeId?: number;
  readonly valueTypeId?: number;
  /** The template of the maps in a map of maps. */
  readonly inner?: BpfMap;
}

/**
 * Makes a map without an object file.
 * @throws {InvalidArgumentError} {UnsupportedError} for sizes that the type does not allow, and types that the kernel does not know;
 * {PermissionError}; {SyscallError} E2BIG, ENOMEM
 */
export function createStandaloneMap(kernel: Kernel, options: StandaloneMapOptions): BpfMap {
  const { type, keySize = 0, flags = 0, btf, keyTypeId = 0, valueTypeId = 0, inner } = options;
  const name = kernelName(options.name ?? "");
  const valueSize = options.valueSize ?? (isMapOfMaps(type) ? 4 : 0);
  const maxEntries = entriesOf({ type, maxEntries: options.maxEntries ?? 0 }, kernel);
  const description = { name, type, keySize, valueSize, maxEntries, flags };
  const attr = {
    ...description,
    ...(options.mapExtra !== undefined && { mapExtra: options.mapExtra }),
    ...(inner !== undefined && { innerMap: inner.fd }),
  };
  let fd: OwnedFd;
  try {
    fd = kernel.bpf.mapCreate(attr);
  } catch (error) {
    throw error instanceof SyscallError ? explainMapFailure(description, description, error, kernel) : error;
  }
  return owning(fd, () => createMap(kernel, { ...description, keyTypeId, valueTypeId }, fd, btf));
}

/**
 * Opens a map that is pinned to a bpf file system, with the types that the kernel knows of it.
 * @kernel 4.4
 * @throws {NotFoundError}; {InvalidArgumentError} when something else is pinned there; {SyscallError} EACCES
 */
export function openPinnedMap(kernel: Kernel, path: string): BpfMap {
  return openMap(kernel, openMapPin(kernel, path));
}

/** Opens a map by the kernel's id of it. @kernel 4.13 @throws {NotFoundError} {SyscallError} EPERM */
export function openMapById(kernel: Kernel, id: number): BpfMap {
  try {
    return openMap(kernel, kernel.bpf.fdById("map", id));
  } catch (error) {
    if (!failedWith(error, ENOENT)) throw error;
    throw new NotFoundError(`no map has the id ${id}`, "list the maps: bpftool map show");
  }
}

/** Becomes the owner of `fd`. */
function openMap(kernel: Kernel, fd: OwnedFd): BpfMap {
  return owning(fd, () => {
    const info = readMapInfo(kernel, fd);
    const btf = info.btfId === 0 ? undefined : readKernelBtf(kernel, info.btfId);
    return createMap(kernel, info, fd, btf);
  });
}

function owning(fd: OwnedFd, make: () => BpfMap): BpfMap {
  try {
    return make();
  } catch (error) {
    fd.close();
    throw error;
  }
}
