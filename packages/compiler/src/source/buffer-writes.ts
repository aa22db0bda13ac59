import type { Node } from "web-tree-sitter";
import { nameOf } from "./declarations.ts";

/** A place where the source puts something into a buffer map, or into what is read from an iterator. */
export interface BufferWrite {
  /** Undefined for iterators. */
  readonly map: string | undefined;
  /** `event` for `struct event`, or a typedef's name; undefined when the source does not say it plainly. */
  readonly type: string | undefined;
}

/** Helpers that write to a buffer: which argument is the map, where there is one, which the data, which the size. */
const WRITERS: Readonly<
  Record<string, { readonly map?: number; readonly data?: number; readonly size: number }>
> = {
  bpf_ringbuf_reserve: { map: 0, size: 1 },
  bpf_ringbuf_output: { map: 0, data: 1, size: 2 },
  bpf_perf_event_output: { map: 1, data: 3, size: 4 },
  bpf_skb_output: { map: 1, data: 3, size: 4 },
  bpf_xdp_output: { map: 1, data: 3, size: 4 },
  bpf_seq_write: { data: 1, size: 2 },
};

/**
 * Finds the calls that fill ring and perf buffers, and those of iterators, and reads off the type: from `sizeof(struct event)`, from the
 * declaration of what `sizeof(*e)` or the data argument names, or of what the call's result goes to.
 */
export function bufferWrites(root: Node): BufferWrite[] {
  const writes: BufferWrite[] = [];
  for (const call of root.descendantsOfType("call_expression")) {
    const name = call.childForFieldName("function")?.text ?? "";
    const writer = Object.hasOwn(WRITERS, name) ? WRITERS[name] : undefined;
    if (writer === undefined) continue;
    const args = (call.childForFieldName("arguments")?.namedChildren ?? []).filter(
      ({ type }) => type !== "comment",
    );
    const map = writer.map === undefined ? undefined : namedBy(args[writer.map]);
    if (map === undefined && writer.map !== undefined) continue;
    const type =
      typeOfSize(args[writer.size]) ??
      (writer.data === undefined ? undefined : typeOfNamed(args[writer.data])) ??
      typeOfResult(call);
    writes.push({ map, type });
  }
  return writes;
}

/** `x` in `x`, `&x`, `*x`, `(x)` and `(void *)x`. */
function namedBy(expression: Node | undefined): string | undefined {
  let node: Node | null | undefined = expression;
  for (;;) {
    if (node?.type === "identifier") return node.text;
    if (node?.type === "pointer_expression") node = node.childForFieldName("argument");
    else if (node?.type === "cast_expression") node = node.childForFieldName("value");
    else if (node?.type === "parenthesized_expression") node = node.firstNamedChild;
    else return undefined;
  }
}

/** `sizeof(struct event)`, `sizeof(event_t)`, `sizeof(*e)`, `sizeof e`; nothing else is a plain size. */
function typeOfSize(argument: Node | undefined): string | undefined {
  if (argument?.type !== "sizeof_expression") return undefined;
  const type = argument.childForFieldName("type")?.childForFieldName("type");
  if (type) return typeName(type) ?? declaredType(argument, type.text);
  const value = argument.childForFieldName("value") ?? undefined;
  // `sizeof(event_t)` reads like a variable in brackets.
  return typeOfNamed(value) ?? (value?.type === "parenthesized_expression" ? namedBy(value) : undefined);
}

function typeOfNamed(expression: Node | undefined): string | undefined {
  const name = namedBy(expression);
  return expression === undefined || name === undefined ? undefined : declaredType(expression, name);
}

/** `e = bpf_ringbuf_reserve(…)`, `struct event *e = bpf_ringbuf_reserve(…)`. */
function typeOfResult(call: Node): string | undefined {
  let node = call.parent;
  while (node?.type === "cast_expression" || node?.type === "parenthesized_expression") node = node.parent;
  if (node?.type === "assignment_expression") return typeOfNamed(node.childForFieldName("left") ?? undefined);
  const name = node?.type === "init_declarator" ? nameOf(node) : undefined;
  return name === undefined ? undefined : declaredType(call, name);
}

/** Type named by the nearest declaration that is visible from a node: of a variable, or a parameter. */
function declaredType(from: Node, name: string): string | undefined {
  for (let node: Node | null = from; node !== null; node = node.parent) {
    const parameters = node.childForFieldName("declarator")?.descendantsOfType("parameter_declaration") ?? [];
    for (let at: Node | null = node; at !== null; at = at.previousNamedSibling)
      if (at.type === "declaration" && declares(at, name)) return typeName(at.childForFieldName("type"));
    for (const parameter of parameters)
      if (declares(parameter, name)) return typeName(parameter.childForFieldName("type"));
  }
  return undefined;
}

function declares(declaration: Node, name: string): boolean {
  return declaration.childrenForFieldName("declarator").some((declarator) => nameOf(declarator) === name);
}

/** `event` for `struct event` and for a typedef's name; undefined for a type of the language. */
function typeName(type: Node | null): string | undefined {
  if (type?.type === "struct_specifier") return type.childForFieldName("name")?.text;
  return type?.type === "type_identifier" ? type.text : undefined;
}
