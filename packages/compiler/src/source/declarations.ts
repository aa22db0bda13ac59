import type { Node } from "web-tree-sitter";
import { type DocComment, type Documented, documentedNodes } from "./doc-comment.ts";
import type { ParsedC } from "./parse-c.ts";

/** Functions and variables that a file declares outside of functions, and the comments that speak of them. */
export interface Declaration {
  readonly names: readonly string[];
  /** What stands in its SEC(). */
  readonly section: string | undefined;
  readonly doc: DocComment | undefined;
}

/** What a file says outside of its functions, conditional parts included. */
export interface FileLevel {
  readonly declarations: readonly Declaration[];
  /** Everything else that has a comment, and is or holds a struct. */
  readonly types: readonly Documented[];
  /** Documentation that describes nothing a package could say something about. */
  readonly strays: readonly DocComment[];
}

/** `#if`, `#else`, `extern "C"` and what the parser could not make sense of hold declarations. */
const CONTAINERS = new Set(
  "ERROR preproc_if preproc_ifdef preproc_else preproc_elif preproc_elifdef linkage_specification declaration_list".split(
    " ",
  ),
);
const TYPES = new Set(["struct_specifier", "union_specifier", "type_definition"]);

/** Sorts what stands at file level. */
export function fileLevel({ root, sections }: ParsedC): FileLevel {
  const declarations: Declaration[] = [];
  const types: Documented[] = [];
  const strays: DocComment[] = [];
  const pending: Node[] = [root];
  for (let container = pending.pop(); container !== undefined; container = pending.pop()) {
    const listed = documentedNodes(container.children);
    strays.push(...listed.strays);
    const inner: Node[] = [];
    // A tree begins with its first word, after what was blanked before it.
    let from = container.previousSibling?.endIndex ?? container.parent?.startIndex ?? 0;
    for (const { node, doc } of listed.items) {
      // SEC() may stand before the type, where only its place is left.
      const section = sectionIn(from, node.endIndex, sections);
      from = node.endIndex;
      const names = declaredNames(node);
      if (CONTAINERS.has(node.type)) inner.push(node);
      else if (TYPES.has(node.type)) types.push({ node, doc });
      else if (names.length > 0) {
        declarations.push({ names, section, doc });
        types.push({ node, doc: undefined });
      } else if (doc !== undefined) strays.push(doc);
    }
    pending.push(...inner.reverse());
  }
  return { declarations, types, strays };
}

/** What a function definition or a declaration declares, `a` and `b` for `int a = 1, *b;`; of a macro call, what it names. */
function declaredNames(node: Node): string[] {
  if (node.type === "expression_statement") return macroNames(node.firstNamedChild);
  if (node.type !== "function_definition" && node.type !== "declaration") return [];
  return node
    .childrenForFieldName("declarator")
    .map(nameOf)
    .filter((name) => name !== undefined);
}

/** `RING_BUFFER(events);` at file level declares something, most likely `events`. */
function macroNames(call: Node | null): string[] {
  if (call?.type !== "call_expression") return [];
  const args = call.childForFieldName("arguments")?.namedChildren ?? [];
  return args.filter(({ type }) => type === "identifier").map(({ text }) => text);
}

/**
 * The name inside a declarator: `f` in `*f(int a)[2]`. What BPF_PROG(f, …) and its like define is their first argument; they
 * are recognised by their capitals.
 */
export function nameOf(declarator: Node): string | undefined {
  let node: Node | null = declarator;
  let parameters: Node | null = null;
  while (node !== null && !node.type.endsWith("identifier")) {
    if (node.type === "function_declarator") parameters = node.childForFieldName("parameters");
    node =
      node.childForFieldName("declarator") ??
      (node.type === "parenthesized_declarator" ? node.firstNamedChild : null);
  }
  const name = node?.text;
  const first = parameters?.firstNamedChild?.text;
  if (name !== undefined && first !== undefined && /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(name))
    return /^\w+$/.test(first) ? first : name;
  return name;
}

function sectionIn(from: number, to: number, sections: ReadonlyMap<number, string>): string | undefined {
  for (const [at, name] of sections) if (at >= from && at < to) return name;
  return undefined;
}
