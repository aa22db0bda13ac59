import type { Entry } from "./map-reader.ts";

/** The same text for the same entry of two looks. */
export function entryIdentity({ key, cpu }: Entry): string {
  return JSON.stringify([key, cpu], (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}
