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

  /** Frames of kernel stacks, the innermost of each first. */
  kernelStacks(stacks: readonly (readonly bigint[])[]): Symbolized[][] {
    return atCalls(stacks, (calls) => this.kernel(calls));
  }

  /** Frames of stacks of one process, the innermost of each first. */
  userStacks(pid: number, stacks: readonly (readonly bigint[])[]): Symbolized[][] {
    return atCalls(stacks, (calls) => this.user(pid, calls));
  }

  /** Reads what a process has mapped now, for questions after its end. @returns whether it is known */
  remember(pid: number): boolean {
    return this.#user.remember(pid);
  }
}

/**
 * All frames but the innermost hold the address that a call returns to. After a call that never returns that is the next
 * function: the call itself, a byte before, tells where it was.
 */
function atCalls(
  stacks: readonly (readonly bigint[])[],
  symbolize: (addresses: readonly bigint[]) => Symbolized[],
): Symbolized[][] {
  const shift = (address: bigint, index: number) => (index === 0 || address === 0n ? 0n : 1n);
  const answers = symbolize(
    stacks.flatMap((stack) => stack.map((address, index) => address - shift(address, index))),
  );
  let next = 0;
  return stacks.map((stack) =>
    stack.map((address, index) => {
      const symbol = answers[next++]!;
      return symbol.offset === undefined
        ? symbol
        : { ...symbol, offset: symbol.offset + shift(address, index) };
    }),
  );
}
