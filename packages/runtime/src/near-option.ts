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
  const edits = distance(a, b);
  return a.startsWith(b) || b.startsWith(a) ? Math.min(edits, 1.5) : edits;
}

/** Edits from one word to the other; two letters that changed places are one. The words are a few characters long. */
function distance(a: string, b: string): number {
  let above: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swap = swapped ? (above[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(replace, swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
