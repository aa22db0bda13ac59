import type { Btf } from "../btf/btf.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { MapSpec, ObjectSpec, ProgramSpec } from "../spec/object-spec.ts";

/** Everything that loading needs: a description, what the caller changed about it, and the kernel to meet. */
export interface LoadPlan {
  readonly object: ObjectSpec;
  readonly programs: readonly ProgramPlan[];
  readonly maps: readonly MapPlan[];
  readonly kernel: Kernel;
  /** Types to relocate against in place of the kernel's own, for kernels without BTF. */
  readonly kernelTypes: Btf | undefined;
  /** Values of `CONFIG_*` that override the kernel's. */
  readonly kconfig: ReadonlyMap<string, string>;
  /** Verifier log level of the first attempt: 0 asks for a log only after a failure. */
  readonly logLevel: number;
  readonly onWarning: (message: string) => void;
}

export interface ProgramPlan {
  /** With the caller's type, attach type, target and flags in place. */
  readonly spec: ProgramSpec;
  /** Programs that are not loaded are not relocated either: what they need may be missing. */
  readonly load: boolean;
  /** freplace, and fentry/fexit of a BPF program: the program to attach to. */
  readonly targetProgram: OwnedFd | undefined;
}

export interface MapPlan {
  /** With the caller's sizes and flags in place. */
  readonly spec: MapSpec;
  readonly create: boolean;
  /** A map that exists already and takes this one's place. Ownership stays with the caller. */
  readonly reuse: OwnedFd | undefined;
  /** In a bpffs: opened when it exists, else pinned there after creation. */
  readonly pinPath: string | undefined;
}
