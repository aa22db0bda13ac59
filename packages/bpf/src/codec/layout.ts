import type { Btf } from "../btf/btf.ts";
import { type BtfComposite, type BtfInt, BtfKind, type BtfType } from "../btf/types.ts";
import { MalformedError } from "../errors.ts";
import { EnumTable } from "./enum-table.ts";

/** How the bytes of a BTF type are read: typedefs and qualifiers gone, anonymous members merged into their parent. */
export type Layout =
  | IntLayout
  | BoolLayout
  | EnumLayout
  | FloatLayout
  | TextLayout
  | ArrayLayout
  | RecordLayout;

interface Sized {
  /** Bytes. */
  readonly size: number;
  /** How many values one decoding makes; bounds what hostile BTF can ask for. */
  readonly cost: number;
}
export interface IntLayout extends Sized {
  readonly kind: "int";
  readonly signed: boolean;
  /** Pointers read like unsigned integers. */
  readonly pointer: boolean;
  /** Set where the integer does not fill its bytes: an old-style bitfield, or `_BitInt`. */
  readonly bits: BitRange | undefined;
  /** Plain `char`: arrays of it are text. */
  readonly char: boolean;
}
export interface BoolLayout extends Sized {
  readonly kind: "bool";
}
export interface EnumLayout extends Sized {
  readonly kind: "enum";
  readonly signed: boolean;
  readonly table: EnumTable;
}
/** 4 or 8 bytes; other widths are laid out as arrays of bytes. */
export interface FloatLayout extends Sized {
  readonly kind: "float";
}
export interface TextLayout extends Sized {
  readonly kind: "text";
}
export interface ArrayLayout extends Sized {
  readonly kind: "array";
  readonly element: Layout;
  readonly length: number;
}
export interface RecordLayout extends Sized {
  readonly kind: "record";
  readonly name: string;
  readonly fields: readonly Field[];
}
export interface Field {
  readonly name: string;
  /** Bytes from the start of the record; the first byte touched for a bitfield. */
  readonly offset: number;
  readonly layout: Layout;
  /** Set for bitfields, counted from the start of the record. */
  readonly bits: BitRange | undefined;
  /** Nothing of the record follows: an empty array here takes what remains of the data. */
  readonly last: boolean;
}
/** Bits as BTF counts them: from the least significant on little-endian, from the most significant on big-endian. */
export interface BitRange {
  readonly offset: number;
  readonly size: number;
}

const MAX_DEPTH = 64;
const MAX_SIZE = 2 ** 31 - 1;
const MAX_COST = 2 ** 24;
const MAX_FIELDS = 2 ** 16;

const known = new WeakMap<Btf, Map<number, Layout>>();

/**
 * The layout of a type, computed once for each.
 * @throws {MalformedError} for types without a size, that contain themselves, or whose members leave their struct
 */
export function layoutOf(btf: Btf, typeId: number): Layout {
  let layouts = known.get(btf);
  if (layouts === undefined) {
    layouts = new Map();
    known.set(btf, layouts);
  }
  return new LayoutReader(btf, layouts).read(typeId);
}

class LayoutReader {
  readonly #btf: Btf;
  readonly #known: Map<number, Layout>;
  readonly #open = new Set<number>();

  constructor(btf: Btf, known: Map<number, Layout>) {
    this.#btf = btf;
    this.#known = known;
  }

  read(typeId: number): Layout {
    const type = this.#btf.skipModifiers(typeId);
    const known = this.#known.get(type.id);
    if (known !== undefined) return known;
    if (this.#open.has(type.id)) throw malformed(type, "contains itself");
    if (this.#open.size >= MAX_DEPTH) throw malformed(type, `is nested deeper than ${MAX_DEPTH}`);
    this.#open.add(type.id);
    const layout = this.#build(type);
    this.#open.delete(type.id);
    if (layout.size > MAX_SIZE) throw malformed(type, `is ${layout.size} bytes long`);
    if (layout.cost > MAX_COST)
      throw malformed(type, `holds ${layout.cost} values, at most ${MAX_COST} are read`);
    this.#known.set(type.id, layout);
    return layout;
  }

  #build(type: BtfType): Layout {
    switch (type.kind) {
      case BtfKind.Int:
        return intLayout(type);
      case BtfKind.Ptr:
        return integer(this.#btf.pointerSize, { pointer: true });
      case BtfKind.Float:
        if (type.size === 4 || type.size === 8) return { kind: "float", size: type.size, cost: 1 };
        return arrayLayout(integer(1, {}), type.size);
      case BtfKind.Enum:
      case BtfKind.Enum64:
        return { kind: "enum", size: type.size, cost: 1, signed: type.signed, table: new EnumTable(type) };
      case BtfKind.Array:
        return arrayLayout(this.read(type.elementId), type.length);
      case BtfKind.Struct:
      case BtfKind.Union:
        return this.#record(type);
      case BtfKind.Var:
        return this.read(type.typeId);
      default:
        throw malformed(type, "has no values");
    }
  }

  #record(type: BtfComposite): RecordLayout {
    const fields: Field[] = [];
    const union = type.kind === BtfKind.Union;
    let cost = 1;
    for (const [index, member] of type.members.entries()) {
      const layout = this.read(member.typeId);
      const last = union || index === type.members.length - 1;
      const bits = bitRange(member, layout);
      checkMember(type, member, layout, bits);
      if (member.name !== "")
        fields.push({ name: member.name, offset: member.bitOffset >>> 3, layout, bits, last });
      else if (layout.kind === "record" && bits === undefined)
        fields.push(...merged(layout, member.bitOffset >>> 3, last));
      cost += layout.cost;
      if (fields.length > MAX_FIELDS) throw malformed(type, `has more than ${MAX_FIELDS} members`);
    }
    return { kind: "record", name: type.name, size: type.size, cost, fields };
  }
}

/** Members of an anonymous struct or union, as their parent's own. */
function merged(record: RecordLayout, offset: number, last: boolean): Field[] {
  return record.fields.map((field) => ({
    ...field,
    offset: field.offset + offset,
    bits: field.bits && { offset: field.bits.offset + offset * 8, size: field.bits.size },
    last: field.last && last,
  }));
}

function bitRange(member: BtfComposite["members"][number], layout: Layout): BitRange | undefined {
  if (member.bitSize > 0) return { offset: member.bitOffset, size: member.bitSize };
  if (layout.kind !== "int" || layout.bits === undefined) return undefined;
  return { offset: member.bitOffset + layout.bits.offset, size: layout.bits.size };
}

function checkMember(
  type: BtfComposite,
  member: BtfComposite["members"][number],
  layout: Layout,
  bits: BitRange | undefined,
): void {
  const end = bits === undefined ? member.bitOffset / 8 + layout.size : (bits.offset + bits.size) / 8;
  if (end > type.size) throw malformed(type, `member ${member.name} ends at byte ${end} of ${type.size}`);
  if (bits === undefined) {
    if (member.bitOffset % 8 !== 0) throw malformed(type, `member ${member.name} begins within a byte`);
    return;
  }
  if (layout.kind !== "int" && layout.kind !== "bool" && layout.kind !== "enum")
    throw malformed(type, `bitfield ${member.name} is no integer`);
  if (bits.size > layout.size * 8)
    throw malformed(type, `bitfield ${member.name} has ${bits.size} bits, its type ${layout.size * 8}`);
}

function intLayout(type: BtfInt): IntLayout | BoolLayout {
  if (type.size < 1 || type.size > 16) throw malformed(type, `is an integer of ${type.size} bytes`);
  if (type.bool || type.name === "_Bool") return { kind: "bool", size: type.size, cost: 1 };
  if (type.bits < 1 || type.bitOffset + type.bits > type.size * 8)
    throw malformed(type, `has bits ${type.bitOffset} to ${type.bitOffset + type.bits} of ${type.size * 8}`);
  const whole = type.bitOffset === 0 && type.bits === type.size * 8;
  return integer(type.size, {
    signed: type.signed,
    char: type.size === 1 && (type.char || type.name === "char"),
    bits: whole ? undefined : { offset: type.bitOffset, size: type.bits },
  });
}

function integer(
  size: number,
  traits: { signed?: boolean; pointer?: boolean; char?: boolean; bits?: BitRange | undefined },
): IntLayout {
  const { signed = false, pointer = false, char = false, bits } = traits;
  return { kind: "int", size, cost: 1, signed, pointer, char, bits };
}

/** Elements without bytes are left out: nothing could be read from them, however many there are. */
function arrayLayout(element: Layout, length: number): TextLayout | ArrayLayout {
  if (element.kind === "int" && element.char) return { kind: "text", size: length, cost: 1 };
  const count = element.size === 0 ? 0 : length;
  return {
    kind: "array",
    size: count * element.size,
    cost: 1 + count * element.cost,
    element,
    length: count,
  };
}

function malformed(type: BtfType, message: string): MalformedError {
  const name = type.name === "" ? `type ${type.id}` : `type ${type.id} (${type.name})`;
  return new MalformedError(`BTF ${name} ${message}`, "rebuild the object file with a current clang");
}
