import { MalformedError } from "@skep/bpf";
import type { Node, Tree } from "web-tree-sitter";
import { cParser } from "./grammar.ts";
import { maskMacros } from "./mask-macros.ts";

/** Characters; the kernel's own `vmlinux.h` has 3 million. */
const MAX_SOURCE = 8 * 1024 * 1024;

/** A C file as a syntax tree. Positions are those of the text as the user wrote it. */
export interface ParsedC {
  readonly root: Node;
  /** Where `SEC("name")` stands → the name. */
  readonly sections: ReadonlyMap<number, string>;
}

/**
 * Parses a C source before preprocessing and hands the tree to `use`; it is gone afterwards. The words that libbpf's
 * macros stand for are no C until the preprocessor has replaced them, so the source is parsed twice: once to tell words from
 * strings and comments, then with those macros written over by C of the same length.
 * Never fails for mistakes in the source: the tree has error nodes where they are, and clang is the one to complain.
 * @throws {MalformedError} for a source of more than 8 MiB
 */
export async function parseC<T>(path: string, text: string, use: (parsed: ParsedC) => T): Promise<T> {
  if (text.length > MAX_SOURCE)
    throw new MalformedError(`${path} has ${text.length} characters, more than ${MAX_SOURCE}`, "split it");
  const parser = await cParser();
  const parse = (source: string): Tree => {
    const tree = parser.parse(source);
    if (tree === null) throw new MalformedError(`${path} cannot be parsed as C`, "check that it is C");
    return tree;
  };
  const first = parse(text);
  const { masked, sections } = maskMacros(text, leavesOf(first.rootNode));
  first.delete();
  const tree = parse(masked);
  try {
    return use({ root: tree.rootNode, sections });
  } finally {
    tree.delete();
  }
}

/** A word, a literal or a comment, with where it stands. */
export interface Leaf {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

const WHOLE = new Set(["comment", "string_literal", "char_literal", "system_lib_string", "preproc_arg"]);

/** The tokens of a tree, those of broken parts included. Walked without recursion: sources may nest deeply. */
function leavesOf(root: Node): Leaf[] {
  const leaves: Leaf[] = [];
  const cursor = root.walk();
  for (;;) {
    if (!WHOLE.has(cursor.nodeType) && cursor.gotoFirstChild()) continue;
    leaves.push({ type: cursor.nodeType, start: cursor.startIndex, end: cursor.endIndex });
    while (!cursor.gotoNextSibling()) {
      if (cursor.gotoParent()) continue;
      cursor.delete();
      return leaves;
    }
  }
}
