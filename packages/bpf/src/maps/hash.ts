import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { EINVAL, ENOTSUPP, EOPNOTSUPP, failedWith } from "../linux/errno.ts";
import { type EntryBatch, entryBatches } from "./iterate.ts";
import { TableMap } from "./table.ts";

/** Keys in one system call. One that does not exist ends the call, and those after it are handed over anew. */
const MAX_DELETED = 4096;

/**
 * Any key, any value; entries come and go. An LRU hash makes room by itself, by dropping entries not used lately.
 * @kernel 3.19, BPF_MAP_TYPE_HASH; 4.10, BPF_MAP_TYPE_LRU_HASH (kernel/bpf/hashtab.c)
 */
export class HashMap<K = BpfValue, V = BpfValue> extends TableMap<K, V> {
  /** False when the key did not exist. @throws {SyscallError} {ClosedError} */
  delete(key: K | BpfInput): boolean {
    const bytes = this.encodeKey(key);
    return this.attempt("deleting from", () => this.kernel.bpf.mapDelete(this.fd, bytes));
  }

  /**
   * Many deletions in few system calls (5.6; before, one by one). Keys that do not exist are passed over.
   * @returns how many did exist @throws {InvalidArgumentError} before anything is deleted; {SyscallError} {ClosedError}
   */
  deleteAll(keys: Iterable<K | BpfInput>): number {
    const all = [...keys];
    const bytes = this.encodeKeys(all);
    try {
      return this.#deleteBatches(bytes, all.length);
    } catch (error) {
      if (!failedWith(error, EINVAL, ENOTSUPP, EOPNOTSUPP)) throw this.failure("deleting from", error);
      return all.filter((key) => this.delete(key)).length;
    }
  }

  #deleteBatches(keys: Uint8Array, count: number): number {
    const { size } = this.codecs.key;
    let deleted = 0;
    for (let at = 0; at < count; ) {
      const asked = Math.min(count - at, MAX_DELETED);
      const some = keys.subarray(at * size, (at + asked) * size);
      const here = this.kernel.bpf.mapDeleteBatch(this.fd, some, asked);
      deleted += here;
      // Fewer than asked: the key after these does not exist.
      at += here < asked ? here + 1 : here;
    }
    return deleted;
  }

  /** Looks up and deletes; in one step since 5.14, before that a program may change the value in between. */
  take(key: K | BpfInput): V | undefined {
    this.encodeKey(key);
    try {
      return this.takeEncoded();
    } catch (error) {
      if (!failedWith(error, EINVAL, ENOTSUPP, EOPNOTSUPP)) throw error;
      const value = this.lookup(key);
      return value !== undefined && this.delete(key) ? value : undefined;
    }
  }

  /** All entries, which are deleted as they are read: many for each system call since 5.6. */
  takeAll(): Generator<[K, V], void, undefined> {
    return this.decoded(this.takeBatches());
  }

  /** Deletes all entries; those added meanwhile may stay. */
  clear(): void {
    for (const _ of this.takeBatches());
  }

  /** As `batches`, deleting what is read. */
  *takeBatches(): Generator<EntryBatch, void, undefined> {
    try {
      yield* entryBatches(this.kernel, this.fd, this.shape(), { andDelete: true });
    } catch (error) {
      throw this.failure("reading", error);
    }
  }
}
