import type { Codec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { EINVAL, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { openPath } from "../linux/open-path.ts";
import { BPF_MAP_TYPE_SOCKMAP } from "../spec/map-types.ts";
import { BpfMap, type MapHandle } from "./map.ts";

/**
 * A map whose values are kernel objects, put in by descriptor. What a lookup gives is no descriptor but, where
 * anything, the object's id. Sockets: pass the socket's descriptor.
 * @kernel 4.14, BPF_MAP_TYPE_SOCKMAP; 4.18, BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_XSKMAP (kernel/bpf/xskmap.c);
 * 4.19, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
 */
export class DescriptorMap<K = BpfValue> extends BpfMap {
  protected readonly keyCodec: Codec<K>;

  constructor(handle: MapHandle, key: Codec<K>) {
    super(handle);
    this.keyCodec = key;
  }

  /** @throws {SyscallError} EBADF, EINVAL (the wrong kind of object), E2BIG */
  update(key: K | BpfInput, descriptor: OwnedFd | number): void {
    const raw = typeof descriptor === "number" ? descriptor : descriptor.raw;
    const value = this.kernel.native.allocate(this.valueSize);
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    if (this.valueSize === 8) view.setBigInt64(0, BigInt(raw), true);
    else view.setInt32(0, raw, true);
    const at = this.encodeKey(key);
    this.attempt("updating", () => this.kernel.bpf.mapUpdate(this.fd, at, value));
  }

  /** False when the place is empty. */
  delete(key: K | BpfInput): boolean {
    try {
      return this.kernel.bpf.mapDelete(this.fd, this.encodeKey(key));
    } catch (error) {
      // A socket map says EINVAL for an empty place (net/core/sock_map.c, __sock_map_delete).
      if (this.type === BPF_MAP_TYPE_SOCKMAP && failedWith(error, EINVAL)) return false;
      throw this.failure("deleting from", error);
    }
  }

  /**
   * Id of the program or map, cookie of the socket (8-byte values) in this place; undefined when empty.
   * @throws {SyscallError} EOPNOTSUPP, ENOTSUPP: most of these types tell nothing
   */
  lookupId(key: K | BpfInput): bigint | undefined {
    const value = this.kernel.native.allocate(this.valueSize);
    const at = this.encodeKey(key);
    if (!this.attempt("reading", () => this.kernel.bpf.mapLookup(this.fd, at, value))) return undefined;
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return this.valueSize === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  }

  protected encodeKey(key: K | BpfInput): Uint8Array {
    const bytes = this.kernel.native.allocate(this.keyCodec.size);
    this.keyCodec.encode(key as BpfInput, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
    return bytes;
  }
}

/**
 * Programs that others tail-call. The kernel empties the array when the last descriptor or pin of it is gone: keep it open.
 * @kernel 4.2, BPF_MAP_TYPE_PROG_ARRAY (kernel/bpf/arraymap.c)
 */
export class ProgramArrayMap extends DescriptorMap<number> {
  /** Puts a loaded program into a slot. It must be of the array's type, which is that of the first. */
  set(index: number, program: { readonly fd: OwnedFd }): void {
    this.update(index, program.fd);
  }

  /** Kernel's id of the program in a slot; undefined when empty. */
  lookup(index: number): number | undefined {
    const id = this.lookupId(index);
    return id === undefined ? undefined : Number(id);
  }
}

/**
 * Control groups, for bpf_current_task_under_cgroup() and bpf_skb_under_cgroup().
 * @kernel 4.8, BPF_MAP_TYPE_CGROUP_ARRAY (kernel/bpf/arraymap.c)
 */
export class CgroupArrayMap extends DescriptorMap<number> {
  /** `path`: a directory of a mounted cgroup2 file system. @throws {NotFoundError}; {SyscallError} EBADF for any other */
  set(index: number, path: string): void {
    using cgroup = openPath(this.kernel, path, "cgroup");
    this.update(index, cgroup);
  }
}
