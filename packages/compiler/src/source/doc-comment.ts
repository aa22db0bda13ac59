import type { Node } from "web-tree-sitter";

/** A documentation comment, or several in adjacent lines. */
export interface DocComment {
  /** Without the comment's decoration and the space around. */
  readonly lines: readonly DocLine[];
}

export interface DocLine {
  readonly text: string;
  /** 1 for the first of the file. */
  readonly line: number;
}

/** What clang takes for documentation: `///`, `//!`, and block comments that begin with two stars or `*!`. */
const OPENING = /^(?:\/\/\/(?!\/)|\/\/!|\/\*\*(?![*/])|\/\*!)<?/;

/** A comment node as documentation; undefined for an ordinary comment. `trailing`: it describes what stands before it (`///<`). */
export function docComment(node: Node): { readonly doc: DocComment; readonly trailing: boolean } | undefined {
  const { text } = node;
  const opening = OPENING.exec(text)?.[0];
  if (opening === undefined) return undefined;
  const block = opening.startsWith("/*");
  const body = text.slice(opening.length);
  const lines = (block ? body.replace(/\*\/$/, "") : body).split("\n").map((line, index) => ({
    text: (block && index > 0 ? line.replace(/^\s*\* ?/, "") : line).trim(),
    line: node.startPosition.row + 1 + index,
  }));
  return { doc: { lines: withoutBorder(lines) }, trailing: opening.endsWith("<") };
}

/** A declaration, member or directive, and the comment that speaks of it. */
export interface Documented {
  readonly node: Node;
  readonly doc: DocComment | undefined;
}

export interface DocumentedList {
  readonly items: readonly Documented[];
  /** Documentation that nothing follows. */
  readonly strays: readonly DocComment[];
}

/**
 * Gives each node its comment: the one before it, or on its own line after it. Comments of adjacent lines are one; of several
 * the last counts, as in clang. A directive in between separates a comment from what follows.
 */
export function documentedNodes(nodes: readonly Node[]): DocumentedList {
  const items: { node: Node; doc: DocComment | undefined }[] = [];
  const strays: DocComment[] = [];
  let pending: DocComment | undefined;
  const drop = (): void => {
    if (pending !== undefined) strays.push(pending);
    pending = undefined;
  };
  for (const node of nodes) {
    const comment = node.type === "comment" ? docComment(node) : undefined;
    if (comment?.trailing === true) {
      const last = items.at(-1);
      if (last === undefined) strays.push(comment.doc);
      else last.doc = last.doc === undefined ? comment.doc : joined(last.doc, comment.doc);
    } else if (comment !== undefined) {
      if (continues(pending, comment.doc)) pending = joined(pending, comment.doc);
      else {
        drop();
        pending = comment.doc;
      }
    } else if (isDirective(node)) {
      drop();
      items.push({ node, doc: undefined });
    } else if (node.isNamed && node.type !== "comment") {
      items.push({ node, doc: pending });
      pending = undefined;
    }
  }
  drop();
  return { items, strays };
}

function isDirective({ type }: Node): boolean {
  return type.startsWith("preproc_");
}

function continues(before: DocComment | undefined, next: DocComment): before is DocComment {
  const last = before?.lines.at(-1);
  return last !== undefined && next.lines[0]?.line === last.line + 1;
}

function joined(before: DocComment, next: DocComment): DocComment {
  return { lines: [...before.lines, ...next.lines] };
}

/** Empty lines at both ends belong to the decoration; without any text one is kept, to have a place. */
function withoutBorder(lines: readonly DocLine[]): readonly DocLine[] {
  const first = lines.findIndex(({ text }) => text !== "");
  const last = lines.findLastIndex(({ text }) => text !== "");
  return first < 0 ? lines.slice(0, 1) : lines.slice(first, last + 1);
}
