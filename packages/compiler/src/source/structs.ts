import type { Node } from "web-tree-sitter";
import { type DocComment, type Documented, documentedNodes } from "./doc-comment.ts";

/** A type that a source file defines: by its struct tag, or by a typedef of a struct without a tag. */
export interface StructDefinition {
  readonly name: string;
  readonly kind: "struct" | "typedef";
  readonly doc: DocComment | undefined;
  readonly members: readonly MemberDefinition[];
}

export interface MemberDefinition {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly doc: DocComment | undefined;
  /** Of a struct or union without a tag that is defined in place. */
  readonly members: readonly MemberDefinition[];
}

/**
 * The structs that a file defines, in order, nested ones after those around them. Flavours (`struct task_struct___old`)
 * are views of the kernel's types and left out. Comments before members that cannot have one are added to `strays`.
 */
export function structDefinitions(types: readonly Documented[], strays: DocComment[]): StructDefinition[] {
  const found = new Map<string, StructDefinition>();
  const pending = [...types].reverse();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, doc } = next;
    for (const body of compositesIn(node).reverse()) pending.push({ node: body, doc });
    if (!isComposite(node)) continue;
    const name = structName(node);
    if (name === undefined || name.text.includes("___")) continue;
    const nested: Documented[] = [];
    const members = membersOf(node, nested, strays);
    pending.push(...nested.reverse());
    if (node.type === "struct_specifier" || name.kind === "typedef")
      found.set(name.text, { name: name.text, kind: name.kind, doc, members });
  }
  return [...found.values()];
}

/** Structs with a body that a declaration or typedef contains as its type. */
function compositesIn(node: Node): Node[] {
  const type = isComposite(node) ? null : node.childForFieldName("type");
  return type !== null && isComposite(type) ? [type] : [];
}

function isComposite(node: Node): boolean {
  return (
    (node.type === "struct_specifier" || node.type === "union_specifier") &&
    node.childForFieldName("body") !== null
  );
}

/** The tag, or what a typedef calls a struct without one. */
function structName(node: Node): { readonly text: string; readonly kind: "struct" | "typedef" } | undefined {
  const tag = node.childForFieldName("name");
  if (tag !== null) return { text: tag.text, kind: "struct" };
  const { parent } = node;
  if (node.type !== "struct_specifier" || parent?.type !== "type_definition") return undefined;
  const names = parent.childrenForFieldName("declarator").filter(({ type }) => type === "type_identifier");
  return names[0] === undefined ? undefined : { text: names[0].text, kind: "typedef" };
}

const MAX_DEPTH = 32;

function membersOf(struct: Node, nested: Documented[], strays: DocComment[], depth = 0): MemberDefinition[] {
  const body = struct.childForFieldName("body");
  if (body === null || depth > MAX_DEPTH) return [];
  const listed = documentedNodes(fieldNodes(body));
  strays.push(...listed.strays);
  return listed.items.flatMap(({ node, doc }): MemberDefinition[] => {
    if (node.type !== "field_declaration") return [];
    const type = node.childForFieldName("type");
    const inside = type !== null && isComposite(type) ? type : undefined;
    const untagged = inside !== undefined && inside.childForFieldName("name") === null;
    if (inside !== undefined && !untagged) nested.push({ node: inside, doc: undefined });
    const members = untagged ? membersOf(inside, nested, strays, depth + 1) : [];
    const names = node.childrenForFieldName("declarator").map(fieldName);
    return (names.length === 0 ? [""] : names).map((name) => ({ name, doc, members }));
  });
}

/** The nodes of a member list, those inside of `#ifdef` too. */
function fieldNodes(body: Node): Node[] {
  return body.children.flatMap((node) =>
    node.type.startsWith("preproc_if") || node.type.startsWith("preproc_el") ? node.children : [node],
  );
}

function fieldName(declarator: Node): string {
  let node: Node | null = declarator;
  while (node !== null && node.type !== "field_identifier")
    node = node.childForFieldName("declarator") ?? node.firstNamedChild;
  return node?.text ?? "";
}
