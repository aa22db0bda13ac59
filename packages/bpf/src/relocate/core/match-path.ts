import type { Btf } from "../../btf/btf.ts";
import { essentialName } from "../../btf/essential-name.ts";
import { BtfKind } from "../../btf/types.ts";
import { RelocationError } from "../../errors.ts";
import { type Accessor, type AccessPath, isFlexibleArray, MAX_ACCESS_DEPTH } from "./access-path.ts";
import { fieldsAreCompatible, isEnumKind } from "./field-compatibility.ts";
import { type CoreFamily, CoreKind } from "./kinds.ts";
import { typesAreCompatible } from "./type-compatibility.ts";
import { typesMatch } from "./type-match.ts";

/** Finds the same access in a candidate of the target BTF, or undefined when the candidate has none. */
export function matchPath(
  family: CoreFamily,
  kind: number,
  local: AccessPath,
  target: Btf,
  targetId: number,
): AccessPath | undefined {
  if (family === "field") return matchField(local, target, targetId);
  if (family === "enum-value") return matchEnumerator(local, target, targetId);
  const matches = kind === CoreKind.TypeMatches ? typesMatch : typesAreCompatible;
  if (!matches(local.btf, local.rootId, target, targetId)) return undefined;
  return { btf: target, rootId: targetId, accessors: [], raw: [], bitOffset: 0 };
}

function matchEnumerator(local: AccessPath, target: Btf, targetId: number): AccessPath | undefined {
  const type = target.skipModifiers(targetId);
  if (!isEnumKind(type.kind) || !("values" in type)) return undefined;
  const name = essentialName(local.accessors[0]!.name!);
  const index = type.values.findIndex((value) => essentialName(value.name) === name);
  if (index < 0) return undefined;
  const accessor = { typeId: type.id, index, name: type.values[index]!.name };
  return { btf: target, rootId: targetId, accessors: [accessor], raw: [index], bitOffset: 0 };
}

interface Found {
  readonly accessor: Accessor;
  readonly raw: readonly number[];
  readonly bitOffset: number;
  readonly typeId: number;
}

function matchField(local: AccessPath, target: Btf, rootId: number): AccessPath | undefined {
  const accessors: Accessor[] = [];
  const raw: number[] = [];
  let bitOffset = 0;
  let typeId = rootId;
  for (const [step, wanted] of local.accessors.entries()) {
    if (wanted.name !== undefined) {
      const found = findMember(local.btf, wanted, target, typeId, raw.length);
      if (found === undefined) return undefined;
      accessors.push(found.accessor);
      raw.push(...found.raw);
      bitOffset += found.bitOffset;
      typeId = found.typeId;
      continue;
    }
    let type = target.skipModifiers(typeId);
    if (step > 0) {
      if (type.kind !== BtfKind.Array) return undefined;
      if (wanted.index >= type.length && !isFlexibleArray(target, accessors.at(-1), type)) return undefined;
      type = target.skipModifiers(type.elementId);
    }
    checkDepth(raw.length);
    typeId = type.id;
    accessors.push({ typeId, index: wanted.index, name: undefined });
    raw.push(wanted.index);
    bitOffset += wanted.index * target.sizeOf(typeId) * 8;
  }
  return { btf: target, rootId, accessors, raw, bitOffset };
}

/**
 * Searches a composite for a member of the wanted name and a compatible type, through anonymous structs and unions: a
 * field may have moved into or out of one. A namesake of another type is no match.
 */
function findMember(
  local: Btf,
  wanted: Accessor,
  target: Btf,
  targetId: number,
  depth: number,
): Found | undefined {
  const type = target.skipModifiers(targetId);
  if (type.kind !== BtfKind.Struct && type.kind !== BtfKind.Union) return undefined;
  for (const [index, member] of type.members.entries()) {
    checkDepth(depth);
    if (member.name === "") {
      const found = findMember(local, wanted, target, member.typeId, depth + 1);
      if (found === undefined) continue;
      return { ...found, raw: [index, ...found.raw], bitOffset: member.bitOffset + found.bitOffset };
    }
    if (member.name !== wanted.name) continue;
    if (!fieldsAreCompatible(local, memberType(local, wanted), target, member.typeId)) return undefined;
    const accessor = { typeId: type.id, index, name: member.name };
    return { accessor, raw: [index], bitOffset: member.bitOffset, typeId: member.typeId };
  }
  return undefined;
}

function memberType(btf: Btf, accessor: Accessor): number {
  const type = btf.type(accessor.typeId);
  if (type.kind !== BtfKind.Struct && type.kind !== BtfKind.Union) return 0;
  return type.members[accessor.index]?.typeId ?? 0;
}

function checkDepth(depth: number): void {
  if (depth < MAX_ACCESS_DEPTH) return;
  throw new RelocationError(
    `the kernel's type nests deeper than ${MAX_ACCESS_DEPTH} levels`,
    "report this kernel's BTF as a bug",
  );
}
