import type { Btf } from "./btf.ts";
import { malformedBtf } from "./malformed.ts";
import { type BtfComposite, BtfKind, type BtfType } from "./types.ts";

/** Longest chain of references or nesting of structs that is followed; real kernels stay below 32. */
export const MAX_DEPTH = 64;
const MAX_SIZE = 2 ** 32 - 1;

/** Follows typedefs, cv-qualifiers and type tags. @throws {MalformedError} when the chain does not end. */
export function skipModifiers(btf: Btf, id: number): BtfType {
  let type = btf.type(id);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    switch (type.kind) {
      case BtfKind.Typedef:
      case BtfKind.Volatile:
      case BtfKind.Const:
      case BtfKind.Restrict:
      case BtfKind.TypeTag:
        type = btf.type(type.typeId);
        break;
      default:
        return type;
    }
  }
  throw malformedBtf(`typedefs and qualifiers from type ${id} do not end after ${MAX_DEPTH} steps`);
}

/** Bytes of a type; arrays multiply, everything else says. @throws {MalformedError} */
export function sizeOf(btf: Btf, id: number): number {
  let elements = 1;
  let type = skipModifiers(btf, id);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    switch (type.kind) {
      case BtfKind.Array:
        elements *= type.length;
        if (elements > MAX_SIZE) throw malformedBtf(`type ${id} has ${elements} elements`);
        type = skipModifiers(btf, type.elementId);
        break;
      case BtfKind.Var:
      case BtfKind.DeclTag:
        type = skipModifiers(btf, type.typeId);
        break;
      default: {
        const size = elements * scalarSize(btf, type, id);
        if (size > MAX_SIZE) throw malformedBtf(`type ${id} is ${size} bytes long`);
        return size;
      }
    }
  }
  throw malformedBtf(`type ${id} nests arrays deeper than ${MAX_DEPTH}`);
}

function scalarSize(btf: Btf, type: BtfType, asked: number): number {
  switch (type.kind) {
    case BtfKind.Int:
    case BtfKind.Float:
    case BtfKind.Struct:
    case BtfKind.Union:
    case BtfKind.Enum:
    case BtfKind.Enum64:
    case BtfKind.Datasec:
      return type.size;
    case BtfKind.Ptr:
      return btf.pointerSize;
    default:
      throw malformedBtf(`type ${asked}${type.name === "" ? "" : ` (${type.name})`} has no size`);
  }
}

/**
 * Bytes of a pointer, told from the size of `long`, as BTF itself does not say. 8 when there is no `long`.
 */
export function pointerSize(btf: Btf): number {
  for (let id = 1; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.Int) continue;
    const type = btf.type(id);
    if (type.kind !== BtfKind.Int || (type.size !== 4 && type.size !== 8)) continue;
    if (LONG_NAMES.has(type.name)) return type.size;
  }
  return 8;
}

const LONG_NAMES: ReadonlySet<string> = new Set([
  "long",
  "long int",
  "int long",
  "unsigned long",
  "long unsigned",
  "unsigned long int",
  "unsigned int long",
  "long unsigned int",
  "long int unsigned",
  "int unsigned long",
  "int long unsigned",
]);

/** Answers alignments, remembering those of structs. */
export class Alignments {
  readonly #btf: Btf;
  readonly #known = new Map<number, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Bytes. 1 for a packed struct. @throws {MalformedError} where a type has no size. */
  of(id: number, depth = 0): number {
    if (depth > MAX_DEPTH) throw malformedBtf(`type ${id} is nested deeper than ${MAX_DEPTH}`);
    const type = skipModifiers(this.#btf, id);
    switch (type.kind) {
      case BtfKind.Array:
        return this.of(type.elementId, depth + 1);
      case BtfKind.Var:
      case BtfKind.DeclTag:
        return this.of(type.typeId, depth + 1);
      case BtfKind.Struct:
      case BtfKind.Union: {
        const known = this.#known.get(type.id);
        if (known !== undefined) return known;
        const alignment = this.#composite(type, depth);
        this.#known.set(type.id, alignment);
        return alignment;
      }
      case BtfKind.Datasec:
        return 8;
      default: {
        const alignment = scalarAlignment(type, this.#btf.pointerSize);
        if (alignment !== undefined) return alignment;
        throw malformedBtf(`type ${id}${type.name === "" ? "" : ` (${type.name})`} has no alignment`);
      }
    }
  }

  /** BTF does not record `packed`: a member or a size that breaks the natural alignment shows it. */
  #composite(type: BtfComposite, depth: number): number {
    let alignment = 1;
    let packed = false;
    for (const member of type.members) {
      const own = this.of(member.typeId, depth + 1);
      if (member.bitSize === 0 && member.bitOffset % (own * 8) !== 0) packed = true;
      if (own > alignment) alignment = own;
    }
    return packed || type.size % alignment !== 0 ? 1 : alignment;
  }
}

/** Bytes, of numbers, enums and pointers; undefined for what is made of others. */
export function scalarAlignment(type: BtfType, pointerBytes: number): number | undefined {
  switch (type.kind) {
    case BtfKind.Int:
    case BtfKind.Float:
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return naturalAlignment(type.size, pointerBytes);
    case BtfKind.Ptr:
      return pointerBytes;
    default:
      return undefined;
  }
}

/** Largest power of two in `size`; at most 16 with 64-bit pointers (`__int128`, `long double`), 4 with 32-bit. */
function naturalAlignment(size: number, pointerBytes: number): number {
  return Math.max(1, Math.min(size & -size, pointerBytes === 8 ? 16 : pointerBytes));
}
