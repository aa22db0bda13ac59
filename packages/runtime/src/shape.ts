import { type Btf, BtfKind, MalformedError } from "@skep/bpf";

/**
 * What a BTF type looks like to somebody who shows or sets its values: modifiers, typedefs and tags are gone,
 * pointers are unsigned integers, anonymous members belong to their parent.
 */
export type Shape =
  | { readonly kind: "integer"; readonly bits: number; readonly signed: boolean }
  | { readonly kind: "bool" }
  | { readonly kind: "float"; readonly size: number }
  /** `char[size]`, up to the first NUL. */
  | { readonly kind: "string"; readonly size: number }
  | {
      readonly kind: "enum";
      readonly size: number;
      readonly signed: boolean;
      readonly values: readonly { readonly name: string; readonly value: bigint }[];
    }
  | { readonly kind: "array"; readonly element: Shape; readonly length: number }
  | { readonly kind: "struct"; readonly members: readonly MemberShape[] }
  /** Nothing that can be shown: `void`, a function, a struct only declared. */
  | { readonly kind: "opaque" };

export interface MemberShape {
  readonly name: string;
  readonly shape: Shape;
}

/** Deeper nesting than any C programmer writes; hostile BTF may nest without end. */
const MAX_DEPTH = 32;

/** @throws {MalformedError} when the type contains itself */
export function shapeOf(btf: Btf, typeId: number, depth = 0): Shape {
  if (depth > MAX_DEPTH)
    throw new MalformedError(
      `BTF type ${typeId} nests deeper than ${MAX_DEPTH} levels`,
      "rebuild the program",
    );
  const type = btf.skipModifiers(typeId);
  switch (type.kind) {
    case BtfKind.Int:
      return type.bool ? { kind: "bool" } : { kind: "integer", bits: type.bits, signed: type.signed };
    case BtfKind.Ptr:
      return { kind: "integer", bits: 64, signed: false };
    case BtfKind.Float:
      return { kind: "float", size: type.size };
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return { kind: "enum", size: type.size, signed: type.signed, values: type.values };
    case BtfKind.Array:
      return isChar(btf, type.elementId)
        ? { kind: "string", size: type.length }
        : { kind: "array", element: shapeOf(btf, type.elementId, depth + 1), length: type.length };
    case BtfKind.Struct:
    case BtfKind.Union:
      return { kind: "struct", members: membersOf(btf, type.members, depth) };
    default:
      return { kind: "opaque" };
  }
}

function membersOf(
  btf: Btf,
  members: readonly { readonly name: string; readonly typeId: number }[],
  depth: number,
): MemberShape[] {
  return members.flatMap((member): MemberShape[] => {
    const shape = shapeOf(btf, member.typeId, depth + 1);
    if (member.name !== "") return [{ name: member.name, shape }];
    return shape.kind === "struct" ? [...shape.members] : [];
  });
}

/** clang does not set BTF_INT_CHAR: the name tells text from bytes. */
function isChar(btf: Btf, typeId: number): boolean {
  const type = btf.skipModifiers(typeId);
  return type.kind === BtfKind.Int && (type.char || type.name === "char");
}
