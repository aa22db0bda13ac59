import type { FunctionKey } from "./object-spec.ts";

/** A text for each place where a function may begin, for use as the key of a map. */
export function functionKeyText({ section, offset }: FunctionKey): string {
  return `${offset} ${section}`;
}
