import { InvalidArgumentError } from "../errors.ts";
import { EBUSY, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { LoadedProgram } from "../load/program.ts";
import { BPF_STRUCT_OPS } from "../spec/program-types.ts";
import { attachError } from "./attach-error.ts";
import { AttachedLink, kernelLink, type Link } from "./link.ts";

/** A map that implements a kernel structure, with the bytes that the kernel is to be given for it. */
export interface StructOpsMap {
  readonly name: string;
  readonly fd: OwnedFd;
  /** The map's value: struct bpf_struct_ops_<type>, function pointers filled with program descriptors. */
  readonly image: Uint8Array;
  /** Declared in `.struct_ops.link`: registered by a link. */
  readonly withLink: boolean;
}

/**
 * Registers the structure with the kernel.
 * @kernel 5.6, BPF_MAP_TYPE_STRUCT_OPS (kernel/bpf/bpf_struct_ops.c); links 6.4
 */
export function attachStructOps(kernel: Kernel, map: StructOpsMap): Link {
  const description = `struct_ops ${map.name}`;
  const key = new Uint8Array(4);
  try {
    setValue(kernel, map, key);
    if (!map.withLink) {
      return new AttachedLink("struct_ops", description, () => {
        if (!map.fd.closed) kernel.bpf.mapDelete(map.fd, key);
      });
    }
    const fd = kernel.bpf.linkCreate({ program: map.fd, target: 0, attachType: BPF_STRUCT_OPS });
    return kernelLink("struct_ops", description, fd);
  } catch (error) {
    throw attachError(error, description);
  }
}

/** The value can be set once; with links the map may be attached again afterwards. */
function setValue(kernel: Kernel, map: StructOpsMap, key: Uint8Array): void {
  try {
    kernel.bpf.mapUpdate(map.fd, key, map.image);
  } catch (error) {
    if (!map.withLink || !failedWith(error, EBUSY)) throw error;
  }
}

/** A single function of a structure is not attached: its map is. @throws {InvalidArgumentError} always */
export function attachStructOpsProgram(program: LoadedProgram): Link {
  throw new InvalidArgumentError(
    `program ${program.name} is one function of a struct_ops map and is not attached by itself`,
    "attach the map that names it",
  );
}
