import type { BpfAttr } from "./bpf-attr.ts";
import type { BpfCommand } from "./bpf-commands.ts";
import { ENOENT, syscallError } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Native } from "./native.ts";

/** What a batch command wants to be pointed to; the copy in and out is decided per part. */
interface Part {
  readonly bytes: Uint8Array | undefined;
  readonly attrOffset: number;
  readonly input: boolean;
}

/** The commands that move many elements at once. @kernel 5.6, BPF_MAP_LOOKUP_BATCH (kernel/bpf/syscall.c) */
export class BatchCalls {
  readonly #native: Native;
  readonly #attr: BpfAttr;
  #block: Uint8Array;

  constructor(native: Native, attr: BpfAttr) {
    this.#native = native;
    this.#attr = attr;
    this.#block = native.allocate(64 * 1024);
  }

  lookup(
    command: "BPF_MAP_LOOKUP_BATCH" | "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
    map: OwnedFd,
    inBatch: Uint8Array | undefined,
    outBatch: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: number,
    flags: number,
  ): { readonly count: number; readonly done: boolean } {
    const at = this.#place([
      { bytes: inBatch, attrOffset: 0, input: true },
      { bytes: outBatch, attrOffset: 8, input: false },
      { bytes: keys, attrOffset: 16, input: false },
      { bytes: values, attrOffset: 24, input: false },
    ]);
    const result = this.#call(command, map, count, flags);
    // ENOENT ends the map, with as many valid entries as the count says.
    if (result < 0 && result !== -ENOENT) throw syscallError(`bpf(${command})`, -result);
    const got = this.#attr.read(32);
    outBatch.set(this.#block.subarray(at[1], at[1]! + outBatch.length));
    this.#takeEntries(keys, at[2]!, got, count);
    this.#takeEntries(values, at[3]!, got, count);
    return { count: got, done: result === -ENOENT };
  }

  /** A failure throws with nothing said about how far the kernel came. */
  update(map: OwnedFd, keys: Uint8Array, values: Uint8Array, count: number, flags: number): void {
    this.#place([
      { bytes: keys, attrOffset: 16, input: true },
      { bytes: values, attrOffset: 24, input: true },
    ]);
    const result = this.#call("BPF_MAP_UPDATE_BATCH", map, count, flags);
    if (result < 0) throw syscallError("bpf(BPF_MAP_UPDATE_BATCH)", -result);
  }

  delete(map: OwnedFd, keys: Uint8Array, count: number): number {
    this.#place([{ bytes: keys, attrOffset: 16, input: true }]);
    const result = this.#call("BPF_MAP_DELETE_BATCH", map, count, 0);
    if (result < 0 && result !== -ENOENT) throw syscallError("bpf(BPF_MAP_DELETE_BATCH)", -result);
    return this.#attr.read(32);
  }

  #call(command: BpfCommand, map: OwnedFd, count: number, flags: number): number {
    // `elem_flags` (40) belongs to each element (BPF_F_LOCK); `flags` (48) to the batch and must be zero so far.
    return this.#attr.u32(32, count).u32(36, map.raw).u64(40, flags).tryCall(command);
  }

  /** Lays the parts out in the block, copies inputs, sets the pointers. Returns each part's place. */
  #place(parts: readonly Part[]): readonly number[] {
    let size = 0;
    const at = parts.map(({ bytes }) => {
      const start = size;
      size += Math.ceil((bytes?.length ?? 0) / 8) * 8;
      return start;
    });
    if (size > this.#block.length) this.#block = this.#native.allocate(2 ** Math.ceil(Math.log2(size)));
    const base = this.#native.addressOf(this.#block);
    this.#attr.clear();
    parts.forEach(({ bytes, attrOffset, input }, index) => {
      if (bytes === undefined) return;
      if (input) this.#block.set(bytes, at[index]);
      this.#attr.u64(attrOffset, base + at[index]!);
    });
    return at;
  }

  #takeEntries(to: Uint8Array, at: number, got: number, asked: number): void {
    const length = asked === 0 ? 0 : Math.min(to.length, Math.floor(to.length / asked) * got);
    to.set(this.#block.subarray(at, at + length));
  }
}
