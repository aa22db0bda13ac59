import { editDistance } from "@skep/package";

/** The candidate that `word` is most likely a misspelling of: at most a third of its letters wrong. */
export function nearWord(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** ` (did you mean X?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>, sigil = ""): string {
  const near = nearWord(word, candidates);
  return near === undefined ? "" : ` (did you mean ${sigil}${near}?)`;
}
