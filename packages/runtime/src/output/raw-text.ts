import type { BpfValue } from "@skep/bpf";

/** A scalar without any format: an enum's name, or its number where it has none; a bool as `true` or `false`. */
export function rawText(value: BpfValue): string {
  if (typeof value !== "object" || Array.isArray(value) || !("value" in value)) return String(value);
  const { name, value: number } = value as {
    readonly name: string | undefined;
    readonly value: number | bigint;
  };
  return name ?? String(number);
}
