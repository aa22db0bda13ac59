import type { Codec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { BpfMap, type MapHandle } from "./map.ts";

const NO_KEY = new Uint8Array(0);

/**
 * A set that may say yes wrongly, but never no. Nothing can be taken out or listed.
 * @kernel 5.16, BPF_MAP_TYPE_BLOOM_FILTER (kernel/bpf/bloom_filter.c)
 */
export class BloomFilterMap<V = BpfValue> extends BpfMap {
  readonly #codec: Codec<V>;
  readonly #value: Uint8Array;

  constructor(handle: MapHandle, codec: Codec<V>) {
    super(handle);
    this.#codec = codec;
    this.#value = handle.kernel.native.allocate(codec.size);
  }

  /** @throws {InvalidArgumentError} {SyscallError} {ClosedError} */
  add(value: V | BpfInput): void {
    this.#encode(value);
    this.attempt("adding to", () => this.kernel.bpf.mapUpdate(this.fd, NO_KEY, this.#value));
  }

  /** False: certainly not added. True: added, or one of the rare false hits. */
  has(value: V | BpfInput): boolean {
    this.#encode(value);
    return this.attempt("reading", () => this.kernel.bpf.mapLookup(this.fd, NO_KEY, this.#value));
  }

  #encode(value: V | BpfInput): void {
    const view = new DataView(this.#value.buffer, this.#value.byteOffset, this.#value.byteLength);
    this.#codec.encode(value as BpfInput, view, 0);
  }
}
