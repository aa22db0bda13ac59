import { machine, release, version } from "node:os";
import type { Btf } from "../btf/btf.ts";
import { SyscallError } from "../errors.ts";
import { pageSize } from "./auxv.ts";
import type { BpfCalls } from "./bpf-calls.ts";
import { createBpfCalls } from "./bpf-syscall.ts";
import { onlineCpus, possibleCpus } from "./cpus.ts";
import { EACCES, syscallError } from "./errno.ts";
import { OwnedFd } from "./fd.ts";
import { type Files, hostFiles } from "./files.ts";
import { Kallsyms } from "./kallsyms.ts";
import type { Kernel } from "./kernel.ts";
import { kernelBtf, moduleBtf, moduleBtfs } from "./kernel-btf.ts";
import { readKernelConfig } from "./kernel-config.ts";
import { MEMCG_ACCOUNTING, trueVersion } from "./kernel-version.ts";
import { raiseMemlock } from "./memlock.ts";
import { type MapOptions, type Mapping, mapFile, mapMemory } from "./memory-map.ts";
import type { Native } from "./native.ts";
import { readTextIfExists } from "./read-file.ts";
import { syscallNumbers } from "./syscalls.ts";
import { openTracefs } from "./tracefs.ts";

const PARANOID = "/proc/sys/kernel/perf_event_paranoid";
const F_DUPFD_CLOEXEC = 1030;
const PERF_FLAG_FD_CLOEXEC = 8n;

/** The kernel that a {@link Native} and {@link Files} reach. Every fact is read when first asked for, and kept. */
export class HostKernel implements Kernel {
  readonly native: Native;
  readonly files: Files;
  readonly bpf: BpfCalls;
  readonly release = release();
  readonly machine = machine();
  readonly #numbers = syscallNumbers();
  readonly #symbols: Kallsyms;
  #memlockLifted = false;
  readonly #facts = new Map<string, unknown>();

  constructor(native: Native, files: Files = hostFiles) {
    this.native = native;
    this.files = files;
    this.#symbols = new Kallsyms(files);
    this.bpf = createBpfCalls(native, {
      own: (fd) => this.own(fd),
      liftLimits: () => this.#liftMemlock(),
    });
  }

  get pageSize(): number {
    return this.#once("page size", () => pageSize(this.files));
  }

  get possibleCpus(): number {
    return this.#once("possible CPUs", () => possibleCpus(this.files));
  }

  onlineCpus(): readonly number[] {
    return onlineCpus(this.files);
  }

  get version(): number {
    return this.#once("version", () =>
      trueVersion({
        release: this.release,
        version: version(),
        signature: readTextIfExists(this.files, "/proc/version_signature"),
      }),
    );
  }

  get config(): ReadonlyMap<string, string> | undefined {
    return this.#once("config", () => readKernelConfig(this.files, this.release));
  }

  btf(): Btf {
    const map = (path: string) => mapFile(this.native, this.files, path);
    return this.#once("BTF", () => kernelBtf(this.files, this.release, map));
  }

  moduleBtfs(): readonly { readonly name: string; readonly id: number }[] {
    return moduleBtfs(this);
  }

  moduleBtf(name: string): Btf {
    return this.#once(`BTF of ${name}`, () => moduleBtf(this.files, name, this.btf()));
  }

  get tracefs(): string {
    return this.#once("tracefs", () => openTracefs(this.native, this.files));
  }

  symbolAddress(name: string): bigint {
    return this.#symbols.address(name);
  }

  own(fd: number): OwnedFd {
    return new OwnedFd(fd > 2 ? fd : this.#moveUp(fd), (raw) =>
      this.native.syscall(this.#numbers.close, raw),
    );
  }

  perfEventOpen(attr: Uint8Array, { pid, cpu }: { readonly pid: number; readonly cpu: number }): OwnedFd {
    const copy = this.native.allocate(attr.length);
    copy.set(attr);
    const address = this.native.addressOf(copy);
    const fd = this.native.syscall(this.#numbers.perfEventOpen, address, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) throw this.#perfEventError(syscallError("perf_event_open", -fd, `pid ${pid}, cpu ${cpu}`));
    return this.own(fd);
  }

  /** Debian's and Ubuntu's kernels have levels above 2, at which CAP_PERFMON does not do: that looks like any other EACCES. */
  #perfEventError(error: SyscallError): SyscallError {
    if (error.errno !== EACCES || Number(readTextIfExists(this.files, PARANOID) ?? 0) <= 2) return error;
    const next = "run as root, or let CAP_PERFMON do: sysctl kernel.perf_event_paranoid=2";
    return new SyscallError(error.call, error.errno, error.message, next);
  }

  ioctl(fd: OwnedFd, request: number, argument: number): number {
    const result = this.native.syscall(this.#numbers.ioctl, fd.raw, request, argument);
    if (result < 0) throw syscallError(`ioctl(0x${request.toString(16)})`, -result);
    return result;
  }

  map(options: MapOptions): Mapping {
    return mapMemory(this.native, options);
  }

  /** Only once, and only where locked memory is what maps and programs are charged to. */
  #liftMemlock(): boolean {
    if (this.#memlockLifted || this.version >= MEMCG_ACCOUNTING) return false;
    this.#memlockLifted = true;
    raiseMemlock(this.native);
    return true;
  }

  #moveUp(fd: number): number {
    const { fcntl, close } = this.#numbers;
    const moved = this.native.syscall(fcntl, fd, F_DUPFD_CLOEXEC, 3);
    this.native.syscall(close, fd);
    if (moved < 0) throw syscallError("fcntl(F_DUPFD_CLOEXEC)", -moved, `descriptor ${fd}`);
    return moved;
  }

  #once<T>(fact: string, read: () => T): T {
    if (!this.#facts.has(fact)) this.#facts.set(fact, read());
    return this.#facts.get(fact) as T;
  }
}
