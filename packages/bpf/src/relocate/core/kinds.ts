/** enum bpf_core_relo_kind, include/uapi/linux/bpf.h: what a CO-RE relocation asks about a type. */
export const CoreKind = {
  FieldByteOffset: 0,
  FieldByteSize: 1,
  FieldExists: 2,
  FieldSigned: 3,
  FieldLShiftU64: 4,
  FieldRShiftU64: 5,
  TypeIdLocal: 6,
  TypeIdTarget: 7,
  TypeExists: 8,
  TypeSize: 9,
  EnumValueExists: 10,
  EnumValue: 11,
  TypeMatches: 12,
} as const;

export type CoreFamily = "field" | "type" | "enum-value";

/** What the access string of a relocation of this kind describes; undefined for a kind newer than this library. */
export function coreFamily(kind: number): CoreFamily | undefined {
  if (kind >= CoreKind.FieldByteOffset && kind <= CoreKind.FieldRShiftU64) return "field";
  if (kind >= CoreKind.TypeIdLocal && kind <= CoreKind.TypeSize) return "type";
  if (kind === CoreKind.TypeMatches) return "type";
  if (kind === CoreKind.EnumValueExists || kind === CoreKind.EnumValue) return "enum-value";
  return undefined;
}
