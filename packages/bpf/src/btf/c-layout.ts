import type { Btf } from "./btf.ts";
import { malformedBtf } from "./malformed.ts";
import { MAX_DEPTH, scalarAlignment, skipModifiers } from "./size.ts";
import { type BtfComposite, BtfKind, type BtfMember } from "./types.ts";

/** A gap that C would not leave by itself: an unnamed bitfield, which BTF does not record. */
export interface CPadding {
  readonly type: "long" | "int" | "short" | "char";
  readonly bits: number;
}

/** How a struct or union has to be written in C so that every offset and the size are those of its BTF. */
export interface CLayout {
  readonly packed: boolean;
  /** Value of an `aligned` attribute, or 0. */
  readonly aligned: number;
  /** Bytes of a member to add to a union that no attribute makes large enough, or 0. */
  readonly filler: number;
  /** The alignment that a C compiler gives to what is written. */
  readonly alignment: number;
  /** Padding to write before each member, by member index; one more entry for the end. */
  readonly padding: readonly (readonly CPadding[])[];
  /** Widths of the members that are bitfields, 0 for the others, by member index. */
  readonly widths: readonly number[];
}

interface Field {
  /** Bits. */
  readonly offset: number;
  /** Bits; 0 when not a bitfield. */
  readonly width: number;
  /** Bits of the declared type. */
  readonly size: number;
  /** Bytes. */
  readonly alignment: number;
}

const NO_PADDING: readonly CPadding[] = [];
/** A kernel needs 5,000; one damaged struct of 4 GiB would ask for half a billion. */
const MAX_PADDING = 2 ** 17;

/** Works out the C layout of structs and unions, each once. */
export class CLayouts {
  readonly #btf: Btf;
  readonly #known = new Map<number, CLayout>();
  #padding = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** @throws {MalformedError} when nested without end */
  of(type: BtfComposite, depth = 0): CLayout {
    const known = this.#known.get(type.id);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw malformedBtf(`type ${type.id} is nested deeper than ${MAX_DEPTH}`);
    const fields = type.members.map((member) => this.#field(member, depth));
    const layout =
      type.kind === BtfKind.Struct ? structLayout(type.size, fields) : unionLayout(type.size, fields);
    this.#padding += layout.padding.reduce((sum, gap) => sum + gap.length, 0);
    if (this.#padding > MAX_PADDING) throw malformedBtf(`type ${type.id} has one gap too many`);
    this.#known.set(type.id, layout);
    return layout;
  }

  #field(member: BtfMember, depth: number): Field {
    const type = skipModifiers(this.#btf, member.typeId);
    const alignment = this.#alignment(member.typeId, depth + 1);
    const size = this.#size(member.typeId) * 8;
    // Before 5.0, pahole told bitfields by an int that is narrower than its bytes.
    if (member.bitSize === 0 && type.kind === BtfKind.Int && type.bits < type.size * 8) {
      return { offset: member.bitOffset + type.bitOffset, width: type.bits, size, alignment };
    }
    return { offset: member.bitOffset, width: member.bitSize, size, alignment };
  }

  #size(id: number): number {
    const type = skipModifiers(this.#btf, id);
    return isSized(type.kind) ? this.#btf.sizeOf(id) : 0;
  }

  #alignment(id: number, depth: number): number {
    if (depth > MAX_DEPTH) throw malformedBtf(`type ${id} is nested deeper than ${MAX_DEPTH}`);
    const type = skipModifiers(this.#btf, id);
    switch (type.kind) {
      case BtfKind.Array:
        return this.#alignment(type.elementId, depth + 1);
      case BtfKind.Struct:
      case BtfKind.Union:
        return this.of(type, depth).alignment;
      default:
        return scalarAlignment(type, this.#btf.pointerSize) ?? 1;
    }
  }
}

const isSized = (kind: BtfKind): boolean =>
  kind !== BtfKind.Void && kind !== BtfKind.Fwd && kind !== BtfKind.Func && kind !== BtfKind.FuncProto;

function structLayout(size: number, fields: readonly Field[]): CLayout {
  const natural = fields.reduce((most, field) => Math.max(most, field.alignment), 1);
  const packed = size % natural !== 0 || fields.some((field) => !fitsNaturally(field));
  const alignment = packed ? 1 : natural;
  const padding: (readonly CPadding[])[] = [];
  let end = 0;
  for (const field of fields) {
    const gap = place(end, field, packed) < field.offset;
    padding.push(gap ? fill(end, field.offset) : NO_PADDING);
    end = field.offset + (field.width || field.size);
  }
  padding.push(roundUp(end, alignment * 8) < size * 8 ? fill(end, size * 8) : NO_PADDING);
  return { packed, aligned: 0, filler: 0, alignment, padding, widths: fields.map((field) => field.width) };
}

function unionLayout(size: number, fields: readonly Field[]): CLayout {
  const natural = fields.reduce((most, field) => Math.max(most, field.alignment), 1);
  const packed = size % natural !== 0;
  const longest = fields.reduce(
    (most, field) => Math.max(most, Math.ceil((field.width || field.size) / 8)),
    0,
  );
  const own = packed ? 1 : natural;
  const fits = roundUp(longest, own) === size;
  const aligned = fits ? 0 : alignmentFor(longest, size);
  return {
    packed,
    aligned,
    filler: fits || aligned !== 0 ? 0 : size,
    alignment: Math.max(own, aligned),
    padding: Array.from({ length: fields.length + 1 }, () => NO_PADDING),
    widths: fields.map((field) => field.width),
  };
}

/** The alignment that makes a union of `longest` bytes `size` bytes long; 0 when none does. */
function alignmentFor(longest: number, size: number): number {
  for (let alignment = 2; alignment <= size; alignment *= 2) {
    if (roundUp(longest, alignment) === size) return alignment;
  }
  return 0;
}

/** Whether a member lies where an unpacked struct can have it. */
function fitsNaturally({ offset, width, size, alignment }: Field): boolean {
  if (width === 0) return offset % (alignment * 8) === 0;
  return size > 0 && Math.floor(offset / size) === Math.floor((offset + width - 1) / size);
}

/** Where a compiler puts a member that follows `end`, in bits. */
function place(end: number, { width, size, alignment }: Field, packed: boolean): number {
  if (width === 0) return roundUp(end, packed ? 8 : alignment * 8);
  if (packed || (end % size) + width <= size) return end;
  return roundUp(end, alignment * 8);
}

const PADDING_TYPES = [
  { type: "long", bits: 64 },
  { type: "int", bits: 32 },
  { type: "short", bits: 16 },
  { type: "char", bits: 8 },
] as const;

/** Unnamed bitfields from one bit to another, none of which crosses a boundary of its type. */
function fill(from: number, to: number): CPadding[] {
  if ((to - from) / 64 > MAX_PADDING) throw malformedBtf(`a gap of ${(to - from) / 8} bytes is too long`);
  const padding: CPadding[] = [];
  for (let at = from; at < to; ) {
    const whole = PADDING_TYPES.find(({ bits }) => at % bits === 0 && to - at >= bits);
    const step = whole ?? { type: "char", bits: Math.min(to, roundUp(at + 1, 8)) - at };
    padding.push(step);
    at += step.bits;
  }
  return padding;
}

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
