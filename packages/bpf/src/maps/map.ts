import { ClosedError, SyscallError } from "../errors.ts";
import { E2BIG, EACCES, EEXIST, ENOENT, EPERM, errnoText } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import { pinError, removePin } from "../linux/pinning.ts";
import { mapTypeName } from "../spec/map-types.ts";
import { type MapDescription, type MapInfo, readMapInfo } from "./map-info.ts";

/** A map's descriptor together with what is known about the map. The map object becomes the owner of `fd`. */
export interface MapHandle extends MapDescription {
  readonly kernel: Kernel;
  readonly fd: OwnedFd;
}

/**
 * A map in the kernel. The base of every family, and all there is for types that user space cannot read
 * (BPF_MAP_TYPE_STRUCT_OPS, BPF_MAP_TYPE_ARENA). Closing gives up this process's reference: programs, pins and
 * other processes keep the map alive.
 */
export class BpfMap implements MapDescription, Disposable {
  /** Name in the object file, or the kernel's own (15 bytes). */
  readonly name: string;
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  /** Bytes. 0 where the type has no key. */
  readonly keySize: number;
  /** Bytes; one CPU's share in a per-CPU map. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
  readonly fd: OwnedFd;
  protected readonly kernel: Kernel;
  #id: number | undefined;

  constructor(handle: MapHandle) {
    this.name = handle.name;
    this.type = handle.type;
    this.keySize = handle.keySize;
    this.valueSize = handle.valueSize;
    this.maxEntries = handle.maxEntries;
    this.flags = handle.flags;
    this.fd = handle.fd;
    this.kernel = handle.kernel;
  }

  /** `BPF_MAP_TYPE_HASH`. */
  get typeName(): string {
    return mapTypeName(this.type);
  }

  /** The kernel's id of the map, as `bpftool map show` lists it. @kernel 4.13 */
  get id(): number {
    this.#id ??= this.info().id;
    return this.#id;
  }

  /** Asks the kernel. @kernel 4.13 @throws {SyscallError} {ClosedError} */
  info(): MapInfo {
    return this.attempt("asking about", () => readMapInfo(this.kernel, this.fd));
  }

  /**
   * Makes the map a file of a mounted bpf file system, where it outlives this process.
   * @kernel 4.4
   * @throws {InvalidArgumentError} when the file exists; {NotFoundError} when the folder is in no bpf file system; {SyscallError}
   */
  pin(path: string): void {
    try {
      this.kernel.bpf.objPin(this.fd, path);
    } catch (error) {
      throw pinError(this.failure("pinning", error), `map ${this.name}`, path);
    }
  }

  /** Removes a pin; the map lives on while anything uses it. @throws {NotFoundError} {SyscallError} */
  unpin(path: string): void {
    removePin(this.kernel, path);
  }

  /** From now on no process can write: only programs can. @kernel 5.2 @throws {SyscallError} */
  freeze(): void {
    this.attempt("freezing", () => this.kernel.bpf.mapFreeze(this.fd));
  }

  /** Harmless when called twice. */
  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Runs what asks the kernel. When it fails, the error says which map and what was done. */
  protected attempt<T>(doing: string, ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      throw this.failure(doing, error);
    }
  }

  /** What is thrown in place of an error of the system call; other errors pass unchanged. */
  protected failure(doing: string, error: unknown): unknown {
    if (error instanceof ClosedError && this.fd.closed)
      return new ClosedError(`map ${this.name} is closed`, "keep its owner open while it is used");
    if (!(error instanceof SyscallError)) return error;
    const message = `${doing} map ${this.name} (${this.typeName}): ${errnoText(error.errno)}`;
    const next = error.next || this.#advice(error.errno);
    return new SyscallError(error.call, error.errno, message, next, { cause: error });
  }

  #advice(errno: number): string {
    if (errno === E2BIG)
      return `the map has room for ${this.maxEntries} entries: raise max_entries, or delete some`;
    if (errno === EPERM || errno === EACCES)
      return "it is frozen, or was made or opened for reading or writing only; else this process lacks CAP_BPF";
    if (errno === EEXIST) return 'the key exists: update with mode "any" or "replace"';
    if (errno === ENOENT) return 'the key does not exist: update with mode "any" or "create"';
    return "";
  }
}
