import type { Host } from "./host.ts";
import { GuestMemory } from "./memory.ts";

/** What a program calls with an event: context, data, size. */
export type SampleFunction = (context: number, data: number, size: number) => unknown;

/** The program cannot go on. Ends it with a message. */
export class GuestFault extends Error {}

/** The running program: its memory, what it exports, and the way to the host. */
export class Guest {
  readonly host: Host;
  readonly memory = new GuestMemory();
  #exports: WebAssembly.Exports = {};

  constructor(host: Host) {
    this.host = host;
  }

  /** Until then, a module's start function finds no memory. */
  attach(instance: WebAssembly.Instance): void {
    this.#exports = instance.exports;
    this.memory.attach(instance.exports.memory as WebAssembly.Memory);
  }

  /** A function by the number that C has for its address; undefined when there is none. @throws {GuestFault} no table */
  functionAt(index: number): SampleFunction | undefined {
    const table = this.#exports.__indirect_function_table;
    if (!(table instanceof WebAssembly.Table))
      throw new GuestFault(
        "the program polls with a callback, but its module exports no __indirect_function_table: link it with -Wl,--export-table",
      );
    return index < table.length ? ((table.get(index) as SampleFunction | null) ?? undefined) : undefined;
  }

  /** The first of these names that is an exported function. */
  exportedFunction(...names: readonly string[]): SampleFunction | undefined {
    const found = names.map((name) => this.#exports[name]).find((value) => typeof value === "function");
    return found as SampleFunction | undefined;
  }

  /** Tells the user what the program sees as a number only. */
  problem(call: string, message: string): void {
    this.host.say({ say: "problem", call, message });
  }

  /** Says which pointer of which call points outside. */
  badPointer(call: string, what: string, pointer: number, length?: number): void {
    const extent = length === undefined ? "no text that ends" : `${length} bytes do not fit`;
    this.problem(
      call,
      `${what} at 0x${pointer.toString(16)}: ${extent} within the program's memory of ${this.memory.size} bytes`,
    );
  }
}
