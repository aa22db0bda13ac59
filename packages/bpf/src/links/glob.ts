/** Whether a name contains wildcards: `*` for any characters, `?` for one. */
export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/** Turns a pattern of `*` and `?` into a test of whole names. */
export function globMatcher(pattern: string): (name: string) => boolean {
  return (name) => matches(pattern, name);
}

/**
 * Greedy, going back only to the last star: what an earlier star could take, the last one can, too. So the time is bounded by
 * the product of the lengths, where a regular expression may take for ever.
 */
function matches(pattern: string, name: string): boolean {
  let [p, n] = [0, 0];
  let [star, resume] = [-1, 0];
  while (n < name.length) {
    if (pattern[p] === "*") {
      [star, resume] = [p, n];
      p++;
    } else if (pattern[p] === "?" || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      // The last star takes one more character.
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
