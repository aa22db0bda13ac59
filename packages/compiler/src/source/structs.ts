import type { Token } from "./lexer.ts";

/** A type that a source file defines: by its struct tag, or by a typedef of a struct without a tag. */
export interface StructDefinition {
  readonly name: string;
  readonly kind: "struct" | "typedef";
}

/**
 * The structs that a file defines, in order. Flavours (`struct task_struct___old`) are views of the kernel's
 * types and left out.
 */
export function structDefinitions(tokens: readonly Token[]): StructDefinition[] {
  const found = new Map<string, StructDefinition>();
  const plain = tokens.filter(({ kind }) => kind !== "doc" && kind !== "directive");
  for (const [index, token] of plain.entries()) {
    if (token.text !== "struct" || token.kind !== "word") continue;
    const at = skipAttributes(plain, index + 1);
    const tag = plain[at]?.kind === "word" ? plain[at] : undefined;
    const body = tag === undefined ? at : skipAttributes(plain, at + 1);
    if (plain[body]?.text !== "{") continue;
    const name = tag?.text ?? typedefName(plain, index, body);
    if (name === undefined || name.includes("___")) continue;
    found.set(name, { name, kind: tag === undefined ? "typedef" : "struct" });
  }
  return [...found.values()];
}

/** `typedef struct {…} NAME;`: the last word before the semicolon that is outside of brackets. */
function typedefName(tokens: readonly Token[], index: number, body: number): string | undefined {
  if (tokens[index - 1]?.text !== "typedef") return undefined;
  let at = skipAttributes(tokens, afterBrackets(tokens, body));
  if (tokens[at]?.kind !== "word") return undefined;
  const name = tokens[at]?.text;
  at = skipAttributes(tokens, at + 1);
  return tokens[at]?.text === ";" ? name : undefined;
}

function skipAttributes(tokens: readonly Token[], from: number): number {
  let at = from;
  while (tokens[at]?.text === "__attribute__" || tokens[at]?.text === "__packed") {
    at = tokens[at + 1]?.text === "(" ? afterBrackets(tokens, at + 1) : at + 1;
  }
  return at;
}

/** The index after the bracket that closes the one at `from`. */
export function afterBrackets(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== "punctuation") continue;
    if ("([{".includes(token.text)) depth++;
    if (")]}".includes(token.text)) depth--;
    if (depth === 0) return at + 1;
  }
  return tokens.length;
}
