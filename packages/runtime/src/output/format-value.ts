import type { BpfValue, EnumValue } from "@skep/bpf";
import type { Struct } from "../formats/format.ts";
import type { Shape } from "../shapes/shape.ts";
import { escapeJson } from "./escape.ts";

export type ValueText = (value: BpfValue) => string;

/** How a member of a struct is written; `record` is that struct. */
export interface MemberText {
  readonly name: string;
  readonly format: (value: BpfValue, record: Struct) => string;
}

/** A value as plain text, compact JSON for arrays and structs. The text may hold what a terminal should not see. */
export function textFormatOf(shape: Shape): ValueText {
  switch (shape.kind) {
    case "string":
      return String;
    case "enum":
      return enumText;
    case "array":
    case "struct": {
      const json = jsonFormatOf(shape);
      return (value) => (typeof value === "string" ? value : json(value));
    }
    case "opaque":
      return () => "?";
    default:
      return String;
  }
}

/** One JSON value on one line. Integers of any width keep all their digits; beyond 64 bits they are strings. */
export function jsonFormatOf(shape: Shape): ValueText {
  switch (shape.kind) {
    case "integer":
      return shape.bits > 64 ? (value) => `"${String(value)}"` : String;
    case "bool":
      return String;
    case "float":
      return (value) => (Number.isFinite(Number(value)) ? String(Number(value)) : `"${String(value)}"`);
    case "string":
      return (value) => jsonText(String(value));
    case "enum":
      return (value) => jsonText(enumText(value));
    case "array":
      return jsonArrayFormat(jsonFormatOf(shape.element));
    case "struct":
      return jsonStructFormat(
        shape.members.map(({ name, shape }) => ({ name, format: jsonFormatOf(shape) })),
      );
    case "opaque":
      return () => "null";
  }
}

function jsonArrayFormat(element: ValueText): ValueText {
  return (value) => (Array.isArray(value) ? `[${value.map(element).join(",")}]` : jsonText(String(value)));
}

export function jsonStructFormat(members: readonly MemberText[]): ValueText {
  const parts = members.map(({ name, format }, index) => ({
    name,
    prefix: `${index === 0 ? "{" : ","}${jsonText(name)}:`,
    format,
  }));
  return (value) => {
    const object = value as Struct;
    let text = parts.length === 0 ? "{" : "";
    for (const part of parts) text += part.prefix + part.format(object[part.name] ?? 0, object);
    return `${text}}`;
  };
}

function enumText(value: BpfValue): string {
  if (typeof value !== "object" || !("value" in value)) return String(value);
  const { name, value: number } = value as EnumValue;
  return `${name ?? "<UNKNOWN_VARIANT>"}(${number})`;
}

function jsonText(text: string): string {
  return escapeJson(JSON.stringify(text));
}
