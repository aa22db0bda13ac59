import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { ProgramSpec } from "../spec/object-spec.ts";

/** A program in the kernel. Owned by its object; `links/` attaches it. */
export interface LoadedProgram {
  readonly name: string;
  readonly spec: ProgramSpec;
  /** Type and attach type as loaded: may differ from the spec's where the caller or the kernel's age decided. */
  readonly type: number;
  readonly attachType: number | undefined;
  readonly fd: OwnedFd;
  readonly kernel: Kernel;
  /** What the verifier said; empty unless a log level was asked for. */
  readonly verifierLog?: string;
}
