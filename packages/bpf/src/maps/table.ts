import type { Codec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { EINVAL, ENOTSUPP, EOPNOTSUPP, failedWith } from "../linux/errno.ts";
import { type EntryBatch, entryBatches } from "./iterate.ts";
import { BpfMap, type MapHandle } from "./map.ts";
import { BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST } from "./update-flags.ts";

export interface UpdateOptions {
  /** `"create"` fails when the key exists, `"replace"` when it does not. `"any"` unless told. */
  readonly mode?: "any" | "create" | "replace";
  /** Hold the `bpf_spin_lock` in the value meanwhile. @kernel 5.1 */
  readonly lock?: boolean;
}

export interface LookupOptions {
  /** Hold the `bpf_spin_lock` in the value meanwhile. @kernel 5.1 */
  readonly lock?: boolean;
}

/** How the keys and values of a map are read and written; sizes are those that the kernel copies. */
export interface EntryCodecs<K, V> {
  readonly key: Codec<K>;
  readonly value: Codec<V>;
}

const MODES = { any: BPF_ANY, create: BPF_NOEXIST, replace: BPF_EXIST } as const;

/**
 * A map from keys to values: what hashes, arrays, tries and their per-CPU forms share. Keys and values come and go by
 * their BTF types, or as bytes (`Uint8Array`) where the map has none.
 */
export abstract class TableMap<K = BpfValue, V = BpfValue> extends BpfMap {
  protected readonly codecs: EntryCodecs<K, V>;
  readonly #key: Uint8Array;
  readonly #value: Uint8Array;
  readonly #keyView: DataView;
  readonly #valueView: DataView;

  constructor(handle: MapHandle, codecs: EntryCodecs<K, V>) {
    super(handle);
    this.codecs = codecs;
    this.#key = handle.kernel.native.allocate(codecs.key.size);
    this.#value = handle.kernel.native.allocate(codecs.value.size);
    this.#keyView = new DataView(this.#key.buffer, this.#key.byteOffset, this.#key.byteLength);
    this.#valueView = new DataView(this.#value.buffer, this.#value.byteOffset, this.#value.byteLength);
  }

  /** undefined when the key does not exist. @throws {InvalidArgumentError} {SyscallError} {ClosedError} */
  lookup(key: K | BpfInput, options: LookupOptions = {}): V | undefined {
    this.codecs.key.encode(key as BpfInput, this.#keyView, 0);
    return this.#found(() =>
      this.kernel.bpf.mapLookup(this.fd, this.#key, this.#value, options.lock === true ? BPF_F_LOCK : 0),
    );
  }

  /** One system call, as `lookup`. @throws {InvalidArgumentError} {SyscallError} {ClosedError} */
  has(key: K | BpfInput): boolean {
    return this.lookup(key) !== undefined;
  }

  /** @throws {InvalidArgumentError} {SyscallError} E2BIG (full), EEXIST, ENOENT, EPERM (frozen) {ClosedError} */
  update(key: K | BpfInput, value: V | BpfInput, options: UpdateOptions = {}): void {
    this.codecs.key.encode(key as BpfInput, this.#keyView, 0);
    this.codecs.value.encode(value as BpfInput, this.#valueView, 0);
    const flags = MODES[options.mode ?? "any"] | (options.lock === true ? BPF_F_LOCK : 0);
    this.attempt("updating", () => this.kernel.bpf.mapUpdate(this.fd, this.#key, this.#value, flags));
  }

  /**
   * Many updates in few system calls (5.6; before, one by one). Entries before a failing one are in the map.
   * @throws {InvalidArgumentError} before anything is written; {SyscallError} as `update`
   */
  updateAll(entries: Iterable<readonly [key: K | BpfInput, value: V | BpfInput]>): void {
    const all = [...entries];
    const keys = encodeAll(
      this.codecs.key,
      all.map(([key]) => key),
    );
    const values = encodeAll(
      this.codecs.value,
      all.map(([, value]) => value),
    );
    if (all.length === 0) return;
    try {
      this.kernel.bpf.mapUpdateBatch(this.fd, keys, values, all.length);
    } catch (error) {
      if (!failedWith(error, EINVAL, ENOTSUPP, EOPNOTSUPP)) throw this.failure("updating", error);
      for (const [key, value] of all) this.update(key, value);
    }
  }

  /** As `entries`. */
  [Symbol.iterator](): Generator<[K, V], void, undefined> {
    return this.entries();
  }

  /**
   * All entries. One that is there all the time comes exactly once; others, deleted or added meanwhile, once or not at
   * all, also in maps that change while they are read. @throws {SyscallError}
   */
  entries(): Generator<[K, V], void, undefined> {
    return this.decoded(this.batches());
  }

  /** As `entries`, keys only. */
  *keys(): Generator<K, void, undefined> {
    const { key } = this.codecs;
    for (const { keys, count } of this.batches())
      for (let index = 0; index < count; index++) yield key.decode(keys, index * key.size, key.size);
  }

  /** As `entries`, values only. */
  *values(): Generator<V, void, undefined> {
    const { value } = this.codecs;
    for (const { values, count } of this.batches())
      for (let index = 0; index < count; index++) yield value.decode(values, index * value.size, value.size);
  }

  /** As `entries`, without an object for each: the fastest way to read a large map. */
  forEach(callback: (value: V, key: K) => void): void {
    const { key, value } = this.codecs;
    for (const { keys, values, count } of this.batches())
      for (let index = 0; index < count; index++)
        callback(
          value.decode(values, index * value.size, value.size),
          key.decode(keys, index * key.size, key.size),
        );
  }

  /** The bytes of all entries, as the kernel hands them over; each batch is valid until the next. */
  *batches(): Generator<EntryBatch, void, undefined> {
    try {
      yield* entryBatches(this.kernel, this.fd, this.shape());
    } catch (error) {
      throw this.failure("reading", error);
    }
  }

  protected shape(): { keySize: number; valueBytes: number; maxEntries: number } {
    return { keySize: this.codecs.key.size, valueBytes: this.codecs.value.size, maxEntries: this.maxEntries };
  }

  protected *decoded(batches: Iterable<EntryBatch>): Generator<[K, V], void, undefined> {
    const { key, value } = this.codecs;
    for (const { keys, values, count } of batches)
      for (let index = 0; index < count; index++)
        yield [
          key.decode(keys, index * key.size, key.size),
          value.decode(values, index * value.size, value.size),
        ];
  }

  /** Back to back. */
  protected encodeKeys(keys: readonly (K | BpfInput)[]): Uint8Array {
    return encodeAll(this.codecs.key, keys);
  }

  protected encodeKey(key: K | BpfInput): Uint8Array {
    this.codecs.key.encode(key as BpfInput, this.#keyView, 0);
    return this.#key;
  }

  protected takeEncoded(): V | undefined {
    return this.#found(() => this.kernel.bpf.mapLookupAndDelete(this.fd, this.#key, this.#value));
  }

  #found(read: () => boolean): V | undefined {
    if (!this.attempt("reading", read)) return undefined;
    return this.codecs.value.decode(this.#valueView, 0, this.#value.length);
  }
}

function encodeAll(codec: Codec<unknown>, values: readonly unknown[]): Uint8Array {
  const bytes = new Uint8Array(values.length * codec.size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) codec.encode(value as BpfInput, view, index * codec.size);
  return bytes;
}
