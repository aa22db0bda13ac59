import type { BpfValue } from "@skep/bpf";
import type { Annotations } from "../shapes/annotations.ts";
import type { Shape } from "../shapes/shape.ts";
import type { SampledMap } from "./sampled-maps.ts";

export type StackKind = "kernel" | "user";

/** A member of a key or value that is a stack: its id in a stack map, or its addresses. */
export interface StackMember {
  readonly kind: StackKind;
  /** From the entry: `["key", "user_stack_id"]`. */
  readonly path: readonly string[];
  readonly shape: Shape;
}

/** How programs of libbpf-tools and BCC call them, for those who say nothing. */
const NAMES: Readonly<Record<StackKind, RegExp>> = {
  kernel: /^k(?:ern(?:el)?)?_?(?:stack|stk)/,
  user: /^u(?:ser)?_?(?:stack|stk)/,
};

/** The members with `@format stack kernel` or `stack user`; without any, those whose names say so. Kernel stacks come first. */
export function stackMembers(
  sampled: SampledMap,
  shapes: { readonly key: Shape; readonly value: Shape },
  annotations: Annotations,
): StackMember[] {
  const members = [
    ...leaves(shapes.key, ["key"], sampled.keyFormat, annotations),
    ...leaves(shapes.value, ["value"], sampled.valueFormat, annotations),
  ];
  const told = members.flatMap(({ format, ...member }) => {
    const kind = kindOf(format);
    return kind === undefined ? [] : [{ ...member, kind }];
  });
  const found = told.length > 0 ? told : members.flatMap(({ path, shape }) => named(path, shape));
  return found.sort((one, other) => (one.kind === other.kind ? 0 : one.kind === "kernel" ? -1 : 1));
}

interface Leaf {
  readonly path: readonly string[];
  readonly shape: Shape;
  readonly format: string | undefined;
}

function leaves(
  shape: Shape,
  path: readonly string[],
  format: string | undefined,
  annotations: Annotations,
): Leaf[] {
  if (shape.kind !== "struct") return [{ path, shape, format }];
  const notes = shape.name === undefined ? undefined : annotations.get(shape.name)?.members;
  return shape.members.flatMap((member) =>
    leaves(member.shape, [...path, member.name], notes?.get(member.name)?.format, annotations),
  );
}

function kindOf(format: string | undefined): StackKind | undefined {
  const [word, kind] = format?.split(/\s+/) ?? [];
  return word === "stack" && (kind === "kernel" || kind === "user") ? kind : undefined;
}

function named(path: readonly string[], shape: Shape): StackMember[] {
  const name = path.at(-1) ?? "";
  for (const kind of ["kernel", "user"] as const) if (NAMES[kind].test(name)) return [{ kind, path, shape }];
  return [];
}

/** The value at the end of a path. */
export function follow(
  record: Readonly<Record<string, BpfValue>>,
  path: readonly string[],
): BpfValue | undefined {
  let value: BpfValue | undefined = record;
  for (const step of path) {
    if (typeof value !== "object" || Array.isArray(value)) return undefined;
    value = (value as { readonly [member: string]: BpfValue })[step];
  }
  return value;
}
