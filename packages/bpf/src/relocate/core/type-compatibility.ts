import type { Btf } from "../../btf/btf.ts";
import { BtfKind, type BtfType } from "../../btf/types.ts";
import { RelocationError } from "../../errors.ts";
import { kindsAreCompatible } from "./field-compatibility.ts";

/** How deep pointers and function prototypes are followed, as in the kernel's relo_core.c. */
export const MAX_TYPE_DEPTH = 32;

/**
 * Whether a type of this name exists in a compatible shape: the question of `bpf_core_type_exists()` and
 * `bpf_core_type_size()`. Structs are not looked into; pointers, arrays and prototypes are followed.
 * @throws {RelocationError} when the types nest deeper than {@link MAX_TYPE_DEPTH}
 */
export function typesAreCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  if (!kindsAreCompatible(local.kind(localId), target.kind(targetId))) return false;
  return compatible(local, localId, target, targetId, MAX_TYPE_DEPTH);
}

function compatible(local: Btf, localId: number, target: Btf, targetId: number, level: number): boolean {
  let a: BtfType = local.skipModifiers(localId);
  let b: BtfType = target.skipModifiers(targetId);
  for (let depth = 0; depth < MAX_TYPE_DEPTH; depth++) {
    if (!kindsAreCompatible(a.kind, b.kind)) return false;
    if (a.kind === BtfKind.Ptr && b.kind === BtfKind.Ptr) {
      a = local.skipModifiers(a.typeId);
      b = target.skipModifiers(b.typeId);
    } else if (a.kind === BtfKind.Array && b.kind === BtfKind.Array) {
      a = local.skipModifiers(a.elementId);
      b = target.skipModifiers(b.elementId);
    } else if (a.kind === BtfKind.FuncProto && b.kind === BtfKind.FuncProto) {
      if (a.params.length !== b.params.length) return false;
      for (const [index, param] of a.params.entries()) {
        if (level <= 0) throw tooDeep(local, localId);
        if (!compatible(local, param.typeId, target, b.params[index]!.typeId, level - 1)) return false;
      }
      a = local.skipModifiers(a.returnId);
      b = target.skipModifiers(b.returnId);
    } else {
      return leavesAreCompatible(a, b);
    }
  }
  throw tooDeep(local, localId);
}

function leavesAreCompatible(a: BtfType, b: BtfType): boolean {
  switch (a.kind) {
    case BtfKind.Void:
    case BtfKind.Struct:
    case BtfKind.Union:
    case BtfKind.Enum:
    case BtfKind.Enum64:
    case BtfKind.Fwd:
      return true;
    case BtfKind.Int:
      return a.bitOffset === 0 && b.kind === BtfKind.Int && b.bitOffset === 0;
    default:
      return false;
  }
}

export function tooDeep(btf: Btf, id: number): RelocationError {
  return new RelocationError(
    `type ${id} (${btf.nameOf(id) || "anonymous"}) nests deeper than ${MAX_TYPE_DEPTH} levels`,
    "ask about an inner type instead",
  );
}
