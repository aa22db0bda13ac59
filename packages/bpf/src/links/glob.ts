/** Whether a name contains wildcards: `*` for any characters, `?` for one. */
export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/** Turns a pattern of `*` and `?` into a test of whole names. */
export function globMatcher(pattern: string): (name: string) => boolean {
  // A run of stars means what one star means; one at a time keeps the expression from backtracking badly.
  const source = pattern
    .replace(/\*+/g, "*")
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`, "s");
  return (name) => expression.test(name);
}
