import type { Btf } from "../../btf/btf.ts";
import { essentialName } from "../../btf/essential-name.ts";
import { BtfKind, type BtfType } from "../../btf/types.ts";

/** Kinds that may stand for each other. A kernel may widen an enum to 64 bits without breaking its users. */
export function kindsAreCompatible(a: BtfKind, b: BtfKind): boolean {
  return a === b || (isEnumKind(a) && isEnumKind(b));
}

/** The kinds that a type of this kind may have in another BTF. */
export function compatibleKinds(kind: BtfKind): readonly BtfKind[] {
  return isEnumKind(kind) ? [BtfKind.Enum, BtfKind.Enum64] : [kind];
}

export function isEnumKind(kind: BtfKind): boolean {
  return kind === BtfKind.Enum || kind === BtfKind.Enum64;
}

export function isCompositeKind(kind: BtfKind): boolean {
  return kind === BtfKind.Struct || kind === BtfKind.Union;
}

/**
 * Whether a program that accesses a field of one type may access one of another: any two structs or unions, any two
 * pointers, any two plain integers, arrays by their elements (their length does not matter), enums by name.
 */
export function fieldsAreCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  let a: BtfType = local.skipModifiers(localId);
  let b: BtfType = target.skipModifiers(targetId);
  // An array of arrays nests as deep as the declaration; ids of a valid BTF cannot nest deeper than its types.
  for (let depth = 0; depth < 64; depth++) {
    if (isCompositeKind(a.kind) && isCompositeKind(b.kind)) return true;
    if (!kindsAreCompatible(a.kind, b.kind)) return false;
    if (a.kind === BtfKind.Array && b.kind === BtfKind.Array) {
      a = local.skipModifiers(a.elementId);
      b = target.skipModifiers(b.elementId);
      continue;
    }
    return leavesAreCompatible(a, b);
  }
  return false;
}

function leavesAreCompatible(a: BtfType, b: BtfType): boolean {
  switch (a.kind) {
    case BtfKind.Ptr:
    case BtfKind.Float:
      return true;
    case BtfKind.Fwd:
    case BtfKind.Enum:
    case BtfKind.Enum64: {
      const [nameA, nameB] = [essentialName(a.name), essentialName(b.name)];
      return nameA === "" || nameB === "" || nameA === nameB;
    }
    case BtfKind.Int:
      // Old compilers described bitfields as integers at a bit offset: those cannot be compared.
      return a.bitOffset === 0 && b.kind === BtfKind.Int && b.bitOffset === 0;
    default:
      return false;
  }
}
