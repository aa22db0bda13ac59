import type { Btf } from "../../btf/btf.ts";
import { type BtfArray, BtfKind, type BtfType } from "../../btf/types.ts";
import { RelocationError } from "../../errors.ts";
import type { CoreRelocation } from "../../spec/object-spec.ts";
import { isEnumKind } from "./field-compatibility.ts";
import { coreFamily } from "./kinds.ts";

/** The deepest access that the kernel's own relocation code follows (BPF_CORE_SPEC_MAX_LEN, relo_core.h). */
export const MAX_ACCESS_DEPTH = 64;

/** One step that has a meaning in C: a member by name, or an array index (`name` undefined). */
export interface Accessor {
  /** The type that the step is taken in (the composite), or reached by it (the array's element). */
  readonly typeId: number;
  readonly index: number;
  readonly name: string | undefined;
}

/** What a relocation accesses, resolved in one BTF. */
export interface AccessPath {
  readonly btf: Btf;
  readonly rootId: number;
  readonly accessors: readonly Accessor[];
  /** Every step, anonymous members included: the access string. */
  readonly raw: readonly number[];
  /** From the start of the root type. */
  readonly bitOffset: number;
}

/**
 * Resolves a relocation's access string such as `0:1:2` in the object's own BTF. The first number indexes the root type
 * as an array (`p[0]`), each further one a member or an element. Type relocations have an empty path.
 * @throws {RelocationError} when the string does not fit the type
 */
export function parseAccessPath(btf: Btf, relocation: CoreRelocation): AccessPath {
  const { typeId, access } = relocation;
  const empty = { btf, rootId: typeId, accessors: [], raw: [], bitOffset: 0 };
  const family = coreFamily(relocation.kind);
  if (family === "type") {
    if (access !== "0") throw badAccess(btf, relocation, "a type relocation has the access string 0");
    return empty;
  }
  const raw = parseNumbers(btf, relocation);
  const root = btf.skipModifiers(typeId);
  if (family === "enum-value") {
    if (!isEnum(root) || raw.length !== 1) throw badAccess(btf, relocation, "it is not an enumerator");
    const value = root.values[raw[0]!];
    if (value === undefined) throw badAccess(btf, relocation, `the enum has ${root.values.length} values`);
    return { ...empty, raw, accessors: [{ typeId: root.id, index: raw[0]!, name: value.name }] };
  }
  return walk(btf, relocation, root, raw);
}

function walk(btf: Btf, relocation: CoreRelocation, root: BtfType, raw: readonly number[]): AccessPath {
  const accessors: Accessor[] = [{ typeId: root.id, index: raw[0]!, name: undefined }];
  let bitOffset = raw[0]! * btf.sizeOf(root.id) * 8;
  let type = root;
  for (const index of raw.slice(1)) {
    if (type.kind === BtfKind.Struct || type.kind === BtfKind.Union) {
      const member = type.members[index];
      if (member === undefined) {
        throw badAccess(btf, relocation, `${type.name || "the struct"} has ${type.members.length} members`);
      }
      bitOffset += member.bitOffset;
      if (member.name !== "") accessors.push({ typeId: type.id, index, name: member.name });
      type = btf.skipModifiers(member.typeId);
    } else if (type.kind === BtfKind.Array) {
      if (index >= type.length && !isFlexibleArray(btf, accessors.at(-1), type)) {
        throw badAccess(btf, relocation, `the array has ${type.length} elements`);
      }
      type = btf.skipModifiers(type.elementId);
      accessors.push({ typeId: type.id, index, name: undefined });
      bitOffset += index * btf.sizeOf(type.id) * 8;
    } else {
      throw badAccess(btf, relocation, "it steps into a type without members");
    }
  }
  return { btf, rootId: relocation.typeId, accessors, raw, bitOffset };
}

/** `x[]` and `x[0]` have no bound, but only as the last member of a struct. */
export function isFlexibleArray(btf: Btf, holder: Accessor | undefined, array: BtfArray): boolean {
  if (holder?.name === undefined || array.length > 0) return false;
  const composite = btf.type(holder.typeId);
  if (composite.kind !== BtfKind.Struct && composite.kind !== BtfKind.Union) return false;
  return holder.index === composite.members.length - 1;
}

function isEnum(type: BtfType): type is Extract<BtfType, { values: unknown }> {
  return isEnumKind(type.kind);
}

function parseNumbers(btf: Btf, relocation: CoreRelocation): number[] {
  if (!/^\d{1,9}(:\d{1,9})*$/.test(relocation.access))
    throw badAccess(btf, relocation, "it is not a list of indexes");
  const numbers = relocation.access.split(":").map(Number);
  if (numbers.length > MAX_ACCESS_DEPTH)
    throw badAccess(btf, relocation, `deeper than ${MAX_ACCESS_DEPTH} steps`);
  return numbers;
}

function badAccess(btf: Btf, relocation: CoreRelocation, why: string): RelocationError {
  const name = btf.nameOf(relocation.typeId) || "anonymous type";
  return new RelocationError(
    `CO-RE access "${relocation.access}" does not fit type ${relocation.typeId} (${name}): ${why}`,
    "rebuild the object file",
  );
}
