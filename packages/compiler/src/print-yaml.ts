import { isJsonArray, isJsonObject, type Json, sortedKeys, writeJson } from "@skep/package";

/** Words and texts that YAML 1.1 or 1.2 would read as something other than text. */
const PLAIN = /^[A-Za-z_/.][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+-]+)*$/;
const RESERVED = /^(?:true|false|yes|no|on|off|null|y|n|[-+.]?(?:inf|nan)|~|[.\d].*)$/i;

/** A value as YAML in block style, keys in alphabetical order. Ends with a newline. */
export function printYaml(value: Json): string {
  return `${lines(value).join("\n")}\n`;
}

function lines(value: Json): string[] {
  if (isJsonArray(value) && value.length > 0) return value.flatMap((item) => nested("- ", item));
  if (isJsonObject(value) && sortedKeys(value).length > 0)
    return sortedKeys(value).flatMap((key) => {
      const member = value[key];
      return member === undefined ? [] : entry(scalar(key), member);
    });
  return [typeof value === "string" ? scalar(value) : writeJson(value)];
}

function entry(key: string, value: Json): string[] {
  const inner = lines(value);
  if (!isBlock(value)) return [`${key}: ${inner[0]}`];
  return [`${key}:`, ...inner.map((line) => `  ${line}`)];
}

function nested(mark: string, value: Json): string[] {
  return lines(value).map((line, index) => (index === 0 ? mark : "  ") + line);
}

function scalar(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text);
}

function isBlock(value: Json): boolean {
  return (isJsonArray(value) && value.length > 0) || (isJsonObject(value) && sortedKeys(value).length > 0);
}
