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
      readonly values: readonly EnumeratorShape[];
    }
  | { readonly kind: "array"; readonly element: Shape; readonly length: number }
  | StructShape
  /** Nothing that can be shown: `void`, a function, a struct only declared. */
  | { readonly kind: "opaque" };

/** A struct or union. */
export interface StructShape {
  readonly kind: "struct";
  /** As in C; left out when the type has none. */
  readonly name?: string;
  readonly members: readonly MemberShape[];
}

export interface EnumeratorShape {
  readonly name: string;
  readonly value: bigint;
}

export interface MemberShape {
  readonly name: string;
  readonly shape: Shape;
}

/** Deeper nesting than any C programmer writes; hostile BTF may nest without end. */
const MAX_DEPTH = 32;
/** More than any kernel struct has. Structs that hold structs multiply. */
const MAX_MEMBERS = 20_000;

/** @throws {MalformedError} when the type contains itself, or has more members than anybody could look at */
export function shapeOf(btf: Btf, typeId: number): Shape {
  return new ShapeReader(btf).shape(typeId, 0);
}

class ShapeReader {
  readonly #btf: Btf;
  #members = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  shape(typeId: number, depth: number): Shape {
    if (depth > MAX_DEPTH) throw tooMuch(typeId, `nests deeper than ${MAX_DEPTH} levels`);
    const type = this.#btf.skipModifiers(typeId);
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
        return this.#isChar(type.elementId)
          ? { kind: "string", size: type.length }
          : { kind: "array", element: this.shape(type.elementId, depth + 1), length: type.length };
      case BtfKind.Struct:
      case BtfKind.Union: {
        const members = this.#membersOf(typeId, type.members, depth);
        return { kind: "struct", ...(type.name === "" ? {} : { name: type.name }), members };
      }
      default:
        return { kind: "opaque" };
    }
  }

  #membersOf(
    typeId: number,
    members: readonly { readonly name: string; readonly typeId: number }[],
    depth: number,
  ): MemberShape[] {
    this.#members += members.length;
    if (this.#members > MAX_MEMBERS) throw tooMuch(typeId, `has more than ${MAX_MEMBERS} members`);
    return members.flatMap((member): MemberShape[] => {
      const shape = this.shape(member.typeId, depth + 1);
      if (member.name !== "") return [{ name: member.name, shape }];
      return shape.kind === "struct" ? [...shape.members] : [];
    });
  }

  /** clang does not set BTF_INT_CHAR: the name tells text from bytes. */
  #isChar(typeId: number): boolean {
    const type = this.#btf.skipModifiers(typeId);
    return type.kind === BtfKind.Int && (type.char || type.name === "char");
  }
}

function tooMuch(typeId: number, what: string): MalformedError {
  return new MalformedError(`BTF type ${typeId} ${what}`, "rebuild the program");
}
