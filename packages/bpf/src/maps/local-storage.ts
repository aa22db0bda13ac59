import type { Codec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { BpfMap, type MapHandle } from "./map.ts";

/**
 * A value that hangs on a kernel object and goes with it: a task (pidfd), an inode (open file), a socket, a cgroup (open
 * directory). User space names the object by a descriptor of it; entries cannot be listed.
 * @kernel 5.2, BPF_MAP_TYPE_SK_STORAGE; 5.10, BPF_MAP_TYPE_INODE_STORAGE; 5.11, BPF_MAP_TYPE_TASK_STORAGE;
 * 6.2, BPF_MAP_TYPE_CGRP_STORAGE (kernel/bpf/bpf_local_storage.c)
 */
export class LocalStorageMap<V = BpfValue> extends BpfMap {
  readonly #codec: Codec<V>;

  constructor(handle: MapHandle, codec: Codec<V>) {
    super(handle);
    this.#codec = codec;
  }

  /** undefined when the object has no value in this map. @throws {SyscallError} EBADF */
  lookup(object: OwnedFd | number): V | undefined {
    const value = this.kernel.native.allocate(this.#codec.size);
    const key = this.#key(object);
    const found = this.attempt("reading", () => this.kernel.bpf.mapLookup(this.fd, key, value));
    return found ? this.#codec.decode(viewOf(value), 0, value.length) : undefined;
  }

  /** @throws {InvalidArgumentError}; {SyscallError} EBADF {ClosedError} */
  update(object: OwnedFd | number, value: V | BpfInput): void {
    const bytes = this.kernel.native.allocate(this.#codec.size);
    this.#codec.encode(value as BpfInput, viewOf(bytes), 0);
    const key = this.#key(object);
    this.attempt("updating", () => this.kernel.bpf.mapUpdate(this.fd, key, bytes));
  }

  /** False when the object had no value in this map. */
  delete(object: OwnedFd | number): boolean {
    const key = this.#key(object);
    return this.attempt("deleting from", () => this.kernel.bpf.mapDelete(this.fd, key));
  }

  #key(object: OwnedFd | number): Uint8Array {
    const key = this.kernel.native.allocate(4);
    viewOf(key).setInt32(0, typeof object === "number" ? object : object.raw, true);
    return key;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
