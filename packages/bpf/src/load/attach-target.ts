import { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { InvalidArgumentError, NotFoundError, UnsupportedError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { suggestion } from "../near-names.ts";
import type { ProgramSpec } from "../spec/object-spec.ts";
import {
  BPF_LSM_CGROUP,
  BPF_LSM_MAC,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
} from "../spec/program-types.ts";
import type { Cleanup } from "./cleanup.ts";
import type { KernelTypes } from "./kernel-types.ts";
import type { ProgramPlan } from "./plan.ts";

/** What the kernel wants to know at load about the place where a program will be attached. */
export interface AttachTarget {
  readonly attachBtfId: number;
  /** A module's BTF, or the BPF program to attach to. */
  readonly attachBtfOrProgram?: OwnedFd;
}

/**
 * Finds the BTF type of the function, tracepoint, hook or iterator that a program names. Undefined for programs that
 * need none.
 * @throws {InvalidArgumentError} when the program names no target; {NotFoundError} when the kernel does not have it
 */
export function findAttachTarget(
  plan: ProgramPlan,
  kernel: Kernel,
  types: KernelTypes,
  cleanup: Cleanup,
): AttachTarget | undefined {
  const { spec, targetProgram } = plan;
  const needed = spec.definition?.needsBtfTarget === true && spec.type !== BPF_PROG_TYPE_STRUCT_OPS;
  if (!needed && targetProgram === undefined) return undefined;
  if (spec.target === undefined || spec.target === "") throw noTarget(spec);
  if (targetProgram !== undefined) return inProgram(spec, spec.target, targetProgram, kernel);
  if (spec.type === BPF_PROG_TYPE_EXT) {
    throw new InvalidArgumentError(
      `program ${spec.name} replaces function ${spec.target} of another program, which is not given`,
      "set `targetProgram` of the program's spec before load",
    );
  }
  return inKernel(spec, spec.target, types, cleanup);
}

function inKernel(spec: ProgramSpec, target: string, types: KernelTypes, cleanup: Cleanup): AttachTarget {
  const { prefix, kind, what } = namingOf(spec.attachType);
  const colon = target.indexOf(":");
  const module = colon < 0 ? undefined : target.slice(0, colon);
  const name = target.slice(colon + 1);
  const found = types.find(prefix + name, kind, module);
  if (found === undefined) {
    if (module !== undefined && !types.hasModule(module)) throw noModule(spec, module);
    const where = module === undefined ? "this kernel" : `module ${module}`;
    throw new NotFoundError(
      `${where} has no ${what} ${name} in its BTF, which program ${spec.name} attaches to`,
      suggestion(name, types.names(kind, prefix, module), OTHERWISE[what]),
    );
  }
  if (found.module === undefined) return { attachBtfId: found.id };
  return { attachBtfId: found.id, attachBtfOrProgram: cleanup.add(types.open(found.module)) };
}

/** Advice where no name is alike. */
const OTHERWISE = {
  function:
    "it may be inlined, static with a suffix (.isra, .constprop), or renamed in this version: choose another, or a tracepoint",
  tracepoint: "list what there is: ls /sys/kernel/tracing/events",
  "LSM hook": "list what there is: include/linux/lsm_hook_defs.h of this kernel's source",
  iterator: "list what there is: bpftool btf dump file /sys/kernel/btf/vmlinux | grep bpf_iter_",
} as const;

/** How the kernel names the BTF type of a hook (btf_get_kernel_prefix_kind in tools/lib/bpf/libbpf.c). */
function namingOf(attachType: number | undefined) {
  switch (attachType) {
    case BPF_TRACE_RAW_TP:
      return { prefix: "btf_trace_", kind: BtfKind.Typedef, what: "tracepoint" } as const;
    case BPF_LSM_MAC:
    case BPF_LSM_CGROUP:
      return { prefix: "bpf_lsm_", kind: BtfKind.Func, what: "LSM hook" } as const;
    case BPF_TRACE_ITER:
      return { prefix: "bpf_iter_", kind: BtfKind.Func, what: "iterator" } as const;
    default:
      return { prefix: "", kind: BtfKind.Func, what: "function" } as const;
  }
}

function noModule(spec: ProgramSpec, module: string): NotFoundError {
  return new NotFoundError(
    `module ${module}, which program ${spec.name} attaches to, is not loaded, or has no BTF`,
    `load it (modprobe ${module}), or leave out "${module}:" to search the kernel and all its modules`,
  );
}

const PROG_INFO_BTF_ID = 128; // offset in struct bpf_prog_info, include/uapi/linux/bpf.h

function inProgram(spec: ProgramSpec, name: string, program: OwnedFd, kernel: Kernel): AttachTarget {
  const info = new Uint8Array(256);
  kernel.bpf.info(program, info);
  const btfId = new DataView(info.buffer).getUint32(PROG_INFO_BTF_ID, true);
  if (btfId === 0) {
    throw new UnsupportedError(
      `the program that ${spec.name} attaches to was loaded without BTF`,
      "build the target with -g, so that its functions can be found",
    );
  }
  const id = readBtf(kernel, btfId).find(name, BtfKind.Func);
  if (id === undefined) {
    throw new NotFoundError(
      `the target program has no function ${name}, which ${spec.name} attaches to`,
      "name a function of the target: bpftool prog dump xlated shows them",
    );
  }
  return { attachBtfId: id, attachBtfOrProgram: program };
}

/** The BTF that a loaded program brought with it. */
function readBtf(kernel: Kernel, id: number): Btf {
  using fd = kernel.bpf.fdById("btf", id);
  const info = new Uint8Array(32);
  kernel.bpf.info(fd, info);
  const view = new DataView(info.buffer);
  const bytes = kernel.native.allocate(view.getUint32(8, true));
  info.fill(0);
  view.setBigUint64(0, BigInt(kernel.native.addressOf(bytes)), true);
  view.setUint32(8, bytes.length, true);
  kernel.bpf.info(fd, info);
  return Btf.parse(bytes);
}

function noTarget(spec: ProgramSpec): InvalidArgumentError {
  return new InvalidArgumentError(
    `program ${spec.name}: SEC("${spec.section}") names nothing to attach to`,
    "write the target into the section name, or set `target` of the program's spec before load",
  );
}
