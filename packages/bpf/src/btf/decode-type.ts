import { malformedBtf } from "./malformed.ts";
import { HEADER_WORDS, infoCount, infoFlag, infoKind } from "./record.ts";
import { type BtfEnum, BtfKind, type BtfMember, type BtfType } from "./types.ts";

/** What a record needs from the BTF around it; both throw MalformedError. */
export interface DecodeContext {
  /** Text at a string offset. */
  string(offset: number): string;
  /** Returns the id if a type has it. */
  checkId(id: number, from: number): number;
}

const LINKAGES = ["static", "global", "extern"] as const;

/** Decodes one whole record (as cut out by `indexRecords`). @throws {MalformedError} */
export function decodeType(id: number, record: Uint32Array, context: DecodeContext): BtfType {
  const info = record[1]!;
  const kind = infoKind(info) as BtfKind;
  const name = context.string(record[0]!);
  const last = record[2]!;
  switch (kind) {
    case BtfKind.Int:
      return decodeInt(id, name, last, record[HEADER_WORDS]!);
    case BtfKind.Ptr:
    case BtfKind.Typedef:
    case BtfKind.Volatile:
    case BtfKind.Const:
    case BtfKind.Restrict:
    case BtfKind.TypeTag:
      return { kind, id, name, typeId: context.checkId(last, id), kindFlag: infoFlag(info) };
    case BtfKind.Array:
      return {
        kind,
        id,
        name,
        elementId: context.checkId(record[3]!, id),
        indexId: context.checkId(record[4]!, id),
        length: record[5]!,
      };
    case BtfKind.Struct:
    case BtfKind.Union:
      return {
        kind,
        id,
        name,
        size: last,
        kindFlag: infoFlag(info),
        members: decodeMembers(id, record, context),
      };
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return decodeEnum(id, kind, name, record, context);
    case BtfKind.Fwd:
      return { kind, id, name, union: infoFlag(info) };
    case BtfKind.Func:
      return { kind, id, name, typeId: context.checkId(last, id), linkage: linkage(id, infoCount(info)) };
    case BtfKind.FuncProto:
      return {
        kind,
        id,
        name,
        returnId: context.checkId(last, id),
        params: decodeParams(id, record, context),
      };
    case BtfKind.Var:
      return { kind, id, name, typeId: context.checkId(last, id), linkage: linkage(id, record[3]!) };
    case BtfKind.Datasec:
      return { kind, id, name, size: last, variables: decodeVariables(id, record, context) };
    case BtfKind.Float:
      return { kind, id, name, size: last };
    case BtfKind.DeclTag:
      return {
        kind,
        id,
        name,
        typeId: context.checkId(last, id),
        componentIndex: record[3]! | 0,
        kindFlag: infoFlag(info),
      };
    case BtfKind.Void:
      throw malformedBtf(`type ${id} has kind 0`);
  }
}

/** The word after the header: encoding in bits 24-27, offset in 16-23, width in 0-7. */
function decodeInt(id: number, name: string, size: number, encoding: number): BtfType {
  const bits = encoding & 0xff;
  const bitOffset = (encoding >>> 16) & 0xff;
  if (size === 0 || size > 16 || bits === 0 || bits + bitOffset > size * 8) {
    throw malformedBtf(`int ${id} has ${bits} bits at bit ${bitOffset} of ${size} bytes`);
  }
  return {
    kind: BtfKind.Int,
    id,
    name,
    size,
    bits,
    bitOffset,
    signed: (encoding & 0x01000000) !== 0,
    char: (encoding & 0x02000000) !== 0,
    bool: (encoding & 0x04000000) !== 0,
  };
}

/** With the kind flag, a member's offset word is `bitfield size << 24 | bit offset`. */
function decodeMembers(id: number, record: Uint32Array, context: DecodeContext): BtfMember[] {
  const packed = infoFlag(record[1]!);
  const members: BtfMember[] = [];
  for (let at = HEADER_WORDS; at < record.length; at += 3) {
    const offset = record[at + 2]!;
    members.push({
      name: context.string(record[at]!),
      typeId: context.checkId(record[at + 1]!, id),
      bitOffset: packed ? offset & 0xffffff : offset,
      bitSize: packed ? offset >>> 24 : 0,
    });
  }
  return members;
}

function decodeEnum(
  id: number,
  kind: BtfEnum["kind"],
  name: string,
  record: Uint32Array,
  context: DecodeContext,
): BtfEnum {
  const size = record[2]!;
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8)
    throw malformedBtf(`enum ${id} has ${size} bytes`);
  const signed = infoFlag(record[1]!);
  const values: { name: string; value: bigint }[] = [];
  const step = kind === BtfKind.Enum ? 2 : 3;
  for (let at = HEADER_WORDS; at < record.length; at += step) {
    const low = record[at + 1]!;
    values.push({
      name: context.string(record[at]!),
      value: kind === BtfKind.Enum ? BigInt(signed ? low | 0 : low) : wide(low, record[at + 2]!, signed),
    });
  }
  return { kind, id, name, size, signed, values };
}

function wide(low: number, high: number, signed: boolean): bigint {
  return (BigInt(signed ? high | 0 : high) << 32n) | BigInt(low);
}

function decodeParams(id: number, record: Uint32Array, context: DecodeContext) {
  const params: { name: string; typeId: number }[] = [];
  for (let at = HEADER_WORDS; at < record.length; at += 2) {
    params.push({ name: context.string(record[at]!), typeId: context.checkId(record[at + 1]!, id) });
  }
  return params;
}

function decodeVariables(id: number, record: Uint32Array, context: DecodeContext) {
  const variables: { typeId: number; offset: number; size: number }[] = [];
  for (let at = HEADER_WORDS; at < record.length; at += 3) {
    variables.push({
      typeId: context.checkId(record[at]!, id),
      offset: record[at + 1]!,
      size: record[at + 2]!,
    });
  }
  return variables;
}

function linkage(id: number, value: number): (typeof LINKAGES)[number] {
  const name = LINKAGES[value];
  if (name === undefined) throw malformedBtf(`type ${id} has unknown linkage ${value}`);
  return name;
}
