/** BTF_KIND_* numbers, include/uapi/linux/btf.h. */
export const BtfKind = {
  Void: 0,
  Int: 1,
  Ptr: 2,
  Array: 3,
  Struct: 4,
  Union: 5,
  Enum: 6,
  Fwd: 7,
  Typedef: 8,
  Volatile: 9,
  Const: 10,
  Restrict: 11,
  Func: 12,
  FuncProto: 13,
  Var: 14,
  Datasec: 15,
  Float: 16,
  DeclTag: 17,
  TypeTag: 18,
  Enum64: 19,
} as const;
export type BtfKind = (typeof BtfKind)[keyof typeof BtfKind];

/** A decoded BTF type. `name` is empty for anonymous types. Type references are ids in the same `Btf`. */
export type BtfType =
  | { readonly kind: typeof BtfKind.Void; readonly id: 0; readonly name: "" }
  | BtfInt
  | BtfReference
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfFwd
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfFloat
  | BtfDeclTag;

interface Base {
  readonly id: number;
  readonly name: string;
}
export interface BtfInt extends Base {
  readonly kind: typeof BtfKind.Int;
  /** Bytes. */
  readonly size: number;
  /** Bits. */
  readonly bits: number;
  /** Old-style bitfield offset, in bits; 0 from modern compilers. */
  readonly bitOffset: number;
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
}
/** Types that only point at another: pointer, typedef, cv-qualifiers, type tags. */
export interface BtfReference extends Base {
  readonly kind:
    | typeof BtfKind.Ptr
    | typeof BtfKind.Typedef
    | typeof BtfKind.Volatile
    | typeof BtfKind.Const
    | typeof BtfKind.Restrict
    | typeof BtfKind.TypeTag;
  readonly typeId: number;
  /** BTF kind flag: on a TypeTag, it is an arbitrary attribute (6.15). */
  readonly kindFlag: boolean;
}
export interface BtfArray extends Base {
  readonly kind: typeof BtfKind.Array;
  readonly elementId: number;
  readonly indexId: number;
  readonly length: number;
}
export interface BtfMember {
  readonly name: string;
  readonly typeId: number;
  /** Offset from the start of the struct, in bits. */
  readonly bitOffset: number;
  /** 0 when the member is not a bitfield. */
  readonly bitSize: number;
}
export interface BtfComposite extends Base {
  readonly kind: typeof BtfKind.Struct | typeof BtfKind.Union;
  /** Bytes. */
  readonly size: number;
  readonly kindFlag: boolean;
  readonly members: readonly BtfMember[];
}
export interface BtfEnum extends Base {
  readonly kind: typeof BtfKind.Enum | typeof BtfKind.Enum64;
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number;
  readonly signed: boolean;
  /** `value` is sign-correct: negative only for signed enums. */
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}
export interface BtfFwd extends Base {
  readonly kind: typeof BtfKind.Fwd;
  readonly union: boolean;
}
export interface BtfFunc extends Base {
  readonly kind: typeof BtfKind.Func;
  readonly typeId: number;
  readonly linkage: "static" | "global" | "extern";
}
export interface BtfFuncProto extends Base {
  readonly kind: typeof BtfKind.FuncProto;
  readonly returnId: number;
  /** A last parameter with an empty name and type 0 means varargs. */
  readonly params: readonly { readonly name: string; readonly typeId: number }[];
}
export interface BtfVar extends Base {
  readonly kind: typeof BtfKind.Var;
  readonly typeId: number;
  readonly linkage: "static" | "global" | "extern";
}
export interface BtfDatasec extends Base {
  readonly kind: typeof BtfKind.Datasec;
  readonly size: number;
  readonly variables: readonly { readonly typeId: number; readonly offset: number; readonly size: number }[];
}
export interface BtfFloat extends Base {
  readonly kind: typeof BtfKind.Float;
  readonly size: number;
}
export interface BtfDeclTag extends Base {
  readonly kind: typeof BtfKind.DeclTag;
  readonly typeId: number;
  /** -1 for the type itself, else the member or parameter index. */
  readonly componentIndex: number;
  readonly kindFlag: boolean;
}
