import { SyscallError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { kernelName } from "../spec/kernel-name.ts";
import type { MapSpec } from "../spec/object-spec.ts";
import type { Cleanup } from "./cleanup.ts";
import type { Features } from "./features.ts";
import { explainMapFailure } from "./map-error.ts";
import { acceptsBtf, isMapOfMaps, type MapShape, shapeOf } from "./map-shape.ts";
import { openPinned, pinNew } from "./pinned-maps.ts";
import type { LoadPlan, MapPlan } from "./plan.ts";
import type { KernelStructOps } from "./struct-ops.ts";

/** A map in the kernel, with the sizes that it was created with. */
export interface LoadedMap {
  readonly spec: MapSpec;
  readonly fd: OwnedFd;
  /** False for a map that somebody else made and may be using: its contents are theirs. */
  readonly isNew: boolean;
}

/** What maps are created from, besides their own plan. */
export interface MapContext {
  readonly plan: LoadPlan;
  readonly features: Features;
  readonly btf: OwnedFd | undefined;
  /** Contents of `.kconfig`. */
  readonly kconfig: Uint8Array | undefined;
  readonly structOps: ReadonlyMap<string, KernelStructOps>;
  readonly cleanup: Cleanup;
}

/** Creates, opens or adopts every wanted map, and gives new ones their static contents: global data, the slots of maps of maps. */
export function createMaps(context: MapContext): Map<string, LoadedMap> {
  const maps = new Map<string, LoadedMap>();
  for (const map of context.plan.maps) {
    if (!map.create || !isPossible(map, context.features)) continue;
    maps.set(map.spec.name, createOne(map, context));
  }
  for (const { spec, fd, isNew } of maps.values())
    if (isNew && isMapOfMaps(spec.type)) fillMapSlots(spec, fd, maps, context.plan.kernel);
  return maps;
}

/** Kernels before 5.2 know no global data: the map is left out, and programs that use it are refused. */
function isPossible(map: MapPlan, features: Features): boolean {
  return map.spec.data === undefined || features.globalData;
}

function createOne(map: MapPlan, context: MapContext): LoadedMap {
  const { plan, features, cleanup } = context;
  const { kernel } = plan;
  const shape = shapeOf(map.spec, kernel, features);
  const spec: MapSpec = { ...map.spec, maxEntries: shape.maxEntries, flags: shape.flags ?? 0 };
  if (map.reuse !== undefined) return { spec, fd: cleanup.add(duplicate(kernel, map.reuse)), isNew: false };
  const pinned = map.pinPath === undefined ? undefined : openPinned(kernel, map.pinPath, spec);
  if (pinned !== undefined) return { spec, fd: cleanup.add(pinned), isNew: false };
  const fd = cleanup.add(create(spec, shape, context));
  if (spec.data !== undefined) fillData(spec, fd, context);
  if (map.pinPath === undefined) return { spec, fd, isNew: true };
  const kept = pinNew(kernel, map.pinPath, spec, fd, cleanup);
  return { spec, fd: kept, isNew: kept === fd };
}

function create(spec: MapSpec, shape: MapShape, context: MapContext): OwnedFd {
  const { features, plan } = context;
  const { kernel } = plan;
  using inner = createInner(spec, context);
  const structOps = context.structOps.get(spec.name);
  const attr = {
    ...shape,
    ...(features.programName ? { name: kernelName(spec.name) } : {}),
    ...(inner === undefined ? {} : { innerMap: inner }),
    ...(structOps === undefined
      ? {}
      : { valueSize: structOps.valueSize, btfVmlinuxValueTypeId: structOps.valueTypeId, btf: context.btf! }),
  };
  try {
    return withTypes(spec, attr, context);
  } catch (error) {
    if (error instanceof SyscallError) throw explainMapFailure(spec, shape, error, kernel);
    throw error;
  }
}

/** A kernel that rejects the types of keys and values still makes the map: it only cannot print its contents. */
function withTypes(spec: MapSpec, attr: MapShape, { plan, btf }: MapContext): OwnedFd {
  const { bpf } = plan.kernel;
  const typed =
    btf !== undefined && (spec.keyTypeId !== 0 || spec.valueTypeId !== 0) && acceptsBtf(spec.type);
  if (!typed || spec.structOps !== undefined) return bpf.mapCreate(attr);
  try {
    return bpf.mapCreate({ ...attr, btf, btfKeyTypeId: spec.keyTypeId, btfValueTypeId: spec.valueTypeId });
  } catch (error) {
    if (error instanceof SyscallError) return bpf.mapCreate(attr);
    throw error;
  }
}

/** The kernel learns the shape of inner maps from an example, which it does not keep. */
function createInner(spec: MapSpec, context: MapContext): OwnedFd | undefined {
  if (spec.inner === undefined || !isMapOfMaps(spec.type)) return undefined;
  const shape = shapeOf(spec.inner, context.plan.kernel, context.features);
  return create(spec.inner, shape, context);
}

function fillData(spec: MapSpec, fd: OwnedFd, context: MapContext): void {
  const { bpf } = context.plan.kernel;
  const data = spec.data!;
  const isKconfig = data.section === ".kconfig";
  const contents = isKconfig ? (context.kconfig ?? data.initial) : data.initial;
  if (!isZero(contents)) bpf.mapUpdate(fd, new Uint8Array(4), contents);
  // From here on the verifier may rely on the contents, and removes branches that they rule out.
  if (data.readOnly || isKconfig) bpf.mapFreeze(fd);
}

/** Every byte is like the one before, and the first is 0: one memcmp(3) even for a `.bss` of megabytes. */
function isZero(bytes: Uint8Array): boolean {
  return (
    bytes.length === 0 || (bytes[0] === 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0)
  );
}

function fillMapSlots(
  spec: MapSpec,
  fd: OwnedFd,
  maps: ReadonlyMap<string, LoadedMap>,
  kernel: Kernel,
): void {
  for (const slot of spec.slots) {
    const inner = slot.kind === "map" ? maps.get(slot.name) : undefined;
    if (inner !== undefined) kernel.bpf.mapUpdate(fd, u32(slot.index), u32(inner.fd.raw));
  }
}

/** Both owners may close theirs. */
function duplicate(kernel: Kernel, fd: OwnedFd): OwnedFd {
  const info = new Uint8Array(8);
  kernel.bpf.info(fd, info);
  return kernel.bpf.fdById("map", new DataView(info.buffer).getUint32(4, true));
}

/** In this machine's byte order, as the kernel reads keys. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
