import type { Shape } from "../shape.ts";
import type { Format, FormatContext, MakeFormat } from "./format.ts";
import { hex } from "./hex.ts";
import { plainFormat } from "./plain.ts";

/** First word after `@format` → how it is done. */
const FORMATS: Readonly<Record<string, MakeFormat>> = {
  hex,
};

/** The words that `@format` knows. */
export const FORMAT_WORDS: readonly string[] = Object.keys(FORMATS);

/**
 * The format that `text` asks for; the plain one, with a warning, when there is no such format or it does not suit the type.
 * @param member for the warning
 */
export function formatOf(
  member: string,
  shape: Shape,
  text: string | undefined,
  context: FormatContext,
  warn: (line: string) => void,
): Format {
  if (text === undefined) return plainFormat(shape);
  const [word = "", ...words] = text.split(/\s+/);
  const make = Object.hasOwn(FORMATS, word) ? FORMATS[word] : undefined;
  const format = make?.(shape, words, context) ?? "is no format";
  if (typeof format !== "string") return format;
  warn(`${member}: "${text}" ${format}: shown as it is`);
  return plainFormat(shape);
}
