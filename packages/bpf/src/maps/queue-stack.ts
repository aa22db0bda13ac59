import type { Codec } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { BpfMap, type MapHandle } from "./map.ts";
import { BPF_ANY, BPF_EXIST } from "./update-flags.ts";

const NO_KEY = new Uint8Array(0);

/**
 * Values without keys: first in, first out in a queue; last in, first out in a stack.
 * @kernel 4.20, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK (kernel/bpf/queue_stack_maps.c)
 */
export class QueueMap<V = BpfValue> extends BpfMap {
  readonly #codec: Codec<V>;
  readonly #value: Uint8Array;
  readonly #view: DataView;

  constructor(handle: MapHandle, codec: Codec<V>) {
    super(handle);
    this.#codec = codec;
    this.#value = handle.kernel.native.allocate(codec.size);
    this.#view = new DataView(this.#value.buffer, this.#value.byteOffset, this.#value.byteLength);
  }

  /** `force` drops the oldest value to make room. @throws {SyscallError} E2BIG when full */
  push(value: V | BpfInput, options: { readonly force?: boolean } = {}): void {
    this.#codec.encode(value as BpfInput, this.#view, 0);
    const flags = options.force === true ? BPF_EXIST : BPF_ANY;
    this.attempt("pushing to", () => this.kernel.bpf.mapUpdate(this.fd, NO_KEY, this.#value, flags));
  }

  /** Takes the next value out; undefined when empty. */
  pop(): V | undefined {
    return this.#read(() => this.kernel.bpf.mapLookupAndDelete(this.fd, NO_KEY, this.#value));
  }

  /** The next value, which stays; undefined when empty. */
  peek(): V | undefined {
    return this.#read(() => this.kernel.bpf.mapLookup(this.fd, NO_KEY, this.#value));
  }

  #read(read: () => boolean): V | undefined {
    if (!this.attempt("reading", read)) return undefined;
    return this.#codec.decode(this.#view, 0, this.#value.length);
  }
}
