import type { Token } from "./lexer.ts";

/** A declaration or definition at file level, with the documentation that belongs to it. */
export interface Declaration {
  /** Its tokens without comments and directives, closing `;` or `}` included. */
  readonly tokens: readonly Token[];
  /** Text of its doc comment, lines separated by newlines; undefined without one. */
  readonly doc: string | undefined;
  /** Line of the doc comment, or of the declaration. */
  readonly line: number;
}

/**
 * Splits a source into its file-level declarations. A doc comment belongs to the declaration that follows; a
 * directive in between separates them, as in clang. `///<` belongs to the declaration before it.
 */
export function declarationsOf(tokens: readonly Token[]): Declaration[] {
  const declarations: Declaration[] = [];
  let current: Token[] = [];
  let doc: Token | undefined;
  const finish = (): void => {
    const first = current[0];
    if (first !== undefined)
      declarations.push({ tokens: current, doc: doc?.text, line: doc?.line ?? first.line });
    current = [];
    doc = undefined;
  };
  let depth = 0;
  let functionBody = false;
  for (const token of tokens) {
    if (token.kind === "doc") {
      if (token.trailing) describeLast(declarations, token);
      else if (current.length === 0) doc = doc === undefined ? token : joined(doc, token);
      continue;
    }
    if (token.kind === "directive") {
      if (current.length === 0) doc = undefined;
      continue;
    }
    if (token.kind === "punctuation" && "([{".includes(token.text)) {
      if (depth === 0 && token.text === "{") functionBody = opensFunction(current);
      depth++;
    }
    current.push(token);
    if (token.kind === "punctuation" && ")]}".includes(token.text)) depth = Math.max(0, depth - 1);
    if (depth > 0) continue;
    if (token.text === ";" || (token.text === "}" && functionBody)) {
      finish();
      functionBody = false;
    }
  }
  finish();
  return declarations;
}

/** Comments of adjacent lines are one comment, others stand alone and the last one counts. */
function joined(doc: Token, next: Token): Token {
  if (next.line !== doc.endLine + 1) return next;
  return { ...next, text: `${doc.text}\n${next.text}`, line: doc.line };
}

function describeLast(declarations: Declaration[], token: Token): void {
  const last = declarations.pop();
  if (last === undefined) return;
  const sameLine = last.tokens.at(-1)?.endLine === token.line;
  const follows = last.doc !== undefined && !sameLine;
  declarations.push({ ...last, doc: follows ? `${last.doc}\n${token.text}` : (last.doc ?? token.text) });
}

/** A `{` after `)` opens a function, but for `struct __attribute__((packed)) {`. */
function opensFunction(tokens: readonly Token[]): boolean {
  if (tokens.at(-1)?.text !== ")") return false;
  return !tokens.some(
    (token, index) =>
      token.text === "__attribute__" && ["struct", "union", "enum"].includes(tokens[index - 1]?.text ?? ""),
  );
}

/**
 * Whether a declaration declares this function or variable. The name stands outside of all brackets
 * (`int handle(void *ctx) {`, `struct {…} events SEC(".maps");`), or first inside a macro's (`int BPF_PROG(handle, …) {`).
 */
export function declares(declaration: Declaration, name: string): boolean {
  const { tokens } = declaration;
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "word" && token.text === name && isDeclarator(tokens, index, depth)) return true;
    if (token.kind !== "punctuation") continue;
    if (token.text === "=" && depth === 0 && !hasComma(tokens, index)) return false;
    if (token.text === "{" && depth === 0 && opensFunction(tokens.slice(0, index))) return false;
    if ("([{".includes(token.text)) depth++;
    if (")]}".includes(token.text)) depth--;
  }
  return false;
}

function isDeclarator(tokens: readonly Token[], index: number, depth: number): boolean {
  const before = tokens[index - 1];
  if (depth === 0) return !["struct", "union", "enum", "goto"].includes(before?.text ?? "");
  return (
    depth === 1 &&
    before?.text === "(" &&
    tokens[index - 2]?.kind === "word" &&
    tokens[index - 2]?.text !== "SEC"
  );
}

/** `int a = 1, b = 2;`: more declarators may follow an initial value. */
function hasComma(tokens: readonly Token[], from: number): boolean {
  let depth = 0;
  for (const token of tokens.slice(from)) {
    if ("([{".includes(token.text)) depth++;
    else if (")]}".includes(token.text)) depth--;
    else if (token.text === "," && depth === 0) return true;
  }
  return false;
}
