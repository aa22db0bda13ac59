import { InvalidArgumentError, NotFoundError } from "../errors.ts";
import { EEXIST, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { openMapPin, pinError, removePin } from "../linux/pinning.ts";
import { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH } from "../spec/map-types.ts";
import type { MapSpec } from "../spec/object-spec.ts";
import type { Cleanup } from "./cleanup.ts";

/** BPF_F_RDONLY_PROG, which the kernel adds to device maps by itself. */
const READ_ONLY_PROGRAM = 0x80;

/**
 * Opens the map pinned at a path; undefined when there is none.
 * @throws {InvalidArgumentError} when the pinned map has another shape than the program expects
 */
export function openPinned(kernel: Kernel, path: string, spec: MapSpec): OwnedFd | undefined {
  let fd: OwnedFd;
  try {
    fd = openMapPin(kernel, path);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
  const difference = compare(readShape(kernel, fd), shapeOfSpec(spec));
  if (difference === undefined) return fd;
  fd.close();
  throw new InvalidArgumentError(
    `the map pinned at ${path} cannot serve as ${spec.name}: ${difference}`,
    `remove it (rm ${path}) if nothing else uses it, or pin under another path`,
  );
}

/** Pins a map just created; when somebody else was faster, theirs takes its place. */
export function pinNew(kernel: Kernel, path: string, spec: MapSpec, fd: OwnedFd, cleanup: Cleanup): OwnedFd {
  try {
    kernel.bpf.objPin(fd, path);
    // A load that fails takes back the pin.
    cleanup.add({ [Symbol.dispose]: () => unpin(kernel, path) });
    return fd;
  } catch (error) {
    const other = failedWith(error, EEXIST) ? openPinned(kernel, path, spec) : undefined;
    if (other === undefined) throw pinError(error, `map ${spec.name}`, path);
    fd.close();
    return cleanup.add(other);
  }
}

/** Somebody may have removed it meanwhile. */
function unpin(kernel: Kernel, path: string): void {
  try {
    removePin(kernel, path);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

type Shape = Readonly<
  Record<"type" | "key size" | "value size" | "entries" | "flags" | "map_extra", number | bigint>
>;

function readShape(kernel: Kernel, fd: OwnedFd): Shape {
  // struct bpf_map_info, include/uapi/linux/bpf.h
  const info = new Uint8Array(88);
  kernel.bpf.info(fd, info);
  const view = new DataView(info.buffer);
  const type = view.getUint32(0, true);
  const flags = view.getUint32(20, true);
  const isDeviceMap = type === BPF_MAP_TYPE_DEVMAP || type === BPF_MAP_TYPE_DEVMAP_HASH;
  return {
    type,
    "key size": view.getUint32(8, true),
    "value size": view.getUint32(12, true),
    entries: view.getUint32(16, true),
    flags: isDeviceMap ? flags & ~READ_ONLY_PROGRAM : flags,
    map_extra: view.getBigUint64(80, true),
  };
}

function shapeOfSpec(spec: MapSpec): Shape {
  return {
    type: spec.type,
    "key size": spec.keySize,
    "value size": spec.valueSize,
    entries: spec.maxEntries,
    flags: spec.flags,
    map_extra: spec.mapExtra,
  };
}

function compare(found: Shape, wanted: Shape): string | undefined {
  const field = (Object.keys(wanted) as (keyof Shape)[]).find((name) => found[name] !== wanted[name]);
  return field && `its ${field} is ${found[field]}, not ${wanted[field]}`;
}
