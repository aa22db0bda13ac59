import type { Codec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { ENOENT, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { allKeys } from "./iterate.ts";
import { BpfMap, type MapHandle } from "./map.ts";

/** Makes a map object of an inner map's descriptor. */
export type OpenInner = (fd: OwnedFd) => BpfMap;

/**
 * A map of maps. All inner maps are shaped like the template the outer map was made with.
 * @kernel 4.12, BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS (kernel/bpf/map_in_map.c)
 */
export class MapOfMaps<K = BpfValue> extends BpfMap {
  readonly #key: Codec<K>;
  readonly #open: OpenInner;

  constructor(handle: MapHandle, key: Codec<K>, open: OpenInner) {
    super(handle);
    this.#key = key;
    this.#open = open;
  }

  /** Opens the inner map at a key; the caller closes it. undefined when there is none, or none any more. */
  lookup(key: K | BpfInput): BpfMap | undefined {
    const id = this.lookupId(key);
    if (id === undefined) return undefined;
    try {
      return this.#open(this.kernel.bpf.fdById("map", id));
    } catch (error) {
      // Replaced between the two calls.
      if (failedWith(error, ENOENT)) return undefined;
      throw this.failure("opening an inner map of", error);
    }
  }

  /** Kernel's id of the inner map at a key; undefined when there is none. */
  lookupId(key: K | BpfInput): number | undefined {
    const value = this.kernel.native.allocate(4);
    const at = this.#encode(key);
    if (!this.attempt("reading", () => this.kernel.bpf.mapLookup(this.fd, at, value))) return undefined;
    return new DataView(value.buffer, value.byteOffset).getUint32(0, true);
  }

  /** Puts a map in; the kernel keeps it alive from then on. @throws {SyscallError} EINVAL when its shape differs */
  update(key: K | BpfInput, inner: BpfMap): void {
    const value = this.kernel.native.allocate(4);
    new DataView(value.buffer, value.byteOffset).setInt32(0, inner.fd.raw, true);
    const at = this.#encode(key);
    this.attempt("updating", () => this.kernel.bpf.mapUpdate(this.fd, at, value));
  }

  /** False when there was none. */
  delete(key: K | BpfInput): boolean {
    const at = this.#encode(key);
    return this.attempt("deleting from", () => this.kernel.bpf.mapDelete(this.fd, at));
  }

  /** Keys that hold a map, and the kernel's ids of those. */
  *ids(): Generator<[K, number], void, undefined> {
    const { kernel, fd, keySize, maxEntries } = this;
    for (const bytes of this.attempt("reading", () => allKeys(kernel, fd, keySize, maxEntries))) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const id = this.lookupId(bytes);
      if (id !== undefined) yield [this.#key.decode(view, 0, bytes.length), id];
    }
  }

  #encode(key: K | BpfInput): Uint8Array {
    const bytes = this.kernel.native.allocate(this.#key.size);
    this.#key.encode(key as BpfInput, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
    return bytes;
  }
}
