/**
 * C source as tokens. Not a parser of C: the sources are full of macros (`SEC()`, `BPF_PROG()`, `__uint()`) that
 * make no sentence of C before the preprocessor has run, and the comments wanted here are gone after it.
 * Never fails: an unfinished string or comment ends where the line or file does; clang is the one to complain.
 */
export interface Token {
  readonly kind: "word" | "number" | "string" | "punctuation" | "directive" | "doc";
  /** As written; of a `doc`, the text inside without the comment's decoration, one line per line. */
  readonly text: string;
  /** 1 for the first. */
  readonly line: number;
  /** Line of the token's last character. */
  readonly endLine: number;
  /** Of a `doc`: it describes what stands before it (`///<`). */
  readonly trailing: boolean;
}

const SPACE = /[ \t\r\f\v]+|\\\r?\n/y;
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const NUMBER = /\.?[0-9](?:[eEpP][+-]|[A-Za-z0-9_.'])*/y;
const QUOTED = /"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/y;
const LINE_COMMENT = /\/\/(?:\\\r?\n|[^\n])*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|(?![\s\S]))/y;
/** A preprocessor directive with its continued lines; comments in it are part of it. */
const DIRECTIVE = /#(?:\\\r?\n|\/\*[\s\S]*?\*\/|[^\n])*/y;

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = true;
  for (let at = 0; at < source.length; ) {
    if (source[at] === "\n") {
      at++;
      line++;
      lineStart = true;
      continue;
    }
    const { kind, text } = next(source, at, lineStart);
    const endLine = line + countNewlines(text);
    if (kind !== "space") {
      const doc = kind === "comment" ? docComment(text) : undefined;
      if (doc !== undefined) tokens.push({ kind: "doc", line, endLine, ...doc });
      else if (kind !== "comment") tokens.push({ kind, text, line, endLine, trailing: false });
      lineStart = lineStart && kind === "comment";
    }
    at += text.length;
    line = endLine;
  }
  return tokens;
}

type Lexeme = { readonly kind: Token["kind"] | "space" | "comment"; readonly text: string };

function next(source: string, at: number, lineStart: boolean): Lexeme {
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const candidates = [
    ["space", SPACE],
    ["comment", LINE_COMMENT],
    ["comment", BLOCK_COMMENT],
    ["word", WORD],
    ["number", NUMBER],
    ["string", QUOTED],
  ] as const;
  if (lineStart && source[at] === "#") return { kind: "directive", text: match(DIRECTIVE) ?? "#" };
  for (const [kind, pattern] of candidates) {
    const text = match(pattern);
    if (text !== undefined && text !== "") return { kind, text };
  }
  return { kind: "punctuation", text: source[at] ?? "" };
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** What clang takes for documentation: `///`, `//!`, and block comments that begin with two stars or `*!`. */
function docComment(text: string): { readonly text: string; readonly trailing: boolean } | undefined {
  const opening = /^(?:\/\/\/(?!\/)|\/\/!|\/\*\*(?![*/])|\/\*!)<?/.exec(text)?.[0];
  if (opening === undefined) return undefined;
  const block = opening.startsWith("/*");
  const body = block ? text.slice(opening.length).replace(/\*\/$/, "") : text.slice(opening.length);
  const lines = body
    .split("\n")
    .map((line, index) => (block && index > 0 ? line.replace(/^\s*\* ?/, "") : line));
  return {
    text: lines
      .map((line) => line.trim())
      .join("\n")
      .trim(),
    trailing: opening.endsWith("<"),
  };
}
