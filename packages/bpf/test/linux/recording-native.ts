import type { Native } from "../../src/linux/native.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";

export interface RecordedCall {
  readonly command: number;
  /** The attributes as given to the kernel: as long as the size argument said. */
  readonly attr: Uint8Array;
}

/**
 * A machine without a kernel: remembers each bpf(2) and answers 0. Addresses are invented, memory is real.
 */
export function recordingNative(): Native & {
  readonly calls: readonly RecordedCall[];
  readonly memoryAt: (address: number) => Uint8Array;
} {
  const calls: RecordedCall[] = [];
  const places = new Map<ArrayBufferLike, number>();
  const memory = new Map<number, Uint8Array>();
  let next = 0x7000_0000_0000;
  const addressOf = (bytes: Uint8Array) => (places.get(bytes.buffer) ?? 0) + bytes.byteOffset;
  const memoryAt = (address: number) => {
    for (const [start, bytes] of memory) {
      if (address >= start && address < start + bytes.length) return bytes.subarray(address - start);
    }
    throw new Error(`nothing was allocated at 0x${address.toString(16)}`);
  };
  return {
    calls,
    memoryAt,
    syscall(number, ...[command = 0, address = 0, size = 0]) {
      if (number !== syscallNumbers().bpf) return 0;
      calls.push({ command: Number(command), attr: memoryAt(Number(address)).slice(0, Number(size)) });
      return 100;
    },
    addressOf,
    allocate(size) {
      const bytes = new Uint8Array(new ArrayBuffer(size));
      places.set(bytes.buffer, next);
      memory.set(next, bytes);
      next += size + 4096;
      return bytes;
    },
    view: (address, length) => memoryAt(address).slice(0, length).buffer as ArrayBuffer,
    onReadable: () => ({ [Symbol.dispose]() {} }),
  };
}
