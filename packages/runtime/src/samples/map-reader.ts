import {
  ArrayMap,
  type BpfMap,
  type BpfValue,
  cpuStride,
  HashMap,
  hostKernel,
  isPerCpu,
  NotImplementedError,
  PerCpuArrayMap,
  TableMap,
} from "@skep/bpf";
import { growth, isCounting, isZero, sum } from "./counters.ts";
import type { EntryType } from "./entry-types.ts";

/** One entry of a map, as a look at it shows it. */
export interface Entry {
  readonly key: BpfValue;
  readonly value: BpfValue;
  /** Whose share the value is, when CPUs are shown apart. */
  readonly cpu?: number;
}

export interface ReadOptions {
  readonly key: EntryType;
  readonly value: EntryType;
  /** Show what came since the last look, and take entries out. */
  readonly clear: boolean;
  /** Keep CPUs apart. */
  readonly perCpu: boolean;
  /** Follow counters from look to look, so that they count on when the kernel's 32 bits have wrapped around. */
  readonly widen: boolean;
}

/** An entry's shares (one, or one for each CPU) as they were, and as they add up since the first look. */
interface Known {
  readonly shares: readonly BpfValue[];
  readonly totals: readonly BpfValue[];
}

/**
 * Looks at a map again and again. Clearing a map of counters does not reset them, for a program that is just adding to one
 * would add to something that nobody reads any more: shown is how much they grew, and entries that did not grow since the last
 * look are taken out. Each count so shows once, in one look. Values of other kinds are taken out as they are read.
 */
export class MapReader {
  readonly #map: TableMap;
  readonly #options: ReadOptions;
  readonly #cpus: number;
  readonly #counting: boolean;
  #known = new Map<string, Known>();

  /** @throws {NotImplementedError} for a map without entries */
  constructor(map: BpfMap, options: ReadOptions) {
    if (!(map instanceof TableMap))
      throw new NotImplementedError(
        `${map.typeName} ${map.name} has no entries to sample`,
        "sample a hash or an array",
      );
    this.#map = map;
    this.#options = options;
    this.#cpus = isPerCpu(map) ? hostKernel().possibleCpus : 0;
    this.#counting = (options.clear || options.widen) && isCounting(options.value.shape);
  }

  /** Every entry that has something to show. @throws {SyscallError} */
  read(): Entry[] {
    if (this.#counting) return this.#readCounters();
    return this.#options.clear
      ? this.#take()
      : [...this.#entries()].flatMap(({ key, shares }) => this.#shown(key, shares));
  }

  #readCounters(): Entry[] {
    const { clear, value } = this.#options;
    const { shape } = value;
    const known = new Map<string, Known>();
    const entries: Entry[] = [];
    const idle: {
      readonly bytes: Uint8Array;
      readonly key: BpfValue;
      readonly shares: readonly BpfValue[];
    }[] = [];
    for (const { bytes, key, shares } of this.#entries()) {
      const id = latin1(bytes);
      const before = this.#known.get(id);
      const grown = shares.map((share, index) => growth(shape, share, before?.shares[index]));
      const totals = clear ? grown : grown.map((share, index) => sum(shape, share, before?.totals[index]));
      const still = grown.every((share) => isZero(shape, share));
      // An entry that is new and zero is about to be counted in.
      if (clear && still && before !== undefined && this.#map instanceof HashMap)
        idle.push({ bytes, key, shares });
      else known.set(id, { shares, totals });
      if (!clear || !still) entries.push(...this.#shown(key, totals));
    }
    this.#known = known;
    for (const { bytes, key, shares } of idle) entries.push(...this.#takeIdle(bytes, key, shares));
    return entries;
  }

  /** Between the look and the taking out something may have been counted after all. */
  #takeIdle(bytes: Uint8Array, key: BpfValue, shares: readonly BpfValue[]): Entry[] {
    const { value } = this.#options;
    const { shape } = value;
    const map = this.#map as HashMap;
    const last = map.take(bytes);
    if (last === undefined) return [];
    const now = (this.#cpus === 0 ? [last] : (last as readonly (BpfValue | Uint8Array)[])).map((share) =>
      share instanceof Uint8Array ? value.decode(viewOf(share), 0) : share,
    );
    const grown = now.map((share, index) => growth(shape, share, shares[index]));
    return grown.every((share) => isZero(shape, share)) ? [] : this.#shown(key, grown);
  }

  /** Values that are no counters leave the map as they are read. */
  #take(): Entry[] {
    const map = this.#map;
    if (map instanceof HashMap)
      return [...this.#entries(map.takeBatches())].flatMap(({ key, shares }) => this.#shown(key, shares));
    const { shape } = this.#options.value;
    const zero = new Uint8Array(this.#valueBytes());
    const used = [...this.#entries()].filter(({ shares }) => !shares.every((share) => isZero(shape, share)));
    if (map instanceof ArrayMap || map instanceof PerCpuArrayMap)
      map.updateAll(used.map(({ bytes }) => [bytes, zero] as never));
    return used.flatMap(({ key, shares }) => this.#shown(key, shares));
  }

  #shown(key: BpfValue, shares: readonly BpfValue[]): Entry[] {
    const [first] = shares;
    if (first === undefined) return [];
    const { perCpu, value } = this.#options;
    if (this.#cpus > 0 && perCpu) return shares.map((share, cpu) => ({ key, value: share, cpu }));
    return [{ key, value: shares.slice(1).reduce((total, share) => sum(value.shape, total, share), first) }];
  }

  *#entries(batches = this.#map.batches()) {
    const { key, value } = this.#options;
    const bytesOfValue = this.#valueBytes();
    const share = cpuStride(value.size);
    for (const { keys, values, count } of batches)
      for (let index = 0; index < count; index++) {
        const bytes = new Uint8Array(keys.buffer, keys.byteOffset + index * key.size, key.size).slice();
        const at = index * bytesOfValue;
        const shares =
          this.#cpus === 0
            ? [value.decode(values, at)]
            : Array.from({ length: this.#cpus }, (_, cpu) => value.decode(values, at + cpu * share));
        yield { bytes, key: key.decode(keys, index * key.size), shares };
      }
  }

  #valueBytes(): number {
    const { size } = this.#options.value;
    return this.#cpus === 0 ? size : cpuStride(size) * this.#cpus;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
