import type { Btf } from "./btf.ts";
import { CLayouts, type CPadding } from "./c-layout.ts";
import { CNames, identifier, intName } from "./c-names.ts";
import { malformedBtf } from "./malformed.ts";
import { MAX_DEPTH } from "./size.ts";
import {
  type BtfComposite,
  type BtfEnum,
  type BtfFuncProto,
  BtfKind,
  type BtfReference,
  type BtfType,
} from "./types.ts";

/** A kernel makes 200,000; anonymous types that hold one another twice on every level would never end. */
const MAX_DECLARATIONS = 2 ** 20;

/** Writes types as C: `unsigned int flags : 3`, `void (*handler)(int)`, whole struct definitions. */
export class CDeclarations {
  readonly names: CNames;
  /** Anonymous enums written so far: their enumerators exist now. */
  readonly writtenEnums = new Set<number>();
  readonly #btf: Btf;
  readonly #layouts: CLayouts;
  readonly #qualified: boolean;
  #written = 0;

  /** Without `qualified`, const, volatile and restrict are left out wherever they stand. */
  constructor(btf: Btf, qualified = true) {
    this.#btf = btf;
    this.#qualified = qualified;
    this.names = new CNames(btf);
    this.#layouts = new CLayouts(btf);
  }

  /**
   * `name` declared with a type, without semicolon; with an empty name, the type's own text. Anonymous structs,
   * unions and enums are written out.
   * @throws {MalformedError} for a type that refers to itself
   */
  declare(id: number, name: string, indent = "", depth = 0): string {
    if (++this.#written > MAX_DECLARATIONS) throw malformedBtf(`type ${id} is one declaration too many`);
    let declarator = name;
    let qualifiers = "";
    let type = this.#btf.type(id);
    for (let steps = 0; steps < MAX_DEPTH; steps++) {
      switch (type.kind) {
        case BtfKind.Const:
        case BtfKind.Volatile:
        case BtfKind.Restrict:
          qualifiers = this.#qualify(qualifiers, type);
          type = this.#btf.type(type.typeId);
          break;
        case BtfKind.TypeTag:
          type = this.#btf.type(type.typeId);
          break;
        case BtfKind.Ptr:
          declarator = `*${declarator === "" ? qualifiers.trimEnd() : qualifiers + declarator}`;
          qualifiers = "";
          type = this.#btf.type(type.typeId);
          break;
        case BtfKind.Array:
          declarator = `${grouped(declarator)}[${type.length}]`;
          type = this.#btf.type(type.elementId);
          break;
        case BtfKind.FuncProto:
          declarator = `${grouped(declarator)}(${this.#params(type, indent, depth)})`;
          qualifiers = "";
          type = this.#btf.type(type.returnId);
          break;
        default: {
          const space = declarator === "" || declarator.startsWith("[") ? "" : " ";
          return `${qualifiers}${this.#specifier(type, indent, depth)}${space}${declarator}`;
        }
      }
    }
    throw malformedBtf(`the declaration of type ${id} does not end after ${MAX_DEPTH} steps`);
  }

  /** `struct tag { … }` with all members and attributes, without semicolon. */
  composite(type: BtfComposite, indent = "", depth = 0): string {
    if (depth > MAX_DEPTH) throw malformedBtf(`type ${type.id} is nested deeper than ${MAX_DEPTH}`);
    const layout = this.#layouts.of(type, depth);
    const inner = `${indent}\t`;
    const lines: string[] = [];
    type.members.forEach((member, index) => {
      for (const gap of layout.padding[index]!) lines.push(padding(gap, inner));
      const width = layout.widths[index]!;
      const text = this.declare(member.typeId, identifierOrNone(member.name), inner, depth + 1);
      lines.push(`${inner}${text}${width === 0 ? "" : `: ${width}`};\n`);
    });
    for (const gap of layout.padding[type.members.length]!) lines.push(padding(gap, inner));
    if (layout.filler !== 0) lines.push(`${inner}char __padding[${layout.filler}];\n`);
    const tag = type.name === "" ? "" : ` ${this.names.tag(type)}`;
    const body = lines.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`;
    const packed = layout.packed ? " __attribute__((packed))" : "";
    const aligned = layout.aligned === 0 ? "" : ` __attribute__((aligned(${layout.aligned})))`;
    return `${keyword(type)}${tag} ${body}${packed}${aligned}`;
  }

  /** `enum tag { … }` with all values, without semicolon. */
  enumeration(type: BtfEnum, indent = ""): string {
    this.writtenEnums.add(type.id);
    const tag = type.name === "" ? "" : ` ${this.names.tag(type)}`;
    if (type.values.length === 0) return `enum${tag}`;
    const lines = type.values.map(
      ({ name, value }) => `${indent}\t${this.names.enumerator(name)} = ${literal(value, type)},\n`,
    );
    return `enum${tag} {\n${lines.join("")}${indent}}${enumMode(type)}`;
  }

  #qualify(before: string, type: BtfReference): string {
    const word = QUALIFIERS.get(type.kind);
    if (!this.#qualified || word === undefined || before.includes(word)) return before;
    if (type.kind === BtfKind.Restrict && this.#btf.skipModifiers(type.id).kind !== BtfKind.Ptr)
      return before;
    return `${before}${word} `;
  }

  #specifier(type: BtfType, indent: string, depth: number): string {
    switch (type.kind) {
      case BtfKind.Void:
        return "void";
      case BtfKind.Int:
        return intName(type);
      case BtfKind.Float:
        return type.name;
      case BtfKind.Typedef:
        return this.names.typedef(type);
      case BtfKind.Fwd:
        return `${type.union ? "union" : "struct"} ${this.names.forwardTag(type)}`;
      case BtfKind.Struct:
      case BtfKind.Union:
        return type.name === ""
          ? this.composite(type, indent, depth)
          : `${keyword(type)} ${this.names.tag(type)}`;
      case BtfKind.Enum:
      case BtfKind.Enum64:
        return type.name === "" ? this.enumeration(type, indent) : `enum ${this.names.tag(type)}`;
      default:
        throw malformedBtf(`type ${type.id} of kind ${type.kind} cannot be part of a declaration`);
    }
  }

  #params(type: BtfFuncProto, indent: string, depth: number): string {
    if (depth > MAX_DEPTH) throw malformedBtf(`type ${type.id} is nested deeper than ${MAX_DEPTH}`);
    if (type.params.length === 0) return "void";
    const texts = type.params.map((param, index) =>
      param.typeId === 0 && index === type.params.length - 1
        ? "..."
        : this.declare(param.typeId, identifierOrNone(param.name), indent, depth + 1),
    );
    return texts.length === 1 && texts[0] === "..." ? "" : texts.join(", ");
  }
}

const QUALIFIERS: ReadonlyMap<BtfKind, string> = new Map([
  [BtfKind.Const, "const"],
  [BtfKind.Volatile, "volatile"],
  [BtfKind.Restrict, "restrict"],
]);

export const keyword = (type: BtfComposite): string => (type.kind === BtfKind.Struct ? "struct" : "union");

/** A pointer binds weaker than what follows it. */
const grouped = (declarator: string): string => (declarator.startsWith("*") ? `(${declarator})` : declarator);

const identifierOrNone = (name: string): string => (name === "" ? "" : identifier(name));

const padding = ({ type, bits }: CPadding, indent: string): string => `${indent}${type}: ${bits};\n`;

function literal(value: bigint, type: BtfEnum): string {
  if (type.size < 8) return String(value);
  if (value === -(2n ** 63n)) return "-9223372036854775807LL - 1";
  return `${value}${type.signed ? "LL" : "ULL"}`;
}

/**
 * What gives an enum its size. C makes it an int, or 8 bytes when a value needs them; the mode attribute
 * forces the others.
 */
function enumMode(type: BtfEnum): string {
  const wide = type.values.some(({ value }) => value >= 2n ** 32n || value < -(2n ** 31n));
  if (type.size === 1) return " __attribute__((mode(QI)))";
  if (type.size === 2) return " __attribute__((mode(HI)))";
  if (type.size === 8 && !wide) return " __attribute__((mode(DI)))";
  return "";
}
