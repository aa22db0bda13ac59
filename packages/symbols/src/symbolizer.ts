import { KernelSymbols } from "./kernel/kernel-symbols.ts";
import type { Symbolized } from "./symbolized.ts";
import { UserSymbols } from "./user/user-symbols.ts";

/**
 * Names for addresses of this machine. Everything is read when first needed and kept within bounds. An address that cannot be
 * named is told why; a name is given only when it is right.
 */
export class Symbolizer {
  readonly #kernel: KernelSymbols;
  readonly #user: UserSymbols;

  constructor(kernel = new KernelSymbols(), user = new UserSymbols()) {
    this.#kernel = kernel;
    this.#user = user;
  }

  /** Addresses of the kernel, its modules and BPF programs; one answer for each, in their order. */
  kernel(addresses: readonly bigint[]): Symbolized[] {
    return this.#kernel.symbolize(addresses);
  }

  /** Addresses in the memory of a process; one answer for each, in their order. */
  user(pid: number, addresses: readonly bigint[]): Symbolized[] {
    return this.#user.symbolize(pid, addresses);
  }

  /** Frames of a kernel stack, the innermost first. */
  kernelStack(addresses: readonly bigint[]): Symbolized[] {
    return atCalls(addresses, (calls) => this.kernel(calls));
  }

  /** Frames of a stack of a process, the innermost first. */
  userStack(pid: number, addresses: readonly bigint[]): Symbolized[] {
    return atCalls(addresses, (calls) => this.user(pid, calls));
  }
}

/**
 * All frames but the innermost hold the address that a call returns to. After a call that never returns that is the next
 * function: the call itself, a byte before, tells where it was.
 */
function atCalls(
  addresses: readonly bigint[],
  symbolize: (addresses: readonly bigint[]) => Symbolized[],
): Symbolized[] {
  const calls = addresses.map((address, index) => (index === 0 || address === 0n ? address : address - 1n));
  return symbolize(calls).map((symbol, index) => {
    if (index === 0 || symbol.offset === undefined || addresses[index] === 0n) return symbol;
    return { ...symbol, offset: symbol.offset + 1n };
  });
}
