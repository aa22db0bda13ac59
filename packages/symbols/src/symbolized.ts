import type { SourceLine } from "./dwarf/line-table.ts";

/** What an address is, or why nobody can say. A missing name is no error: stacks are full of them. */
export type Symbolized = FoundSymbol | MissingSymbol;

export interface FoundSymbol {
  readonly kind: "found";
  /** The function; names of C++ and Rust as people write them. */
  readonly name: string;
  /** Bytes from the start of the function. */
  readonly offset: bigint;
  /** The file as the process sees it, or the kernel's module; undefined for the kernel itself and for code made at run time. */
  readonly module: string | undefined;
  /**
   * The line in the source, where debug information tells it; of code made at run time the line where the function begins,
   * where its name tells it.
   */
  readonly source?: SourceLine;
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

/**
 * On one line: `main+0x12`, `[unknown] libc.so.6+0x2a1b4`, `[unknown]`; of a function in JavaScript, where most have common names
 * or none, `parse /app/main.js:3`.
 */
export function symbolText(symbol: Symbolized): string {
  if (symbol.kind === "found")
    return symbol.offset === 0n || isScript(symbol)
      ? symbolName(symbol)
      : `${symbol.name}+${hex(symbol.offset)}`;
  const { module, offset } = symbol;
  if (module === undefined) return "[unknown]";
  return `[unknown] ${baseName(module)}${offset === undefined ? "" : `+${hex(offset)}`}`;
}

/** The function alone, for counting by function: `main`, `parse /app/main.js:3`, `[libc.so.6]`, `[unknown]`. */
export function symbolName(symbol: Symbolized): string {
  if (symbol.kind === "found")
    return isScript(symbol) ? `${symbol.name} ${symbol.source.file}:${symbol.source.line}` : symbol.name;
  return symbol.module === undefined ? "[unknown]" : `[${baseName(symbol.module).replace(/^\[|\]$/g, "")}]`;
}

/** The line in the source, `main.c:12`; undefined where unknown, and where `symbolText` has said it. */
export function symbolSource(symbol: Symbolized): string | undefined {
  if (symbol.kind !== "found" || symbol.source === undefined || isScript(symbol)) return undefined;
  return `${baseName(symbol.source.file)}:${symbol.source.line}`;
}

/** Code made at run time, of which is known where it comes from. */
function isScript(symbol: FoundSymbol): symbol is FoundSymbol & { readonly source: SourceLine } {
  return symbol.module === undefined && symbol.source !== undefined;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
