import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { BPF_F_RDONLY_PROG } from "../spec/map-flags.ts";
import type { DataSection, VariableSpec } from "../spec/object-spec.ts";

/** What live variables need to know of their section. */
export type LiveSection = Pick<DataSection, "section" | "readOnly" | "variables">;

/**
 * The section of global data that is a map's value, as its BTF has it; undefined when the value is of another type. So the variables of
 * programs that somebody else has loaded have names, too.
 */
export function liveSectionOf(
  btf: Btf | undefined,
  valueTypeId: number,
  flags: number,
): LiveSection | undefined {
  const section = btf?.type(valueTypeId);
  if (btf === undefined || section?.kind !== BtfKind.Datasec) return undefined;
  const variables = section.variables.map(({ typeId, offset, size }): VariableSpec => {
    const variable = btf.type(typeId);
    const known = variable.kind === BtfKind.Var;
    return {
      name: variable.name,
      offset,
      size,
      typeId: known ? variable.typeId : 0,
      linkage: known && variable.linkage === "static" ? "static" : "global",
    };
  });
  return { section: section.name, readOnly: (flags & BPF_F_RDONLY_PROG) !== 0, variables };
}
