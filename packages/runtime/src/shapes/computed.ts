import type { BpfValue } from "@skep/bpf";
import type { MemberShape } from "./shape.ts";

/** A column that is made of others: `ratio = hits / accesses as percent`. */
export interface Computed {
  readonly name: string;
  readonly left: string;
  readonly operator: "+" | "-" | "/";
  readonly right: string;
  /** The text after `as`: a format, or `percent`. */
  readonly format: string | undefined;
}

const ONE = /^(\w+)\s*=\s*(\w+)\s*([-+/])\s*(\w+)(?:\s+as\s+(\S.*))?$/;

/** Reads what follows `@computed`; or says what is wrong with it, in words. */
export function readComputed(text: string): readonly Computed[] | string {
  const all: Computed[] = [];
  for (const part of text.split(",")) {
    const [match, name = "", left = "", operator = "", right = "", format] = ONE.exec(part.trim()) ?? [];
    if (match === undefined)
      return `cannot read ${JSON.stringify(part.trim())}: write NAME = A / B as FORMAT`;
    all.push({ name, left, operator: operator as Computed["operator"], right, format: format?.trim() });
  }
  return all;
}

/** As members that follow those of the struct. */
export function computedMembers(computed: readonly Computed[]): readonly MemberShape[] {
  return computed.map(({ name, operator }) => ({
    name,
    shape: operator === "/" ? { kind: "float", size: 8 } : { kind: "integer", bits: 64, signed: false },
  }));
}

/** A decoded struct. */
type Struct = { readonly [member: string]: BpfValue };

/**
 * Computes the columns of a struct, each from its members and from those before it. Differences of counters are never below
 * zero; a quotient by zero is zero.
 */
export function computedValues(computed: readonly Computed[], struct: Struct): Struct {
  const values: Record<string, BpfValue> = Object.create(null);
  for (const { name, left, operator, right } of computed)
    values[name] = compute(numberIn(left), operator, numberIn(right));
  return values;

  function numberIn(member: string): number | bigint {
    const value = values[member] ?? struct[member];
    return typeof value === "number" || typeof value === "bigint" ? value : 0;
  }
}

function compute(
  left: number | bigint,
  operator: Computed["operator"],
  right: number | bigint,
): number | bigint {
  if (operator === "/") return Number(right) === 0 ? 0 : Number(left) / Number(right);
  const whole = typeof left === "number" && typeof right === "number" ? Number : BigInt;
  const [one, other] = [whole(left), whole(right)] as [number, number];
  if (operator === "+") return one + other;
  return one > other ? one - other : whole(0);
}
