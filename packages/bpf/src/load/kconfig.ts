import type { Btf } from "../btf/btf.ts";
import { BtfKind, type BtfType } from "../btf/types.ts";
import { writeInteger } from "../codec/integers.ts";
import { InvalidArgumentError } from "../errors.ts";

/**
 * Writes the value of a kernel configuration option, as it stands in the configuration file, into a `.kconfig` variable.
 * `y`, `m` and `n` go into bool, char and `enum libbpf_tristate`, quoted text into char arrays (cut where it does not fit),
 * numbers into integers.
 * @throws {InvalidArgumentError} when variable and value do not fit each other
 */
export function writeKconfigValue(btf: Btf, typeId: number, name: string, text: string, to: DataView): void {
  const type = btf.skipModifiers(typeId);
  if (/^[ymn]$/.test(text)) writeTristate(type, name, text, to);
  else if (text.startsWith('"')) writeText(btf, type, name, text, to);
  else writeNumber(type, name, parseInteger(name, text), to);
}

function writeTristate(type: BtfType, name: string, text: string, to: DataView): void {
  if (type.kind === BtfKind.Int && type.bool && text !== "m") to.setUint8(0, text === "y" ? 1 : 0);
  else if (type.kind === BtfKind.Int && type.size === 1 && !type.bool) to.setUint8(0, text.charCodeAt(0));
  else if (type.kind === BtfKind.Enum && type.name === "libbpf_tristate" && type.size === 4) {
    to.setInt32(0, { y: 1, m: 2, n: 0 }[text] ?? 0, true);
  } else throw unfit(name, text, "declare it as enum libbpf_tristate");
}

function writeText(btf: Btf, type: BtfType, name: string, text: string, to: DataView): void {
  const element = type.kind === BtfKind.Array ? btf.skipModifiers(type.elementId) : undefined;
  if (element?.kind !== BtfKind.Int || element.size !== 1)
    throw unfit(name, text, "declare it as a char array");
  const bytes = Buffer.from(text.replace(/^"|"$/g, ""), "utf8").subarray(0, Math.max(0, to.byteLength - 1));
  new Uint8Array(to.buffer, to.byteOffset, to.byteLength).set(bytes);
}

/**
 * Writes a number into an integer at the begin of `to`.
 * @throws {InvalidArgumentError} when it is none, or too small
 */
export function writeNumber(type: BtfType, name: string, value: bigint, to: DataView): void {
  if (type.kind !== BtfKind.Int || (type.bool && value !== 0n && value !== 1n)) {
    throw unfit(name, String(value), "declare it as an integer");
  }
  const bits = type.size * 8;
  const kept = type.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (kept !== value)
    throw unfit(name, String(value), `it does not fit ${type.size} bytes: declare it wider`);
  writeInteger(to, 0, type.size, kept, true);
}

function parseInteger(name: string, text: string): bigint {
  try {
    const negative = text.startsWith("-");
    return negative ? -BigInt(text.slice(1)) : BigInt(text);
  } catch (cause) {
    throw new InvalidArgumentError(
      `kernel option ${name} has the unreadable value ${text}`,
      "pass it as a kernel's configuration has it: y, n, m, a number, or a text in quotes",
      { cause },
    );
  }
}

function unfit(name: string, text: string, next: string): InvalidArgumentError {
  return new InvalidArgumentError(`kernel option ${name} is ${text}, which its variable cannot hold`, next);
}
