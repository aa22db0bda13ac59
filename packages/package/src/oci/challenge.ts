/** One way in that a server offers (WWW-Authenticate, RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const MAX_HEADER = 8192;

/** Reads the header's challenges; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, MAX_HEADER);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  for (;;) {
    skip(/[\s,]*/y);
    const word = take(TOKEN);
    if (word === undefined) return challenges;
    // `name=` is a parameter of the challenge that is open, any other word begins a new one.
    const value = skip(/\s*=\s*/y) ? (take(QUOTED, 1) ?? take(TOKEN)) : undefined;
    if (value === undefined) challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(word.toLowerCase(), value.replace(/\\(.)/g, "$1"));
  }

  function take(pattern: RegExp, group = 0): string | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match[group];
  }
  function skip(pattern: RegExp): boolean {
    return (take(pattern) ?? "") !== "";
  }
}
