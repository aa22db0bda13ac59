/** Names and paths are shorter (PATH_MAX). */
const MAX_STRING = 4096;

/** Numbers as a guest passes them: i32, or i64 where its language has 64-bit pointers in the API (Go, Rust). */
export type WasmInteger = number | bigint;

/** A pointer or size: unsigned. 64-bit ones above 2^53 are rounded, and outside of any memory either way. */
export function unsigned(value: WasmInteger): number {
  return typeof value === "bigint" ? Number(BigInt.asUintN(64, value)) : value >>> 0;
}

/** A signed 32-bit number. */
export function signed(value: WasmInteger): number {
  return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value | 0;
}

/** An object's number, or flags. */
export function unsigned64(value: WasmInteger): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/**
 * The guest's memory. Every pointer is checked against its size of the moment. Views are for at once: memory that grows
 * leaves them empty.
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** Bytes. */
  get size(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** The guest's own bytes; undefined when they are not all inside its memory. */
  bytes(pointer: number, length: number): Uint8Array | undefined {
    if (this.#memory === undefined || pointer > this.size || length > this.size - pointer) return undefined;
    return new Uint8Array(this.#memory.buffer, pointer, length);
  }

  view(pointer: number, length: number): DataView | undefined {
    const bytes = this.bytes(pointer, length);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  /** Text up to a NUL; undefined when it is none: no NUL within reach, not UTF-8, or out of memory. */
  string(pointer: number): string | undefined {
    const reach = this.bytes(pointer, Math.max(0, Math.min(MAX_STRING, this.size - pointer)));
    const end = reach?.indexOf(0) ?? -1;
    if (reach === undefined || end < 0) return undefined;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(reach.slice(0, end));
    } catch {
      return undefined;
    }
  }
}
