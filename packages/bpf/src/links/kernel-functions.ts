import { PermissionError } from "../errors.ts";
import type { Kernel } from "../linux/kernel.ts";
import { readLinesIfPossible } from "../linux/read-file.ts";

/** A function that ftrace can attach to; the address is known since Linux 6.5. */
export interface TraceableFunction {
  readonly name: string;
  readonly address: bigint | undefined;
}

/**
 * What kprobe.multi may attach to, from tracefs.
 * @throws {PermissionError} where the list may not be read (kernel lockdown, or not root)
 */
export function traceableFunctions(kernel: Kernel): readonly TraceableFunction[] {
  const withAddresses = readLinesIfPossible(
    kernel.files,
    `${kernel.tracefs}/available_filter_functions_addrs`,
  );
  if (withAddresses !== undefined) return withAddresses.map(parseAddressed);
  const names = readLinesIfPossible(kernel.files, `${kernel.tracefs}/available_filter_functions`);
  if (names === undefined) {
    throw new PermissionError(
      `not allowed to read ${kernel.tracefs}/available_filter_functions`,
      "run as root; where the kernel forbids it even then, name functions one by one instead of by a pattern",
    );
  }
  return names.map((line) => ({ name: line.split(" ", 1)[0] ?? "", address: undefined }));
}

/** Names of kernel functions, for suggestions only: empty when nothing may be read. */
export function knownFunctionNames(kernel: Kernel): readonly string[] {
  try {
    return traceableFunctions(kernel).map((entry) => entry.name);
  } catch {
    return textSymbols(kernel);
  }
}

/** Kernel text symbols of /proc/kallsyms: `address type name [module]`. */
function textSymbols(kernel: Kernel): readonly string[] {
  const lines = readLinesIfPossible(kernel.files, "/proc/kallsyms") ?? [];
  return lines.flatMap((line) => {
    const [, type, name] = line.split(/[ \t]/, 3);
    return name !== undefined && (type === "t" || type === "T") ? [name] : [];
  });
}

function parseAddressed(line: string): TraceableFunction {
  const [address = "0", name = ""] = line.split(" ", 2);
  return { name, address: BigInt(`0x${address}`) };
}
