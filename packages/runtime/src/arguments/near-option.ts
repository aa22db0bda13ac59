import { editDistance } from "@skep/package";

/** `did you mean --x?`, when one of the names is alike. Underscores and dashes are the same. */
export function didYouMean(word: string, names: readonly string[], prefix = ""): string | undefined {
  const wanted = word.replaceAll("_", "-");
  const scored = names.map((name) => ({ name, far: unlikeness(wanted, name.replaceAll("_", "-")) }));
  // Of a short word two letters are half.
  const farthest = wanted.length <= 4 ? 1.5 : 2;
  const near = scored.filter(({ far }) => far <= farthest).sort((a, b) => a.far - b.far)[0];
  return near === undefined ? undefined : `did you mean ${prefix}${near.name}?`;
}

/** A word that begins with the other is as near as one with a letter wrong. */
function unlikeness(a: string, b: string): number {
  if (a === "" || b === "") return Number.POSITIVE_INFINITY;
  const edits = editDistance(a, b);
  return a.startsWith(b) || b.startsWith(a) ? Math.min(edits, 1.5) : edits;
}
