/**
 * The one door to the machine. Everything above asks through this interface, so that a test can stand in
 * for it and drive every error path. The real one is `linux/koffi.ts`.
 */
export interface Native {
  /**
   * A raw system call with up to six arguments; addresses are plain numbers (user addresses are below 2^47).
   * Returns the result, or `-errno` when the call failed. Never throws for a kernel error.
   */
  syscall(number: number, ...args: readonly (number | bigint)[]): number;
  /**
   * Address of an off-heap buffer's first byte (for nested pointers in syscall arguments). The caller keeps the
   * buffer alive for as long as the kernel may use the address. The bytes must not live on V8's heap: allocate
   * them with `allocate`.
   */
  addressOf(bytes: Uint8Array): number;
  /** Zeroed memory that never moves, suitable for `addressOf`. */
  allocate(size: number): Uint8Array;
  /** A view of `length` bytes of this process's memory. Reading after munmap crashes: keep such views private. */
  view(address: number, length: number): ArrayBuffer;
  /**
   * Calls `callback` from the event loop while `fd` is readable, until disposed; at times also when it is not. One watch per fd.
   * The watch keeps the event loop alive.
   */
  onReadable(fd: number, callback: () => void): Disposable;
}
