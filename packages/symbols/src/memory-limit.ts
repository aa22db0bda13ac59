const HEADER = 8;
const MEMORY_SECTION = 5;

/**
 * A copy of a WebAssembly module whose one memory cannot grow beyond `pages` of 64 KB. The module sets no limit itself.
 * @throws {Error} when there is no such memory
 */
export function withMemoryLimit(module: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  for (let at = HEADER; at < module.length; ) {
    const id = module[at];
    const size = readLeb(module, at + 1);
    const content = size.next;
    const end = content + size.value;
    if (id === MEMORY_SECTION) {
      const [count, flags] = module.subarray(content, content + 2);
      if (count !== 1 || flags !== 0) throw new Error("the module's memory is not as expected");
      const least = readLeb(module, content + 2).value;
      // How many memories; that there is a maximum; minimum and maximum.
      const section = [1, 1, ...leb(least), ...leb(Math.max(least, pages))];
      return Buffer.concat([
        module.subarray(0, at),
        Uint8Array.from([MEMORY_SECTION, ...leb(section.length), ...section]),
        module.subarray(end),
      ]);
    }
    at = end;
  }
  throw new Error("the module has no memory");
}

function readLeb(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7, at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80 || shift > 28) return { value, next: at + 1 };
  }
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
