import { InvalidArgumentError } from "../errors.ts";
import { packInfo } from "./record.ts";
import { type BtfComposite, type BtfEnum, BtfKind, type BtfType } from "./types.ts";

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
/** A type to be written: what `Btf.type` gives, with no id of its own (one that is there is ignored). */
export type NewBtfType = WithoutId<Exclude<BtfType, { kind: typeof BtfKind.Void }>>;

const LINKAGES = { static: 0, global: 1, extern: 2 } as const;
const MAX_ENTRIES = 0xffff;

/**
 * The words of a type's record; `string` interns a text and gives its offset.
 * @throws {InvalidArgumentError} for what BTF cannot express
 */
export function encodeType(type: NewBtfType, string: (text: string) => number): number[] {
  const header = (last: number, count = 0, flag = false): number[] => {
    if (count > MAX_ENTRIES) {
      throw new InvalidArgumentError(`${describe(type)} has ${count} entries, BTF allows ${MAX_ENTRIES}`);
    }
    return [string(type.name), packInfo(type.kind, count, flag), last];
  };
  switch (type.kind) {
    case BtfKind.Int: {
      const flags = (type.signed ? 1 : 0) | (type.char ? 2 : 0) | (type.bool ? 4 : 0);
      return [...header(type.size), (flags << 24) | (type.bitOffset << 16) | type.bits];
    }
    case BtfKind.Ptr:
    case BtfKind.Typedef:
    case BtfKind.Volatile:
    case BtfKind.Const:
    case BtfKind.Restrict:
    case BtfKind.TypeTag:
      return header(type.typeId, 0, type.kindFlag);
    case BtfKind.Array:
      return [...header(0), type.elementId, type.indexId, type.length];
    case BtfKind.Struct:
    case BtfKind.Union:
      return encodeComposite(type, header, string);
    case BtfKind.Enum:
    case BtfKind.Enum64:
      return encodeEnum(type, header, string);
    case BtfKind.Fwd:
      return header(0, 0, type.union);
    case BtfKind.Func:
      return header(type.typeId, LINKAGES[type.linkage]);
    case BtfKind.FuncProto: {
      const words = header(type.returnId, type.params.length);
      for (const param of type.params) words.push(string(param.name), param.typeId);
      return words;
    }
    case BtfKind.Var:
      return [...header(type.typeId), LINKAGES[type.linkage]];
    case BtfKind.Datasec: {
      const words = header(type.size, type.variables.length);
      for (const variable of type.variables) words.push(variable.typeId, variable.offset, variable.size);
      return words;
    }
    case BtfKind.Float:
      return header(type.size);
    case BtfKind.DeclTag:
      return [...header(type.typeId, 0, type.kindFlag), type.componentIndex];
  }
}

type Header = (last: number, count: number, flag: boolean) => number[];

/** With a bitfield, or with the kind flag already set, offsets are `bitfield size << 24 | bit offset`. */
function encodeComposite(type: Omit<BtfComposite, "id">, header: Header, string: (text: string) => number) {
  const flag = type.kindFlag || type.members.some((member) => member.bitSize !== 0);
  const words = header(type.size, type.members.length, flag);
  for (const member of type.members) {
    const limit = flag ? 0xffffff : 0xffffffff;
    if (member.bitOffset > limit || member.bitSize > 0xff) {
      throw new InvalidArgumentError(
        `${member.name} of ${describe(type)} lies at bit ${member.bitOffset}, the last possible is ${limit}`,
      );
    }
    words.push(string(member.name), member.typeId, (member.bitSize << 24) | member.bitOffset);
  }
  return words;
}

function encodeEnum(type: Omit<BtfEnum, "id">, header: Header, string: (text: string) => number) {
  const words = header(type.size, type.values.length, type.signed);
  for (const { name, value } of type.values) {
    words.push(string(name), Number(BigInt.asUintN(32, value)));
    if (type.kind === BtfKind.Enum64) words.push(Number(BigInt.asUintN(32, value >> 32n)));
  }
  return words;
}

const describe = (type: { readonly kind: number; readonly name: string }): string =>
  type.name === "" ? `anonymous type of kind ${type.kind}` : type.name;
