import type { Btf } from "../../btf/btf.ts";
import { essentialName } from "../../btf/essential-name.ts";
import { type BtfComposite, type BtfEnum, BtfKind, type BtfType } from "../../btf/types.ts";
import { isEnumKind } from "./field-compatibility.ts";
import { MAX_TYPE_DEPTH, tooDeep } from "./type-compatibility.ts";

/**
 * Whether two types match in every detail that the program declared: the question of `bpf_core_type_matches()`.
 * Stricter than compatibility: member names and their types, integer sizes and signs, enumerator names. Behind a
 * pointer only a composite's name and kind count. The caller has already compared the root types' names.
 * @throws {RelocationError} when the types nest too deeply
 */
export function typesMatch(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  return match({ local, target, steps: 0 }, localId, targetId, false, MAX_TYPE_DEPTH);
}

/** A struct that holds itself by value, which only a forged BTF has, would otherwise be compared for hours. */
const MAX_STEPS = 1_000_000;

interface Pair {
  readonly local: Btf;
  readonly target: Btf;
  steps: number;
}

function match(pair: Pair, localId: number, targetId: number, behind: boolean, level: number): boolean {
  if (level <= 0 || ++pair.steps > MAX_STEPS) throw tooDeep(pair.local, localId);
  let behindPointer = behind;
  let a: BtfType = pair.local.skipModifiers(localId);
  let b: BtfType = pair.target.skipModifiers(targetId);
  for (let depth = 0; depth < MAX_TYPE_DEPTH; depth++) {
    if (!namesMatch(a.name, b.name)) return false;
    if (a.kind === BtfKind.Ptr) {
      if (b.kind !== BtfKind.Ptr) return false;
      behindPointer = true;
      a = pair.local.skipModifiers(a.typeId);
      b = pair.target.skipModifiers(b.typeId);
    } else if (a.kind === BtfKind.Array) {
      if (b.kind !== BtfKind.Array || a.length !== b.length) return false;
      a = pair.local.skipModifiers(a.elementId);
      b = pair.target.skipModifiers(b.elementId);
    } else if (a.kind === BtfKind.FuncProto) {
      if (b.kind !== BtfKind.FuncProto || a.params.length !== b.params.length) return false;
      for (const [index, param] of a.params.entries()) {
        if (!match(pair, param.typeId, b.params[index]!.typeId, behindPointer, level - 1)) return false;
      }
      a = pair.local.skipModifiers(a.returnId);
      b = pair.target.skipModifiers(b.returnId);
    } else {
      return leavesMatch(pair, a, b, behindPointer, level);
    }
  }
  throw tooDeep(pair.local, localId);
}

function leavesMatch(pair: Pair, a: BtfType, b: BtfType, behindPointer: boolean, level: number): boolean {
  switch (a.kind) {
    case BtfKind.Void:
      return b.kind === BtfKind.Void;
    case BtfKind.Int:
      return b.kind === BtfKind.Int && a.size === b.size && a.signed === b.signed;
    case BtfKind.Fwd:
      if (b.kind === BtfKind.Fwd) return a.union === b.union;
      return behindPointer && b.kind === (a.union ? BtfKind.Union : BtfKind.Struct);
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return isEnumKind(b.kind) && enumsMatch(a, b as BtfEnum);
    case BtfKind.Struct:
    case BtfKind.Union:
      if (!behindPointer) return b.kind === a.kind && compositesMatch(pair, a, b as BtfComposite, level);
      return b.kind === a.kind || (b.kind === BtfKind.Fwd && b.union === (a.kind === BtfKind.Union));
    default:
      return false;
  }
}

/** Every local enumerator has a namesake; the numbers may differ. */
function enumsMatch(a: BtfEnum, b: BtfEnum): boolean {
  if (a.size !== b.size || a.values.length > b.values.length) return false;
  const names = new Set(b.values.map((value) => essentialName(value.name)));
  return a.values.every((value) => names.has(essentialName(value.name)));
}

/** Every local member has a namesake of matching type, at any offset. */
function compositesMatch(pair: Pair, a: BtfComposite, b: BtfComposite, level: number): boolean {
  if (a.members.length > b.members.length) return false;
  return a.members.every((member) =>
    b.members.some(
      (other) =>
        namesMatch(member.name, other.name) && match(pair, member.typeId, other.typeId, false, level - 1),
    ),
  );
}

/** An anonymous target only matches an anonymous local type. */
function namesMatch(local: string, target: string): boolean {
  return target === "" ? local === "" : essentialName(local) === essentialName(target);
}
