import type { BpfValue } from "@skep/bpf";
import type { Shape } from "../shapes/shape.ts";

/** The whole number that a value of an integer, enum or bool type is; undefined for anything else. */
export function integerOf(value: BpfValue): number | bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "object" && "value" in value) {
    const { value: number } = value as { readonly value: unknown };
    if (typeof number === "number" || typeof number === "bigint") return number;
  }
  return undefined;
}

/** As a number, exact to 2^53; NaN for what is none. */
export function numberOf(value: BpfValue): number {
  if (typeof value === "number") return value;
  const integer = integerOf(value);
  return integer === undefined ? Number.NaN : Number(integer);
}

/** Of an integer, enum or bool type of at most 64 bits? */
export function isWhole(shape: Shape): boolean {
  return (shape.kind === "integer" && shape.bits <= 64) || shape.kind === "enum" || shape.kind === "bool";
}

/** Bytes of an integer, 0 for other types. */
export function integerBytes(shape: Shape): number {
  return shape.kind === "integer" ? Math.ceil(shape.bits / 8) : 0;
}

/** A number without a name. */
export function unknown(value: BpfValue): string {
  return `unknown:${integerOf(value) ?? "?"}`;
}

/** Length of an array of bytes; undefined for other types. */
export function byteArrayLength(shape: Shape): number | undefined {
  return shape.kind === "array" && shape.element.kind === "integer" && shape.element.bits === 8
    ? shape.length
    : undefined;
}
