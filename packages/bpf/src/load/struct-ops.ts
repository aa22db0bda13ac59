import type { Btf } from "../btf/btf.ts";
import { type BtfComposite, BtfKind, type BtfMember } from "../btf/types.ts";
import { MalformedError, NotFoundError, NotImplementedError, UnsupportedError } from "../errors.ts";
import type { MapSpec, StructOpsSpec } from "../spec/object-spec.ts";
import type { KernelTypes } from "./kernel-types.ts";
import type { LoadPlan } from "./plan.ts";

/** A struct_ops map laid out as this kernel's struct. */
export interface KernelStructOps {
  /** The kernel's `struct bpf_struct_ops_<name>`, which wraps the struct. */
  readonly valueTypeId: number;
  readonly valueSize: number;
  /** The map's value, but for the descriptors of its programs. */
  readonly image: Uint8Array;
  readonly members: readonly StructOpsMember[];
}

/** A function pointer that a program implements. */
export interface StructOpsMember {
  readonly program: string;
  /** The kernel's struct type, and the index of the member in it: the attach type that the kernel wants. */
  readonly typeId: number;
  readonly index: number;
  /** Where the program's descriptor goes in the image. */
  readonly offset: number;
}

/**
 * Finds the kernel's struct for every struct_ops map and carries the program's image over, member by member: kernels move,
 * add and drop members.
 * @kernel 5.6, BPF_MAP_TYPE_STRUCT_OPS (kernel/bpf/bpf_struct_ops.c)
 */
export function prepareStructOps(plan: LoadPlan, types: KernelTypes): Map<string, KernelStructOps> {
  const prepared = new Map<string, KernelStructOps>();
  const { btf } = plan.object;
  for (const { spec, create } of plan.maps) {
    if (!create || spec.structOps === undefined || btf === undefined) continue;
    prepared.set(spec.name, toKernelLayout(spec, spec.structOps, btf, types));
  }
  return prepared;
}

/** The programs that struct_ops maps name, and whether one of these maps is created: the programs are loaded then, and only then. */
export function structOpsPrograms(plan: LoadPlan): ReadonlyMap<string, boolean> {
  const loads = new Map<string, boolean>();
  for (const { spec, create } of plan.maps)
    for (const { name } of spec.structOps?.programs ?? [])
      loads.set(name, create || loads.get(name) === true);
  return loads;
}

function toKernelLayout(map: MapSpec, ops: StructOpsSpec, btf: Btf, types: KernelTypes): KernelStructOps {
  const local = compositeOf(btf, ops.typeId, map.name);
  const wrapper = types.find(`bpf_struct_ops_${local.name}`, BtfKind.Struct);
  const inner = types.find(local.name, BtfKind.Struct);
  if (wrapper === undefined || inner === undefined) {
    throw new UnsupportedError(
      `this kernel lets no BPF program implement struct ${local.name} (map ${map.name})`,
      "it is too old, or built without the subsystem: bpftool struct_ops needs bpf_struct_ops_* in the kernel's BTF",
    );
  }
  if (wrapper.module !== undefined) {
    throw new NotImplementedError(
      `struct ${local.name} belongs to module ${wrapper.module.name}: struct_ops of modules`,
    );
  }
  const outer = compositeOf(wrapper.btf, wrapper.id, map.name);
  const target = compositeOf(inner.btf, inner.id, map.name);
  const data = outer.members.find(({ name }) => name === "data");
  if (data === undefined)
    throw new MalformedError(`struct ${outer.name} has no member data`, "report this kernel's BTF");
  const image = new Uint8Array(outer.size);
  const start = data.bitOffset / 8;
  const members: StructOpsMember[] = [];
  for (const member of local.members) {
    const index = target.members.findIndex(({ name }) => name === member.name);
    const bytes = bytesOf(ops.image, btf, member);
    const program = ops.programs.find(({ offset }) => offset === member.bitOffset / 8)?.name;
    const counterpart = target.members[index];
    if (counterpart === undefined) {
      if (program === undefined && bytes.every((byte) => byte === 0)) continue;
      throw new NotFoundError(
        `this kernel's struct ${local.name} has no member ${member.name}, which ${map.name} sets`,
        "leave the member out on kernels that lack it",
      );
    }
    const offset = start + counterpart.bitOffset / 8;
    if (program !== undefined) members.push({ program, typeId: inner.id, index, offset });
    else copyMember(image, offset, bytes, inner.btf, counterpart, local.name);
  }
  return { valueTypeId: wrapper.id, valueSize: outer.size, image, members };
}

function copyMember(
  image: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  btf: Btf,
  to: BtfMember,
  struct: string,
): void {
  if (bytes.every((byte) => byte === 0)) return;
  if (to.bitSize !== 0 || btf.sizeOf(to.typeId) !== bytes.length) {
    throw new UnsupportedError(
      `member ${to.name} of struct ${struct} has another size in this kernel than in the program`,
      "build against this kernel's vmlinux.h",
    );
  }
  image.set(bytes, offset);
}

function bytesOf(image: Uint8Array, btf: Btf, member: BtfMember): Uint8Array {
  const at = Math.floor(member.bitOffset / 8);
  return image.subarray(at, at + btf.sizeOf(member.typeId));
}

function compositeOf(btf: Btf, id: number, name: string): BtfComposite {
  const type = btf.skipModifiers(id);
  if (type.kind === BtfKind.Struct) return type;
  throw new MalformedError(`struct_ops map ${name} is not of a struct type`, "rebuild the object file");
}
