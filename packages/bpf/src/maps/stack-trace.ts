import { InvalidArgumentError } from "../errors.ts";
import { BPF_F_STACK_BUILD_ID } from "../spec/map-flags.ts";
import { allKeys } from "./iterate.ts";
import { BpfMap } from "./map.ts";

/** A frame of a stack that was kept by build id (BPF_F_STACK_BUILD_ID). */
export type BuildIdFrame =
  | { readonly kind: "file"; readonly buildId: string; readonly offset: bigint }
  /** The file has no build id, or was not in memory. */
  | { readonly kind: "address"; readonly address: bigint };

const BUILD_ID_FRAME = 32; // struct bpf_stack_build_id
const BUILD_ID_BYTES = 20;
const VALID = 1;
const IP = 2;

/**
 * Stacks, found by the ids that bpf_get_stackid() gave. Negative ids are error numbers: no stack was taken (-EFAULT),
 * or its place was taken by another (-EEXIST).
 * @kernel 4.6, BPF_MAP_TYPE_STACK_TRACE (kernel/bpf/stackmap.c)
 */
export class StackTraceMap extends BpfMap {
  /** Addresses from the innermost frame outwards; undefined when the map does not hold this id. */
  lookup(id: number): readonly bigint[] | undefined {
    if ((this.flags & BPF_F_STACK_BUILD_ID) !== 0)
      throw new InvalidArgumentError(`map ${this.name} holds build ids`, "use lookupBuildIds()");
    const view = this.#read(id);
    if (view === undefined) return undefined;
    const addresses: bigint[] = [];
    for (let at = 0; at + 8 <= view.byteLength; at += 8) {
      const address = view.getBigUint64(at, true);
      if (address === 0n) break;
      addresses.push(address);
    }
    return addresses;
  }

  /** Frames of a user stack, from the innermost outwards. @kernel 4.17, BPF_F_STACK_BUILD_ID */
  lookupBuildIds(id: number): readonly BuildIdFrame[] | undefined {
    if ((this.flags & BPF_F_STACK_BUILD_ID) === 0)
      throw new InvalidArgumentError(`map ${this.name} holds addresses`, "use lookup()");
    const view = this.#read(id);
    if (view === undefined) return undefined;
    const frames: BuildIdFrame[] = [];
    for (let at = 0; at + BUILD_ID_FRAME <= view.byteLength; at += BUILD_ID_FRAME) {
      const status = view.getInt32(at, true);
      if (status !== VALID && status !== IP) break;
      const value = view.getBigUint64(at + 24, true);
      const bytes = Buffer.from(view.buffer, view.byteOffset + at + 4, BUILD_ID_BYTES);
      if (status === IP) frames.push({ kind: "address", address: value });
      else frames.push({ kind: "file", buildId: bytes.toString("hex"), offset: value });
    }
    return frames;
  }

  /** Ids of all stacks held now. */
  ids(): readonly number[] {
    const { kernel, fd, keySize, maxEntries } = this;
    const keys = this.attempt("reading", () => allKeys(kernel, fd, keySize, maxEntries));
    return keys.map((key) => new DataView(key.buffer, key.byteOffset).getUint32(0, true));
  }

  /** False when the map does not hold this id. */
  delete(id: number): boolean {
    if (id < 0) return false;
    return this.attempt("deleting from", () => this.kernel.bpf.mapDelete(this.fd, this.#key(id)));
  }

  /** Deletes all stacks held now. */
  clear(): void {
    for (const id of this.ids()) this.delete(id);
  }

  #read(id: number): DataView | undefined {
    if (id < 0) return undefined;
    const value = this.kernel.native.allocate(this.valueSize);
    const found = this.attempt("reading", () => this.kernel.bpf.mapLookup(this.fd, this.#key(id), value));
    if (!found) return undefined;
    return new DataView(value.buffer, value.byteOffset, value.byteLength);
  }

  #key(id: number): Uint8Array {
    const key = this.kernel.native.allocate(4);
    new DataView(key.buffer, key.byteOffset).setUint32(0, id, true);
    return key;
  }
}
