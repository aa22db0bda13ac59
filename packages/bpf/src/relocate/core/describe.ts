import type { Btf } from "../../btf/btf.ts";
import { BtfKind } from "../../btf/types.ts";
import type { CoreRelocation } from "../../spec/object-spec.ts";
import { type AccessPath, parseAccessPath } from "./access-path.ts";
import { coreFamily } from "./kinds.ts";

const KEYWORDS: ReadonlyMap<number, string> = new Map([
  [BtfKind.Struct, "struct "],
  [BtfKind.Union, "union "],
  [BtfKind.Enum, "enum "],
  [BtfKind.Enum64, "enum "],
  [BtfKind.Fwd, "struct "],
]);

/** The C text of what a relocation accesses: `struct task_struct.state (0:23)`, `enum x::VALUE`, `struct sock`. */
export function describeRelocation(btf: Btf, relocation: CoreRelocation): string {
  return describePath(btf, relocation, parseAccessPath(btf, relocation));
}

function describePath(btf: Btf, relocation: CoreRelocation, path: AccessPath): string {
  const root = typeText(btf, relocation.typeId);
  const family = coreFamily(relocation.kind);
  if (family === "type") return root;
  if (family === "enum-value") return `${root}::${path.accessors[0]?.name ?? "?"}`;
  const steps = path.accessors.map((accessor, step) => {
    if (accessor.name !== undefined) return `.${accessor.name}`;
    return step > 0 || accessor.index > 0 ? `[${accessor.index}]` : "";
  });
  return `${root}${steps.join("")} (${relocation.access})`;
}

function typeText(btf: Btf, id: number): string {
  return `${KEYWORDS.get(btf.kind(id)) ?? ""}${btf.nameOf(id) || "<anonymous>"}`;
}
