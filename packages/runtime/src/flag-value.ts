import type { Flag } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

/** What a flag's variable is set to. */
export type FlagValue = number | bigint | boolean | string;

/**
 * Reads the text given for a flag and checks it against the variable's C type.
 * @throws {UsageError} that names the flag, the text and what would have fitted
 */
export function parseFlagValue(flag: Flag, text: string): FlagValue {
  const { shape } = flag;
  switch (shape.kind) {
    case "bool":
      return parseBoolean(flag, text);
    case "integer":
      return parseInteger(flag, text, shape.bits, shape.signed);
    case "enum": {
      const named = shape.values.find(({ name }) => name === text);
      if (named !== undefined) return named.value;
      if (/^-?[0-9]/.test(text)) return parseInteger(flag, text, shape.size * 8, shape.signed);
      throw new UsageError(
        `--${flag.name}: there is no ${JSON.stringify(text)}`,
        `give ${namesOf(shape.values)}`,
      );
    }
    case "float":
      return parseFloatingPoint(flag, text);
    case "string":
      return parseText(flag, text, shape.size);
  }
}

function parseBoolean(flag: Flag, text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw new UsageError(
    `--${flag.name}: ${JSON.stringify(text)} is neither true nor false`,
    "give true or false",
  );
}

function parseInteger(flag: Flag, text: string, bits: number, signed: boolean): bigint {
  const match = /^(-?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+|[0-9]+)$/i.exec(text);
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  if (match === null || text.length > 80)
    throw new UsageError(
      `--${flag.name}: ${JSON.stringify(text)} is not an integer`,
      `give a number from ${low} to ${high}, decimal or 0x hexadecimal`,
    );
  const value = match[1] === "-" ? -BigInt(match[2] ?? 0) : BigInt(match[2] ?? 0);
  if (value < low || value > high)
    throw new UsageError(
      `--${flag.name}: ${text} does not fit into ${bits} ${signed ? "signed" : "unsigned"} bits`,
      `give a number from ${low} to ${high}`,
    );
  return value;
}

function parseFloatingPoint(flag: Flag, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new UsageError(
      `--${flag.name}: ${JSON.stringify(text)} is not a number`,
      "give a number such as 0.5",
    );
  return value;
}

function parseText(flag: Flag, text: string, size: number): string {
  const length = new TextEncoder().encode(text).length;
  if (length > size - 1)
    throw new UsageError(
      `--${flag.name}: the text is ${length} bytes long, the variable holds ${size - 1}`,
      "give a shorter text",
    );
  return text;
}

function namesOf(values: readonly { readonly name: string }[]): string {
  const names = values.slice(0, 12).map(({ name }) => name);
  return `one of ${names.join(", ")}${values.length > names.length ? ", …" : ""}, or a number`;
}
