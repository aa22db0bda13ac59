import type { BpfValue, Btf } from "@skep/bpf";
import type { MemberShape, Shape } from "../shapes/shape.ts";
import type { ClockName, Machine } from "./machine.ts";

/** A decoded struct. */
export type Struct = { readonly [member: string]: BpfValue };

/** How the values of one member are written for people. JSON, CSV and YAML keep the raw value, unless it is `written`. */
export interface Format {
  /** Characters that the values usually take. */
  readonly width: number;
  readonly align: "left" | "right";
  /**
   * Never throws: a value that means nothing becomes `unknown:7`. `record` is the struct that holds the value, for
   * formats that look at its other members. The text may hold what a terminal should not see: `columns.ts` escapes it.
   */
  text(value: BpfValue, record: Struct): string;
  /** For values that take a line each, below the row (stacks); `text` then is a short word for the row itself. */
  lines?(value: BpfValue, record: Struct): readonly string[];
  /** Set when the value is the time of the event. */
  readonly time?: OwnTime;
  /** Set when the value lies in memory as on the wire, or may stand for none. */
  readonly written?: Written;
}

/**
 * What JSON, CSV, YAML, filters and `--sort` have in place of a raw value whose bytes are in network order: as it is, it would say
 * something else on a machine of the other byte order, and nothing to a reader who does not know of which kind this one is. Or in
 * place of one that says that there is none, which nobody could tell from the others.
 */
export interface Written {
  readonly shape: Shape;
  /** Null where there is no value (`@none`). */
  value(value: BpfValue, record: Struct): BpfValue | null;
  /** Set when it may be null. */
  readonly optional?: boolean;
}

/** `written` of an address: its text, as RFCs have it. */
export function writtenText(text: Format["text"]): Written {
  return { shape: { kind: "string", size: 0 }, value: text };
}

/** A point in time that a program took. */
export interface OwnTime {
  readonly clock: ClockName;
  nanoseconds(value: BpfValue): bigint;
}

/** What a format may look at beside the value. */
export interface FormatContext {
  readonly machine: Machine;
  /** Types of the object, for `enum NAME`. */
  readonly btf: Btf | undefined;
  /** Members of the struct that holds the value. */
  readonly siblings: readonly MemberShape[];
}

/**
 * Makes the format for a member's type from the words that follow the format's name (`duration ns` → `["ns"]`).
 * @returns or, when they do not go together, why: the tail of a sentence that begins with the format
 */
export type MakeFormat = (shape: Shape, words: readonly string[], context: FormatContext) => Format | string;
