import type { BpfValue } from "@skep/bpf";
import type { EventKind } from "../output/view.ts";
import type { MemberShape, Shape } from "../shapes/shape.ts";

type Record = { readonly [member: string]: BpfValue };

/** Structs whose members a filter names without them. */
const OPEN = ["value", "key"] as const;

/** An entry as a filter sees it: `key`, `value`, and what is in them by its own name (`count > 3` for `value.count > 3`). */
export function filterKind(kind: EventKind): EventKind {
  const { shape } = kind;
  if (shape.kind !== "struct") return kind;
  const members = new Map<string, MemberShape>();
  for (const outer of OPEN)
    for (const member of membersOf(shape.members, outer)) members.set(member.name, member);
  for (const member of shape.members) members.set(member.name, member);
  return { ...kind, shape: { kind: "struct", members: [...members.values()] } };
}

/** What belongs to `filterKind`. */
export function filterRecord(record: Record): Record {
  const inner = OPEN.map((outer) => record[outer]).filter(isStruct);
  return Object.assign(Object.create(null), ...inner, record);
}

function membersOf(members: readonly MemberShape[], name: string): readonly MemberShape[] {
  const shape: Shape | undefined = members.find((member) => member.name === name)?.shape;
  return shape?.kind === "struct" ? shape.members : [];
}

function isStruct(value: BpfValue | undefined): value is Record {
  return typeof value === "object" && !Array.isArray(value) && !Object.isFrozen(value);
}
