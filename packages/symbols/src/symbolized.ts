/** What an address is, or why nobody can say. A missing name is no error: stacks are full of them. */
export type Symbolized = FoundSymbol | MissingSymbol;

export interface FoundSymbol {
  readonly kind: "found";
  /** The function, as its symbol table spells it. */
  readonly name: string;
  /** Bytes from the start of the function. */
  readonly offset: bigint;
  /** The file as the process sees it, or the kernel's module; undefined for the kernel itself and for code made at run time. */
  readonly module: string | undefined;
}

export interface MissingSymbol {
  readonly kind: "missing";
  readonly reason: MissingReason;
  /** The file that holds the address. */
  readonly module: string | undefined;
  /** The address in that file's own terms, as `addr2line -e FILE` takes it; its byte offset where the file cannot be read. */
  readonly offset: bigint | undefined;
}

export type MissingReason =
  /** Nothing is mapped at the address. */
  | "unmapped"
  /** The file has no symbol for the address: it is stripped, or the address is in no function. */
  | "stripped"
  /** The file cannot be read, or is another one by now. */
  | "unreadable"
  /** Code made at run time that nobody described in a perf map file. */
  | "anonymous"
  /** The process has ended. */
  | "gone"
  /** The kernel hides its addresses from us (kernel.kptr_restrict, CAP_SYSLOG). */
  | "kptr_restrict";

export function missing(reason: MissingReason, module?: string, offset?: bigint): MissingSymbol {
  return { kind: "missing", reason, module, offset };
}

/** On one line: `main+0x12`, `[unknown] libc.so.6+0x2a1b4`, `[unknown]`. */
export function symbolText(symbol: Symbolized): string {
  if (symbol.kind === "found")
    return symbol.offset === 0n ? symbol.name : `${symbol.name}+${hex(symbol.offset)}`;
  const { module, offset } = symbol;
  if (module === undefined) return "[unknown]";
  return `[unknown] ${baseName(module)}${offset === undefined ? "" : `+${hex(offset)}`}`;
}

/** The function alone, for counting by function: `main`, `[libc.so.6]`, `[unknown]`. */
export function symbolName(symbol: Symbolized): string {
  if (symbol.kind === "found") return symbol.name;
  return symbol.module === undefined ? "[unknown]" : `[${baseName(symbol.module).replace(/^\[|\]$/g, "")}]`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
