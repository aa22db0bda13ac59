import type { Btf } from "../btf/btf.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { EnumValue } from "./enum-table.ts";
import { bitSpan, writeBits, writeInteger } from "./integers.ts";
import { type BitRange, type EnumLayout, type Layout, layoutOf, type RecordLayout } from "./layout.ts";
import { textBytes } from "./text.ts";

/**
 * What an encoder takes. Wherever an integer belongs: a number, a bigint, a boolean, a decimal or `0x` string; for
 * enums also an enumerator's name or an `EnumValue`. Any type may be given as its bytes.
 */
export type BpfInput =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | EnumValue
  | readonly BpfInput[]
  | { readonly [member: string]: BpfInput | undefined };

/** The inverse of a decoder: what a decoder gave, the encoder takes. */
export interface Encoder {
  /** Bytes written; a flexible array at the end has none. */
  readonly size: number;
  /**
   * Writes `size` bytes at `offset`. Padding and members that are not given become zero, as in a C initialiser. Of a union,
   * the members given are written one over the other, in order of declaration. `what` is the value's name in messages: its
   * type's unless told.
   * @throws {InvalidArgumentError} that names the member, for values that do not fit and members that do not exist
   */
  encode(value: BpfInput, view: DataView, offset: number, what?: string): void;
}

const known = new WeakMap<Btf, Map<number, Encoder>>();

/** The encoder of a BTF type. @throws {MalformedError} */
export function encoderOf(btf: Btf, typeId: number): Encoder {
  let encoders = known.get(btf);
  if (encoders === undefined) {
    encoders = new Map();
    known.set(btf, encoders);
  }
  let encoder = encoders.get(typeId);
  if (encoder === undefined) {
    const layout = layoutOf(btf, typeId);
    const name = btf.nameOf(typeId) || "value";
    encoder = {
      size: layout.size,
      encode(value, view, offset, what = name) {
        if (offset < 0 || layout.size > view.byteLength - offset)
          throw invalid(what, `needs ${layout.size} bytes at ${offset} of ${view.byteLength}`);
        zero(view, offset, layout.size);
        new Writer(view, btf.littleEndian).write(layout, value, offset, what);
      },
    };
    encoders.set(typeId, encoder);
  }
  return encoder;
}

class Writer {
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(view: DataView, littleEndian: boolean) {
    this.#view = view;
    this.#little = littleEndian;
  }

  /** `path` names the value in messages: `event.args[2]`. */
  write(layout: Layout, value: BpfInput, offset: number, path: string): void {
    if (value instanceof Uint8Array && layout.kind !== "text") {
      if (value.length !== layout.size)
        throw invalid(path, `takes ${layout.size} bytes, ${value.length} were given`);
      writableBytes(this.#view).set(value, offset);
      return;
    }
    switch (layout.kind) {
      case "int":
      case "bool":
      case "enum":
        if (layout.kind === "int" && layout.bits !== undefined)
          this.#bits(layout, layout.bits, value, offset, path);
        else this.#integer(layout, value, offset, path);
        break;
      case "float":
        this.#float(layout.size, value, offset, path);
        break;
      case "text":
        this.#text(layout.size, value, offset, path);
        break;
      case "array":
        if (!Array.isArray(value) || value.length !== layout.length)
          throw invalid(path, `takes an array of ${layout.length}, ${describe(value)} was given`);
        for (const [index, item] of value.entries())
          this.write(layout.element, item, offset + index * layout.element.size, `${path}[${index}]`);
        break;
      case "record":
        this.#record(layout, value, offset, path);
    }
  }

  #record(layout: RecordLayout, value: BpfInput, offset: number, path: string): void {
    if (typeof value !== "object" || Array.isArray(value) || value === null)
      throw invalid(path, `takes an object, ${describe(value)} was given`);
    const members = value as { readonly [member: string]: BpfInput | undefined };
    const names = new Set(layout.fields.map((field) => field.name));
    for (const name of Object.keys(members))
      if (!names.has(name)) throw invalid(path, `has no member ${name}; it has ${[...names].join(", ")}`);
    for (const field of layout.fields) {
      if (!Object.hasOwn(members, field.name)) continue;
      const member = members[field.name];
      if (member === undefined) continue;
      const memberPath = `${path}.${field.name}`;
      if (field.bits !== undefined) this.#bits(field.layout, field.bits, member, offset, memberPath);
      else this.write(field.layout, member, offset + field.offset, memberPath);
    }
  }

  #integer(layout: Layout, value: BpfInput, offset: number, path: string): void {
    const integer = toInteger(layout, value, layout.size * 8, path);
    writeInteger(this.#view, offset, layout.size, integer, this.#little);
  }

  #bits(layout: Layout, bits: BitRange, value: BpfInput, offset: number, path: string): void {
    const integer = toInteger(layout, value, bits.size, path);
    const { byte, bytes, shift } = bitSpan(bits, this.#little);
    writeBits(this.#view, offset + byte, bytes, shift, bits.size, integer, this.#little);
  }

  #float(size: number, value: BpfInput, offset: number, path: string): void {
    if (typeof value !== "number") throw invalid(path, `takes a number, ${describe(value)} was given`);
    if (size === 4) this.#view.setFloat32(offset, value, this.#little);
    else this.#view.setFloat64(offset, value, this.#little);
  }

  #text(size: number, value: BpfInput, offset: number, path: string): void {
    if (typeof value !== "string" && !(value instanceof Uint8Array))
      throw invalid(path, `takes text, ${describe(value)} was given`);
    const bytes = typeof value === "string" ? textBytes(value) : value;
    if (bytes.length > size) throw invalid(path, `has room for ${size} bytes, the text has ${bytes.length}`);
    writableBytes(this.#view).set(bytes, offset);
  }
}

/** What an integer, bool or enum of `bits` bits shall hold. */
function toInteger(layout: Layout, value: BpfInput, bits: number, path: string): bigint {
  const signed = (layout.kind === "int" || layout.kind === "enum") && layout.signed;
  const integer =
    layout.kind === "enum"
      ? toEnum(layout, value, path)
      : layout.kind === "bool"
        ? toBoolean(value, path)
        : toBigint(value, path);
  checkRange(integer, bits, signed, path);
  return integer;
}

const INTEGER = /^-?(0x[0-9a-f]+|[0-9]+)$/i;

function toBigint(value: BpfInput, path: string): bigint {
  switch (typeof value) {
    case "bigint":
      return value;
    case "boolean":
      return value ? 1n : 0n;
    case "number":
      // Numbers beyond 2^53 are what decoding 64-bit integers as numbers gives; fractions are mistakes.
      if (Number.isInteger(value)) return BigInt(value);
      throw invalid(path, `takes an integer, ${value} was given`);
    case "string":
      if (!INTEGER.test(value)) throw invalid(path, `takes an integer, ${describe(value)} was given`);
      return value.startsWith("-") ? -BigInt(value.slice(1)) : BigInt(value);
    default:
      throw invalid(path, `takes an integer, ${describe(value)} was given`);
  }
}

function toBoolean(value: BpfInput, path: string): bigint {
  if (value === "true") return 1n;
  if (value === "false") return 0n;
  const number = toBigint(value, path);
  if (number !== 0n && number !== 1n) throw invalid(path, `takes true or false, ${number} was given`);
  return number;
}

function toEnum(layout: EnumLayout, value: BpfInput, path: string): bigint {
  if (typeof value === "string") {
    const named = layout.table.valueOf(value);
    if (named !== undefined) return named;
    if (INTEGER.test(value)) return toBigint(value, path);
    throw invalid(
      path,
      `takes ${layout.table.label}: ${layout.table.names.join(", ")}; ${describe(value)} was given`,
    );
  }
  if (typeof value === "object" && value !== null && "value" in value && !Array.isArray(value))
    return toBigint((value as { readonly value: BpfInput }).value, path);
  return toBigint(value, path);
}

function checkRange(value: bigint, bits: number, signed: boolean, path: string): void {
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  if (value < low || value > high) throw invalid(path, `takes ${low} to ${high}, ${value} was given`);
}

function zero(view: DataView, offset: number, size: number): void {
  writableBytes(view).fill(0, offset, offset + size);
}

function writableBytes(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function describe(value: BpfInput | null | undefined): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}

function invalid(path: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError(`${path} ${message}`, "pass a value that the type can hold");
}
