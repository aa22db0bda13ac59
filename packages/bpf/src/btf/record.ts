/**
 * The shape of a type record as 32-bit words. Every record of the type section is made of whole words
 * (include/uapi/linux/btf.h), so one table says how long each kind is and which words refer to what.
 *
 * Words 0 to 2 are `name_off`, `info` and `size` or `type`.
 */
export interface RecordShape {
  /** The third word is a type id (else a size, or unused). */
  readonly refers: boolean;
  /** Words that follow the header once, and which of those are type ids. */
  readonly fixed: number;
  readonly fixedTypes: readonly number[];
  /** Words of each of the `vlen` entries that follow, and which of those are strings and type ids. */
  readonly entry: number;
  readonly entryString: number | undefined;
  readonly entryType: number | undefined;
}

const plain: RecordShape = {
  refers: false,
  fixed: 0,
  fixedTypes: [],
  entry: 0,
  entryString: undefined,
  entryType: undefined,
};
const reference: RecordShape = { ...plain, refers: true };
const composite: RecordShape = { ...plain, entry: 3, entryString: 0, entryType: 1 };

/** By kind; undefined for numbers that are no kind. */
const SHAPES: readonly (RecordShape | undefined)[] = [
  undefined,
  { ...plain, fixed: 1 }, // Int: encoding
  reference, // Ptr
  { ...plain, fixed: 3, fixedTypes: [0, 1] }, // Array: element, index, length
  composite, // Struct: name, type, offset
  composite, // Union
  { ...plain, entry: 2, entryString: 0 }, // Enum: name, value
  plain, // Fwd
  reference, // Typedef
  reference, // Volatile
  reference, // Const
  reference, // Restrict
  reference, // Func
  { ...reference, entry: 2, entryString: 0, entryType: 1 }, // FuncProto: name, type
  { ...reference, fixed: 1 }, // Var: linkage
  { ...plain, entry: 3, entryType: 0 }, // Datasec: type, offset, size
  plain, // Float
  { ...reference, fixed: 1 }, // DeclTag: component index
  reference, // TypeTag
  { ...plain, entry: 3, entryString: 0 }, // Enum64: name, low, high
];

export const HEADER_WORDS = 3;
/** The bits of `info` that mean something; the kernel refuses the others (BTF_INFO_MASK, kernel/bpf/btf.c). */
const INFO_MASK = 0x9f00ffff;

export const infoKind = (info: number): number => (info >>> 24) & 0x1f;
export const infoCount = (info: number): number => info & 0xffff;
export const infoFlag = (info: number): boolean => info >>> 31 === 1;
export const infoIsKnown = (info: number): boolean => (info & ~INFO_MASK) === 0;
export const packInfo = (kind: number, count = 0, flag = false): number =>
  ((flag ? 0x80000000 : 0) | (kind << 24) | count) >>> 0;

export const shapeOf = (kind: number): RecordShape | undefined => SHAPES[kind];

/** Calls back with the position of every word of a record that is a type id. */
export function eachTypeWord(record: Uint32Array, visit: (position: number) => void): void {
  const info = record[1] ?? 0;
  const shape = SHAPES[infoKind(info)];
  if (shape === undefined) return;
  if (shape.refers) visit(2);
  for (const position of shape.fixedTypes) visit(HEADER_WORDS + position);
  if (shape.entryType === undefined) return;
  let at = HEADER_WORDS + shape.fixed + shape.entryType;
  for (let left = infoCount(info); left > 0; left--, at += shape.entry) visit(at);
}

/** Calls back with the position of every word of a record that is an offset into the strings. */
export function eachStringWord(record: Uint32Array, visit: (position: number) => void): void {
  visit(0);
  const info = record[1] ?? 0;
  const shape = SHAPES[infoKind(info)];
  if (shape?.entryString === undefined) return;
  let at = HEADER_WORDS + shape.fixed + shape.entryString;
  for (let left = infoCount(info); left > 0; left--, at += shape.entry) visit(at);
}
