/**
 * Up to `limit` candidates that look like `wanted`, best first: what a reader may have meant, or what a function is called
 * in this kernel. Compared by shared pairs of letters, so that `do_unlinkat` finds `filename_unlinkat`, and as mistyped words.
 */
export function nearNames(wanted: string, candidates: Iterable<string>, limit = 3): readonly string[] {
  const pairs = pairsOf(wanted);
  const endings = sameEnding(wanted);
  const scored: { readonly name: string; readonly score: number }[] = [];
  for (const name of new Set(candidates)) {
    const score = isSlip(wanted, name) ? 1 : likeness(pairs, name) + (endings(name) ? 0.3 : 0);
    if (score >= 0.5 && name !== wanted) scored.push({ name, score });
  }
  scored.sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, limit).map((entry) => entry.name);
}

/** `did you mean a, b or c?`, or the fallback when nothing is alike. */
export function suggestion(wanted: string, candidates: Iterable<string>, otherwise: string): string {
  const names = nearNames(wanted, candidates);
  const last = names.at(-1);
  if (last === undefined) return otherwise;
  return `did you mean ${names.length === 1 ? last : `${names.slice(0, -1).join(", ")} or ${last}`}?`;
}

/**
 * A function that moves keeps the end of its name: `do_unlinkat` became `filename_unlinkat`. The kernel's many `__` variants of a
 * name are not what it moved to.
 */
function sameEnding(wanted: string): (name: string) => boolean {
  const ending = /^[^_]+(_.{4,})$/.exec(wanted)?.[1];
  return (name) => ending !== undefined && name.endsWith(ending) && !name.startsWith("__");
}

function pairsOf(text: string): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (let index = 0; index + 1 < text.length; index++) pairs.add(text.slice(index, index + 2));
  return pairs;
}

/** Dice's coefficient: 1 for the same pairs, 0 for none in common. */
function likeness(wanted: ReadonlySet<string>, candidate: string): number {
  const size = Math.max(candidate.length - 1, 1);
  // Cannot reach one half: saves most of the work over the whole of kallsyms.
  if (wanted.size * 3 < size || size * 3 < wanted.size) return 0;
  let shared = 0;
  const pairs = pairsOf(candidate);
  for (const pair of pairs) if (wanted.has(pair)) shared++;
  return (2 * shared) / (wanted.size + pairs.size);
}

/** One letter more, less or other, or two that changed places. */
function isSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from++;
  let [endA, endB] = [a.length, b.length];
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  if (endA - from <= 1 && endB - from <= 1) return true;
  return endA - from === 2 && endB - from === 2 && a[from] === b[from + 1] && a[from + 1] === b[from];
}
