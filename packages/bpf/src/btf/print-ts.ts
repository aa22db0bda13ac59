import type { Btf } from "./btf.ts";
import { identifier } from "./c-names.ts";
import { malformedBtf } from "./malformed.ts";
import { MAX_DEPTH } from "./size.ts";
import { type BtfArray, type BtfComposite, BtfKind } from "./types.ts";

export interface PrintTsOptions {
  /** How integers of 8 bytes and pointers are decoded, as told to the decoder; `"bigint"` unless told. */
  readonly integers64?: "bigint" | "number";
}

/**
 * TypeScript interfaces for structs and unions, as this library decodes their values: one for each given type
 * and for each named struct within, under their C names.
 * @throws {MalformedError}
 */
export function printTs(btf: Btf, ids: Iterable<number>, options: PrintTsOptions = {}): string {
  const printer = new TsPrinter(btf, options.integers64 ?? "bigint");
  for (const id of ids) printer.type(id, 0);
  return printer.text();
}

/** More than any event has; anonymous types that hold one another twice on every level would never end. */
const MAX_TYPES = 2 ** 18;

class TsPrinter {
  readonly #btf: Btf;
  readonly #integers64: string;
  /** Interface texts by struct id, in order of their first mention. */
  readonly #interfaces = new Map<number, string>();
  readonly #names = new Map<number, string>();
  #usesEnums = false;
  #written = 0;

  constructor(btf: Btf, integers64: string) {
    this.#btf = btf;
    this.#integers64 = integers64;
  }

  text(): string {
    const head = this.#usesEnums ? 'import type { EnumValue } from "@skep/bpf";\n\n' : "";
    return head + [...this.#interfaces.values()].join("\n");
  }

  type(id: number, depth: number): string {
    if (depth > MAX_DEPTH) throw malformedBtf(`type ${id} is nested deeper than ${MAX_DEPTH}`);
    if (++this.#written > MAX_TYPES) throw malformedBtf(`type ${id} is one member too many`);
    const type = this.#btf.skipModifiers(id);
    switch (type.kind) {
      case BtfKind.Int:
        return type.bool || type.name === "_Bool" ? "boolean" : this.#integer(type.size);
      case BtfKind.Ptr:
        return this.#integer(this.#btf.pointerSize);
      case BtfKind.Float:
        return type.size === 4 || type.size === 8 ? "number" : "readonly number[]";
      case BtfKind.Enum:
      case BtfKind.Enum64:
        this.#usesEnums = true;
        return "EnumValue";
      case BtfKind.Array:
        return this.#array(type, depth);
      case BtfKind.Struct:
      case BtfKind.Union:
        return type.name === ""
          ? `{ ${this.#members(type, depth).join(" ")} }`
          : this.#reference(type, depth);
      default:
        throw malformedBtf(`type ${id}${type.name === "" ? "" : ` (${type.name})`} has no values`);
    }
  }

  #integer(size: number): string {
    if (size <= 4) return "number";
    return size <= 8 ? this.#integers64 : "bigint";
  }

  #array(type: BtfArray, depth: number): string {
    const element = this.#btf.skipModifiers(type.elementId);
    const char =
      element.kind === BtfKind.Int && element.size === 1 && (element.char || element.name === "char");
    if (char && !element.bool) return "string";
    const text = this.type(type.elementId, depth + 1);
    return text.startsWith("readonly ") ? `readonly (${text})[]` : `readonly ${text}[]`;
  }

  #reference(type: BtfComposite, depth: number): string {
    const known = this.#names.get(type.id);
    if (known !== undefined) return known;
    const wanted = identifier(type.name);
    const same = [...this.#names.values()].filter((name) => name.replace(/___\d+$/, "") === wanted).length;
    const name = same === 0 ? wanted : `${wanted}___${same + 1}`;
    this.#names.set(type.id, name);
    this.#interfaces.set(type.id, "");
    const members = this.#members(type, depth).map((member) => `  ${member}\n`);
    this.#interfaces.set(type.id, `export interface ${name} {\n${members.join("")}}\n`);
    return name;
  }

  /** Members of anonymous structs and unions belong to their parent. */
  #members(type: BtfComposite, depth: number): string[] {
    if (++this.#written > MAX_TYPES) throw malformedBtf(`type ${type.id} is one struct too many`);
    if (depth > MAX_DEPTH) throw malformedBtf(`type ${type.id} is nested deeper than ${MAX_DEPTH}`);
    return type.members.flatMap((member) => {
      const inner = this.#btf.skipModifiers(member.typeId);
      if (member.name !== "") {
        return [`readonly ${propertyKey(member.name)}: ${this.type(member.typeId, depth + 1)};`];
      }
      const merged = inner.kind === BtfKind.Struct || inner.kind === BtfKind.Union;
      return merged ? this.#members(inner, depth + 1) : [];
    });
  }
}

const propertyKey = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
