import type { Btf } from "../../btf/btf.ts";
import { BtfKind, type BtfType } from "../../btf/types.ts";
import { RelocationError } from "../../errors.ts";
import type { AccessPath } from "./access-path.ts";
import { isEnumKind } from "./field-compatibility.ts";
import { type CoreFamily, CoreKind } from "./kinds.ts";

/** What to write into an instruction, and what must stand there now. All values are unsigned 64-bit. */
export interface CoreResult {
  /** The value that the compiler computed from the object's own types. */
  readonly oldValue: bigint;
  readonly newValue: bigint;
  /** Whether `oldValue` must be found in the instruction. Compilers differ in how they load bitfields. */
  readonly validate: boolean;
  /** There is no answer on this kernel: the instruction must never run. */
  readonly poison: boolean;
  /** Bytes of the accessed field; 0 where the size of a load or store is none of our business. */
  readonly oldSize: number;
  readonly newSize: number;
  /** The sizes differ, and a load of the other size would read a wrong value. */
  readonly sizeConflict: boolean;
}

/** @throws {RelocationError} when the question makes no sense for this type */
export function calculate(
  family: CoreFamily,
  kind: number,
  local: AccessPath,
  target: AccessPath | undefined,
): CoreResult {
  const plain = { validate: true, poison: false, oldSize: 0, newSize: 0, sizeConflict: false };
  const poisoned = { ...plain, oldValue: 0n, newValue: 0n, poison: true };
  if (family === "type") {
    const validate = kind !== CoreKind.TypeIdTarget; // linkers renumber types
    return { ...plain, validate, oldValue: typeValue(kind, local), newValue: typeValue(kind, target) };
  }
  if (family === "enum-value") {
    if (kind === CoreKind.EnumValueExists) return { ...plain, oldValue: 1n, newValue: target ? 1n : 0n };
    if (target === undefined) return poisoned;
    return { ...plain, oldValue: enumeratorValue(local), newValue: enumeratorValue(target) };
  }
  if (kind === CoreKind.FieldExists) return { ...plain, oldValue: 1n, newValue: target ? 1n : 0n };
  if (target === undefined) return poisoned;
  const before = fieldValue(kind, local);
  const after = fieldValue(kind, target);
  return {
    oldValue: before.value,
    newValue: after.value,
    validate: before.validate,
    poison: false,
    oldSize: before.size,
    newSize: after.size,
    sizeConflict: before.size !== after.size && !sizeMayChange(before.type, after.type),
  };
}

/** Type relocations answer 0 when no type matches. */
function typeValue(kind: number, path: AccessPath | undefined): bigint {
  if (path === undefined) return 0n;
  if (kind === CoreKind.TypeSize) return BigInt(path.btf.sizeOf(path.rootId));
  if (kind === CoreKind.TypeIdTarget) return BigInt(path.rootId);
  return 1n;
}

function enumeratorValue(path: AccessPath): bigint {
  const accessor = path.accessors[0]!;
  const type = path.btf.type(accessor.typeId);
  if (!isEnumKind(type.kind) || !("values" in type)) return 0n;
  const value = type.values[accessor.index]!.value;
  // BTF keeps 32-bit enumerators as int: libbpf sign-extends them even when the enum is unsigned.
  return BigInt.asUintN(64, type.kind === BtfKind.Enum ? BigInt.asIntN(32, value) : value);
}

interface FieldValue {
  readonly value: bigint;
  readonly validate: boolean;
  /** 0 unless the relocation is a plain byte offset, the only kind that loads and stores carry. */
  readonly size: number;
  /** What a load at that offset reads; undefined for a bitfield, of which a load reads too much. */
  readonly type: BtfType | undefined;
}

function fieldValue(kind: number, path: AccessPath): FieldValue {
  const { btf } = path;
  const last = path.accessors.at(-1)!;
  if (last.name === undefined) return elementValue(kind, path, last.typeId);
  const holder = btf.type(last.typeId);
  if (holder.kind !== BtfKind.Struct && holder.kind !== BtfKind.Union) throw noSense(kind, path);
  const member = holder.members[last.index]!;
  const type = btf.skipModifiers(member.typeId);
  const isBitfield = member.bitSize > 0;
  const unit = isBitfield
    ? bitfieldUnit(path, btf.sizeOf(type.id), member.bitSize)
    : { byteOffset: Math.floor(path.bitOffset / 8), byteSize: btf.sizeOf(type.id) };
  const bitSize = isBitfield ? member.bitSize : unit.byteSize * 8;
  const field = { validate: !isBitfield, size: 0, type: undefined };
  switch (kind) {
    case CoreKind.FieldByteOffset: {
      const value = BigInt(unit.byteOffset);
      if (isBitfield) return { ...field, value };
      const element = elementOf(btf, type);
      return { ...field, value, size: btf.sizeOf(element.id), type: element };
    }
    case CoreKind.FieldByteSize:
      return { ...field, value: BigInt(unit.byteSize) };
    case CoreKind.FieldSigned:
      return { ...field, value: isSigned(type) ? 1n : 0n, validate: true };
    case CoreKind.FieldLShiftU64: {
      const bit = path.bitOffset - unit.byteOffset * 8;
      const shift = btf.littleEndian ? 64 - (bit + bitSize) : (8 - unit.byteSize) * 8 + bit;
      return { ...field, value: BigInt.asUintN(64, BigInt(shift)) };
    }
    case CoreKind.FieldRShiftU64:
      return { ...field, value: BigInt.asUintN(64, BigInt(64 - bitSize)), validate: true };
    default:
      throw noSense(kind, path);
  }
}

function elementValue(kind: number, path: AccessPath, typeId: number): FieldValue {
  const { btf } = path;
  const type = elementOf(btf, btf.skipModifiers(typeId));
  if (kind === CoreKind.FieldByteOffset) {
    const value = BigInt(Math.floor(path.bitOffset / 8));
    return { value, validate: true, size: btf.sizeOf(type.id), type };
  }
  if (kind === CoreKind.FieldByteSize) {
    return { value: BigInt(btf.sizeOf(typeId)), validate: true, size: 0, type };
  }
  throw noSense(kind, path);
}

/** A load that carries the offset of an array reads one of its elements. */
function elementOf(btf: Btf, type: BtfType): BtfType {
  let element = type;
  for (let depth = 0; element.kind === BtfKind.Array && depth < 64; depth++) {
    element = btf.skipModifiers(element.elementId);
  }
  return element;
}

/** The smallest naturally aligned unit that holds all bits of a bitfield, beginning with its declared type. */
function bitfieldUnit(path: AccessPath, declaredSize: number, bitSize: number) {
  const { bitOffset } = path;
  for (let byteSize = declaredSize; byteSize >= 1 && byteSize <= 8; byteSize *= 2) {
    const byteOffset = Math.floor(Math.floor(bitOffset / 8) / byteSize) * byteSize;
    if (bitOffset + bitSize - byteOffset * 8 <= byteSize * 8) return { byteOffset, byteSize };
  }
  throw new RelocationError(
    `the bitfield of ${bitSize} bits at bit ${bitOffset} cannot be read with one 64-bit load`,
    "read the field's bytes with bpf_core_read instead",
  );
}

function isSigned(type: BtfType): boolean {
  return "signed" in type && type.signed;
}

/** Pointers and unsigned integers may be read in another width: zero extension keeps their value. */
function sizeMayChange(before: BtfType | undefined, after: BtfType | undefined): boolean {
  if (before?.kind === BtfKind.Ptr && after?.kind === BtfKind.Ptr) return true;
  return isZeroExtended(before) && isZeroExtended(after);
}

/** libbpf compares the whole encoding byte with BTF_INT_SIGNED, so a `char` passes. */
function isZeroExtended(type: BtfType | undefined): boolean {
  return type?.kind === BtfKind.Int && (!type.signed || type.char || type.bool);
}

function noSense(kind: number, path: AccessPath): RelocationError {
  return new RelocationError(
    `CO-RE relocation kind ${kind} cannot be applied to access ${path.raw.join(":")} of type ${path.rootId}`,
    "rebuild the object file",
  );
}
