import type { Btf } from "@skep/bpf";

/** Clocks that programs take time from; `wall` is CLOCK_REALTIME. */
export type ClockName = "monotonic" | "boot" | "wall" | "tai";

/** What formats ask the machine they run on. Tests have a machine of their own. */
export interface Machine {
  readonly littleEndian: boolean;
  /** `uname -m`. */
  readonly architecture: string;
  /** Now, in nanoseconds. */
  now(clock: ClockName): bigint;
  /** Name of a user, undefined when there is none. */
  userName(uid: number): string | undefined;
  /** Path of a cgroup (v2) below the root of its hierarchy, undefined when there is none of this id. */
  cgroupPath(id: bigint): string | undefined;
  /** Types of the kernel, undefined where it offers none. */
  kernelTypes(): Btf | undefined;
  /** `function+0x12` of a kernel address, undefined when unknown. */
  kernelSymbol(address: bigint): string | undefined;
  /** One line for each frame of a stack, undefined while nobody can tell. `pid` owns a user stack. */
  stackFrames(
    kind: "kernel" | "user",
    addresses: readonly bigint[],
    pid: number | undefined,
  ): readonly string[] | undefined;
}
