import type { Codec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { InvalidArgumentError } from "../errors.ts";
import { HashMap } from "./hash.ts";
import type { BpfMap } from "./map.ts";
import { TableMap } from "./table.ts";

/**
 * One value for each possible CPU (not each that is online): values are arrays, indexed by CPU number.
 * @kernel 4.6, BPF_MAP_TYPE_PERCPU_HASH; 4.10, BPF_MAP_TYPE_LRU_PERCPU_HASH (kernel/bpf/hashtab.c)
 */
export class PerCpuHashMap<K = BpfValue, V = BpfValue> extends HashMap<K, readonly V[]> {
  /** The sum over all CPUs, see {@link sumOverCpus}; undefined when the key does not exist. */
  sum(key: K | BpfInput): V | undefined {
    const values = this.lookup(key);
    return values === undefined ? undefined : sumOverCpus(values);
  }

  /** All entries, each summed over all CPUs. */
  *sums(): Generator<[K, V], void, undefined> {
    for (const [key, values] of this.entries()) yield [key, sumOverCpus(values)];
  }
}

/**
 * An array with one value for each possible CPU: values are arrays, indexed by CPU number.
 * @kernel 4.6, BPF_MAP_TYPE_PERCPU_ARRAY (kernel/bpf/arraymap.c)
 */
export class PerCpuArrayMap<V = BpfValue> extends TableMap<number, readonly V[]> {
  /** The sum over all CPUs, see {@link sumOverCpus}; undefined past the end of the array. */
  sum(index: number): V | undefined {
    const values = this.lookup(index);
    return values === undefined ? undefined : sumOverCpus(values);
  }

  /** All entries, each summed over all CPUs. */
  *sums(): Generator<[number, V], void, undefined> {
    for (const [index, values] of this.entries()) yield [index, sumOverCpus(values)];
  }

  /** Sets every value of every CPU to zeroes. */
  clear(): void {
    const zero = new Uint8Array(this.codecs.value.size);
    for (let index = 0; index < this.maxEntries; index++) this.update(index, zero);
  }
}

/** Whether a map holds one value for each CPU. */
export function isPerCpu(map: BpfMap): map is PerCpuHashMap | PerCpuArrayMap {
  return map instanceof PerCpuHashMap || map instanceof PerCpuArrayMap;
}

/** Bytes from the value of one CPU to that of the next, of values of `size` bytes (kernel/bpf/syscall.c, bpf_map_value_size). */
export function cpuStride(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/**
 * The kernel copies one value for each possible CPU, each rounded up to 8 bytes. Written are all of them: an array of
 * that many values, or all bytes; for anything else encoding throws {@link InvalidArgumentError}.
 */
export function perCpuCodec<V>(one: Codec<V>, cpus: number): Codec<readonly V[]> {
  const stride = cpuStride(one.size);
  const size = stride * cpus;
  return {
    size,
    decode: (view, offset) =>
      Array.from({ length: cpus }, (_, cpu) => one.decode(view, offset + cpu * stride, one.size)),
    encode(values, view, offset) {
      if (values instanceof Uint8Array && values.length === size) {
        new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(values, offset);
        return;
      }
      if (!Array.isArray(values) || values.length !== cpus)
        throw new InvalidArgumentError(
          `a per-CPU map takes ${cpus} values, one for each possible CPU`,
          `pass an array of ${cpus}`,
        );
      for (const [cpu, value] of values.entries()) one.encode(value as BpfInput, view, offset + cpu * stride);
    },
  };
}

/**
 * Adds up what each CPU counted: integers as they are, structs and arrays member by member. What cannot be added (text,
 * enums, booleans) is taken from the first CPU. Bytes without a type are refused.
 * @throws {InvalidArgumentError}
 */
export function sumOverCpus<V>(values: readonly V[]): V {
  const first = values[0];
  if (first === undefined || first instanceof Uint8Array)
    throw new InvalidArgumentError(
      "values without a type cannot be added",
      "give the map's value a BTF type",
    );
  return values.slice(1).reduce((sum: unknown, value: unknown) => add(sum, value), first as unknown) as V;
}

function add(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a === "bigint" && typeof b === "bigint") return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((item, index) => add(item, b[index]));
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a;
  if (Object.isFrozen(a)) return a; // an enum value
  const other = b as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, add(value, other[name])]));
}
