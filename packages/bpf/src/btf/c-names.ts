import type { Btf } from "./btf.ts";
import { type BtfFwd, BtfKind, type BtfType } from "./types.ts";

const TAG_KINDS = [BtfKind.Struct, BtfKind.Union, BtfKind.Enum, BtfKind.Enum64] as const;

/**
 * The names that types get in C. C has one name space for tags and one for typedefs and enumerators; where
 * BTF has a name more than once in one of them, the second becomes `name___2`, a flavour that CO-RE sees through.
 */
export class CNames {
  readonly #btf: Btf;
  readonly #enumerators = new Map<string, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Tag of a named struct, union or enum. */
  tag(type: BtfType): string {
    return this.#unique(type, TAG_KINDS);
  }

  /** Tag of a forward declaration: that of the struct or union it stands for, if this BTF has it. */
  forwardTag(type: BtfFwd): string {
    const kind = type.union ? BtfKind.Union : BtfKind.Struct;
    const full = this.#btf.find(type.name, kind);
    if (full !== undefined) return this.tag(this.#btf.type(full));
    return version(type.name, this.#btf.idsOf(type.name, ...TAG_KINDS).length);
  }

  typedef(type: BtfType): string {
    return this.#unique(type, [BtfKind.Typedef]);
  }

  /** A name for one more enumerator; each call is one definition. */
  enumerator(name: string): string {
    const before = this.#enumerators.get(name) ?? this.#btf.idsOf(name, BtfKind.Typedef).length;
    this.#enumerators.set(name, before + 1);
    return version(name, before);
  }

  #unique(type: BtfType, kinds: readonly BtfKind[]): string {
    return version(type.name, this.#btf.idsOf(type.name, ...kinds).indexOf(type.id));
  }
}

const version = (name: string, before: number): string =>
  before === 0 ? identifier(name) : `${identifier(name)}___${before + 1}`;

/** BTF allows names that C does not. */
export function identifier(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : name.replace(/\W/g, "_").replace(/^(?=\d)/, "_");
}

const INT_WORDS = /^(?:(?:unsigned|signed|long|short|int|char|__int128|_Bool)(?: |$))+$/;

/** The C spelling of an integer: its BTF name where C knows it, else one of its size. */
export function intName(type: Extract<BtfType, { kind: typeof BtfKind.Int }>): string {
  if (INT_WORDS.test(type.name)) return type.name;
  if (type.bool) return "_Bool";
  const name = { 1: "char", 2: "short", 4: "int", 8: "long long", 16: "__int128" }[type.size] ?? "int";
  return type.signed ? (type.size === 1 ? "signed char" : name) : `unsigned ${name}`;
}
