import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import { isProbeable, mappedBinary } from "@skep/bpf";

/**
 * Of the binaries that may hold a function the first that does. For one process that is the program it runs, where that is of the
 * name, wherever it lies (a container has its own, an updated one is deleted), or the library that it has loaded. When none
 * does, the first: the attempt to probe it says what is wrong.
 * @param binaries paths and names, as for a uprobe
 */
export function chooseBinary(binaries: readonly string[], symbol: string, pid: number | undefined): string {
  const places = pid === undefined ? binaries : binaries.flatMap((binary) => inProcess(binary, pid) ?? []);
  return places.find((place) => isProbeable(`${place}:${symbol}`, pid)) ?? places[0] ?? binaries[0] ?? "";
}

function inProcess(binary: string, pid: number): string | undefined {
  const program = `/proc/${pid}/exe`;
  return runs(program) === basename(binary) ? program : mappedBinary(basename(binary), pid);
}

/** The name of a process's program; undefined when it is gone. */
function runs(program: string): string | undefined {
  try {
    return basename(readlinkSync(program).replace(/ \(deleted\)$/, ""));
  } catch {
    return undefined;
  }
}
