import type { BpfValue, EnumValue } from "@skep/bpf";
import { escapeJson, escapeText } from "./escape.ts";
import type { Shape } from "./shape.ts";

export type Format = (value: BpfValue) => string;

/** One cell of a table: plain text for scalars, compact JSON for arrays and structs. */
export function textFormatOf(shape: Shape): Format {
  switch (shape.kind) {
    case "string":
      return (value) => (typeof value === "string" ? escapeText(value) : String(value));
    case "enum":
      return (value) => escapeText(enumText(value));
    case "array":
    case "struct": {
      const json = jsonFormatOf(shape);
      return (value) => (typeof value === "string" ? escapeText(value) : json(value));
    }
    case "opaque":
      return () => "?";
    default:
      return String;
  }
}

/** One JSON value on one line. Integers of any width keep all their digits; beyond 64 bits they are strings. */
export function jsonFormatOf(shape: Shape): Format {
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

function jsonArrayFormat(element: Format): Format {
  return (value) => (Array.isArray(value) ? `[${value.map(element).join(",")}]` : jsonText(String(value)));
}

function jsonStructFormat(members: readonly { readonly name: string; readonly format: Format }[]): Format {
  const parts = members.map(({ name, format }, index) => ({
    name,
    prefix: `${index === 0 ? "{" : ","}${jsonText(name)}:`,
    format,
  }));
  return (value) => {
    const object = value as { readonly [member: string]: BpfValue };
    let text = parts.length === 0 ? "{" : "";
    for (const part of parts) text += part.prefix + part.format(object[part.name] ?? 0);
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
