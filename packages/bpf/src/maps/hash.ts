import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { EINVAL, ENOTSUPP, EOPNOTSUPP, failedWith } from "../linux/errno.ts";
import { type EntryBatch, entryBatches } from "./iterate.ts";
import { TableMap } from "./table.ts";

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
