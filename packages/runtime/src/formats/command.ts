import type { MakeFormat } from "./format.ts";
import { numberOf } from "./numbers.ts";

/** What a shell takes as it is. */
const BARE = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * `command`: the arguments of a command as one would type them. `command MEMBER`: `…` at the end where MEMBER, the number of
 * bytes that are missing, is not 0.
 */
export const command: MakeFormat = (shape, [missing], { siblings }) => {
  if (shape.kind !== "array" || shape.element.kind !== "string") return "is for arrays of texts";
  if (missing !== undefined && !siblings.some(({ name }) => name === missing))
    return `names ${missing}, which the struct does not have`;
  return {
    width: 32,
    align: "left",
    text(value, record) {
      const words = Array.isArray(value) ? value.map((word) => quoted(String(word))) : [];
      if (missing !== undefined && numberOf(record[missing] ?? 0) !== 0) words.push("…");
      return words.join(" ");
    },
  };
};

function quoted(word: string): string {
  return BARE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
