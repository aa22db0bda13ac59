import { isJsonArray, type Json, WholeFloat } from "./json.ts";

/**
 * JSON text as serde_json writes a sorted map: one line, keys in the order of their UTF-8 bytes at every level,
 * floats always with a point or an exponent. Keys whose value is undefined are left out.
 */
export function writeJson(value: Json): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isInteger(value) ? integerText(value) : floatText(value);
  if (value instanceof WholeFloat) return floatText(value.value);
  if (isJsonArray(value)) return `[${value.map(writeJson).join(",")}]`;
  const members: string[] = [];
  for (const key of sortedKeys(value)) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${writeJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

/** Keys in the order of their UTF-8 bytes, which for characters beyond U+FFFF is not the order of `sort()`. */
export function sortedKeys(value: object): readonly string[] {
  return Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function integerText(value: number): string {
  return Object.is(value, -0) ? "-0.0" : BigInt(value).toString();
}

/** Shortest digits that read back the same, in the notation of Rust's ryu: exponents from 1e16 and below 1e-5. */
function floatText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const sign = value < 0 ? "-" : "";
  const [mantissa = "", exponentText = "0"] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const point = Number(exponentText) + 1;
  if (point > 16 || point <= -5) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (digits.length <= point) return `${sign}${digits}${"0".repeat(point - digits.length)}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
