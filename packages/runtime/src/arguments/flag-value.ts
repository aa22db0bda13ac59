import { enumeratorNamed, shortNames } from "../shapes/enum-names.ts";
import type { EnumeratorShape } from "../shapes/shape.ts";
import { UsageError } from "../usage-error.ts";
import { writtenKind, writtenValue } from "./flag-formats.ts";
import type { FlagShape } from "./flags.ts";

/** What a variable, or an element of a map, is set to. */
export type FlagValue = number | bigint | boolean | string;

/** Something that takes a value from the command line. */
export interface ValueTaker {
  /** As written after `--`. */
  readonly name: string;
  readonly shape: FlagShape;
  /** The text of its `@format`. */
  readonly format: string | undefined;
}

/**
 * Reads the text given for a flag in the words of its format (`10ms`, `64k`) or as plain C would have it, and checks it
 * against the variable's type.
 * @throws {UsageError} that names the flag, the text and what would have fitted
 */
export function parseFlagValue(flag: ValueTaker, text: string): FlagValue {
  const { shape } = flag;
  const written = flag.format === undefined ? undefined : writtenValue(flag, flag.format, text);
  switch (shape.kind) {
    case "bool":
      return parseBoolean(flag, text);
    case "integer":
      return fitting(flag, text, written ?? parseInteger(flag, text, shape), shape);
    case "enum": {
      const bounds = { bits: shape.size * 8, signed: shape.signed };
      const named = enumeratorNamed(shape.values, text);
      if (named !== undefined) return named;
      if (/^-?[0-9]/.test(text)) return fitting(flag, text, parseInteger(flag, text, bounds), bounds);
      throw new UsageError(
        `--${flag.name}: there is no ${JSON.stringify(text)}`,
        `give ${namesOf(shape.values)}`,
      );
    }
    case "float":
      return parseFloatingPoint(flag, written === undefined ? text : String(written), shape.size);
    case "string":
      return parseText(flag, text, shape.size);
  }
}

interface Bounds {
  readonly bits: number;
  readonly signed: boolean;
}

function limits({ bits, signed }: Bounds): readonly [low: bigint, high: bigint] {
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  return [low, (1n << BigInt(signed ? bits - 1 : bits)) - 1n];
}

function parseBoolean(flag: ValueTaker, text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw new UsageError(
    `--${flag.name}: ${JSON.stringify(text)} is neither true nor false`,
    "give true or false",
  );
}

function parseInteger(flag: ValueTaker, text: string, bounds: Bounds): bigint {
  const match = /^(-?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+|[0-9]+)$/i.exec(text);
  if (match !== null && text.length <= 140)
    return match[1] === "-" ? -BigInt(match[2] ?? 0) : BigInt(match[2] ?? 0);
  const [low, high] = limits(bounds);
  const { kind, example } = writtenKind(flag.format) ?? {};
  throw new UsageError(
    `--${flag.name}: ${JSON.stringify(text)} is not ${kind ?? "an integer"}`,
    example === undefined
      ? `give a number from ${low} to ${high}, decimal or 0x hexadecimal`
      : `give one such as ${example}, or a number`,
  );
}

function fitting(flag: ValueTaker, text: string, value: bigint, bounds: Bounds): bigint {
  const [low, high] = limits(bounds);
  if (value >= low && value <= high) return value;
  throw new UsageError(
    `--${flag.name}: ${text} does not fit into ${bounds.bits} ${bounds.signed ? "signed" : "unsigned"} bits`,
    `give a number from ${low} to ${high}`,
  );
}

function parseFloatingPoint(flag: ValueTaker, text: string, size: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new UsageError(
      `--${flag.name}: ${JSON.stringify(text)} is not a number`,
      "give a number such as 0.5",
    );
  if (size === 4 && !Number.isFinite(Math.fround(value)))
    throw new UsageError(
      `--${flag.name}: ${text} does not fit into a float`,
      "give a number from -3.4e38 to 3.4e38",
    );
  return value;
}

function parseText(flag: ValueTaker, text: string, size: number): string {
  const { length } = new TextEncoder().encode(text);
  if (length > size - 1)
    throw new UsageError(
      `--${flag.name}: the text is ${length} bytes long, the variable holds ${size - 1}`,
      "give a shorter text",
    );
  if (text.includes("\0")) throw new UsageError(`--${flag.name}: the text has a NUL in it`, "leave it out");
  return text;
}

function namesOf(values: readonly EnumeratorShape[]): string {
  const names = shortNames(values).slice(0, 12);
  return `one of ${names.join(", ")}${values.length > names.length ? ", …" : ""}, or a number`;
}
