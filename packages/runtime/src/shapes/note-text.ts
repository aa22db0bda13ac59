import type { Json } from "@skep/package";

/** What a package says in words; undefined for nothing, for spaces alone, and for what is no text. */
export function noteText(note: Json | undefined): string | undefined {
  return typeof note === "string" && note.trim() !== "" ? note.trim() : undefined;
}
