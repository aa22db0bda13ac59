import { BPF_COMMAND, type BpfCommand } from "../../src/linux/bpf-commands.ts";
import type { Native } from "../../src/linux/native.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";

export interface Fault {
  /** The bpf(2) command, or any other system call by number. */
  readonly command?: BpfCommand;
  readonly syscall?: number;
  readonly errno: number;
  /** How often it fails before the real answer comes; for ever by default. */
  readonly times?: number;
}

/** The real thing, except that one call fails. `seen` counts how often that call was made. */
export function withFault(inner: Native, fault: Fault): Native & { readonly seen: () => number } {
  const number = fault.syscall ?? syscallNumbers().bpf;
  let seen = 0;
  const hit = (called: number, first: unknown) =>
    called === number && (fault.command === undefined || first === BPF_COMMAND[fault.command]);
  return {
    ...inner,
    seen: () => seen,
    syscall(called, ...args) {
      if (!hit(called, args[0])) return inner.syscall(called, ...args);
      seen++;
      return seen <= (fault.times ?? Number.POSITIVE_INFINITY)
        ? -fault.errno
        : inner.syscall(called, ...args);
    },
  };
}
