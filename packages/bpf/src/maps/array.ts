import type { BpfValue } from "../codec/decoder.ts";
import { TableMap } from "./table.ts";

/**
 * `maxEntries` values, zero at first, never deleted. Keys are the indexes; an index past the end is simply not found.
 * @kernel 3.19, BPF_MAP_TYPE_ARRAY (kernel/bpf/arraymap.c)
 */
export class ArrayMap<V = BpfValue> extends TableMap<number, V> {
  /** Sets every value to zeroes. */
  clear(): void {
    const zero = new Uint8Array(this.codecs.value.size);
    for (let index = 0; index < this.maxEntries; index++) this.update(index, zero);
  }
}
