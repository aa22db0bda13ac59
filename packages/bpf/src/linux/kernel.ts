import type { Btf } from "../btf/btf.ts";
import type { BpfCalls } from "./bpf-calls.ts";
import type { OwnedFd } from "./fd.ts";
import { type Files, hostFiles } from "./files.ts";
import { HostKernel } from "./host-kernel.ts";
import { koffiNative } from "./koffi.ts";
import type { MapOptions, Mapping } from "./memory-map.ts";
import type { Native } from "./native.ts";

export type { Mapping } from "./memory-map.ts";

/**
 * The running kernel, as the rest of the library sees it: typed system calls, and what procfs, sysfs and tracefs
 * say. Facts are read on first use and remembered. One instance per process is enough: `hostKernel()`.
 */
export interface Kernel {
  /** System calls and memory maps. */
  readonly native: Native;
  readonly files: Files;
  /** The commands of bpf(2). */
  readonly bpf: BpfCalls;
  /** Bytes. */
  readonly pageSize: number;
  /** Possible CPUs (highest number + 1): the number of values in a per-CPU map entry. */
  readonly possibleCpus: number;
  /** Numbers of the CPUs that are online now. */
  onlineCpus(): readonly number[];
  /** KERNEL_VERSION(a, b, c); the true sub-level on Debian and Ubuntu. */
  readonly version: number;
  /** `uname -r`. */
  readonly release: string;
  /** `uname -m`: `x86_64`, `aarch64`. */
  readonly machine: string;
  /** `CONFIG_X` → `y`, `m`, a number or a quoted string; undefined when the kernel does not tell. */
  readonly config: ReadonlyMap<string, string> | undefined;
  /** BTF of the kernel. @throws {UnsupportedError} when the kernel offers none. */
  btf(): Btf;
  /** Names of loaded modules that have BTF, with the kernel's BTF object ids. */
  moduleBtfs(): readonly { readonly name: string; readonly id: number }[];
  /** Split BTF over the kernel's. @throws {NotFoundError} for a module that is not loaded or has none */
  moduleBtf(name: string): Btf;
  /** A directory that is tracefs, for this process: mounted privately where the system has not. @throws {NotFoundError} that names the mount command. */
  readonly tracefs: string;
  /** Address of a kernel symbol. @throws {NotFoundError}; {RelocationError} when several addresses bear the name; {PermissionError} when hidden. */
  symbolAddress(name: string): bigint;
  /** Takes ownership of a descriptor (moving it above 2: bpf(2) reads 0 as "none"). */
  own(fd: number): OwnedFd;
  /** perf_event_open(2) with PERF_FLAG_FD_CLOEXEC. @throws {SyscallError} */
  perfEventOpen(attr: Uint8Array, target: { pid: number; cpu: number }): OwnedFd;
  /** ioctl(2) with an integer argument. @throws {SyscallError} */
  ioctl(fd: OwnedFd, request: number, argument: number): number;
  /** Maps `length` bytes of a descriptor, or anonymous memory without one. Unmapped by `dispose`. @throws {SyscallError} */
  map(options: MapOptions): Mapping;
}

let host: Kernel | undefined;

/** The kernel this process runs on. Loads koffi on first use, asks the kernel nothing until needed. */
export function hostKernel(): Kernel {
  host ??= new HostKernel(koffiNative(), hostFiles);
  return host;
}
