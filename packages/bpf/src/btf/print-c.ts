import type { Btf } from "./btf.ts";
import { CDeclarations, keyword } from "./c-declaration.ts";
import { identifier } from "./c-names.ts";
import { malformedBtf } from "./malformed.ts";
import { type BtfComposite, type BtfEnum, type BtfFuncProto, BtfKind, type BtfType } from "./types.ts";

export interface PrintCOptions {
  /** Types to print, with all they need; every type when left out. */
  readonly roots?: Iterable<number>;
  /** Name of the include guard. Programs test for the default, `__VMLINUX_H__`. */
  readonly guard?: string;
  /** Also declare the functions marked as callable by programs (kfuncs), weak. */
  readonly kfuncs?: boolean;
}

/**
 * A C header with the types of a BTF, such as `vmlinux.h` from the kernel's. Each struct has the size and the
 * offsets of its BTF when compiled for a 64-bit target, and its accesses are recorded for CO-RE.
 * @throws {MalformedError}
 */
export function printC(btf: Btf, options: PrintCOptions = {}): string {
  const printer = new CPrinter(btf);
  for (const id of options.roots ?? allTypes(btf)) printer.define(id);
  if (options.roots === undefined) printer.defineLeftEnums();
  if (options.kfuncs === true) printer.declareKfuncs();
  const guard = options.guard ?? "__VMLINUX_H__";
  return [
    `#ifndef ${guard}\n#define ${guard}\n\n`,
    ...withAccessRecording(printer.text),
    `#endif /* ${guard} */\n`,
  ].join("");
}

/** Makes clang record accesses for CO-RE; it warns when nothing takes the attribute. */
function withAccessRecording(text: readonly string[]): readonly string[] {
  if (!text.some((definition) => /\b(?:struct|union)\b/.test(definition))) return text;
  return [
    "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n",
    "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n",
    "#endif\n\n",
    ...text,
    "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n",
  ];
}

/**
 * C text of a type without const, volatile and restrict at any depth: `unsigned int`, `char[100]`,
 * `struct event *`, `__u64`.
 * @throws {MalformedError}
 */
export function printTypeName(btf: Btf, id: number): string {
  return new CDeclarations(btf, false).declare(id, "");
}

/** C declaration of a name with a type, without semicolon: `const char comm[16]`. @throws {MalformedError} */
export function declaration(btf: Btf, id: number, name: string): string {
  return new CDeclarations(btf).declare(id, name);
}

/** Strips const and volatile from the outside of a type: what a variable holds, whoever may write it. @throws {MalformedError} */
export function withoutQualifiers(btf: Btf, id: number): number {
  let type = btf.type(id);
  for (let depth = 0; type.kind === BtfKind.Const || type.kind === BtfKind.Volatile; depth++) {
    if (depth > MAX_NESTING) throw malformedBtf(`the qualifiers of type ${id} do not end`);
    type = btf.type(type.typeId);
  }
  return type.id;
}

function* allTypes(btf: Btf): Iterable<number> {
  for (let id = 1; id < btf.endId; id++) yield id;
}

/** Definitions that wait for one another; a kernel stays far below. */
const MAX_NESTING = 512;
/** The compiler knows these without being told. */
const BUILTIN_TYPEDEFS: ReadonlySet<string> = new Set(["__builtin_va_list"]);

/** Writes definitions in an order that C accepts: what a type holds first, what it points to declared. */
class CPrinter {
  readonly text: string[] = [];
  readonly #btf: Btf;
  readonly #c: CDeclarations;
  /** Tags that C has heard of, by their text. */
  readonly #declared = new Set<string>();
  /** Ids begun; and with `complete`, all they hold is defined. */
  readonly #begun = new Set<number>();
  readonly #complete = new Set<number>();

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#c = new CDeclarations(btf);
  }

  /** Writes a named type if it is not there yet. */
  define(id: number): void {
    const kind = this.#btf.kind(id);
    if (!DEFINED.has(kind) || this.#btf.nameOf(id) === "") return;
    this.#need(this.#btf.type(id), true, 0);
  }

  /** Anonymous enums that no definition has written, for their enumerators. */
  defineLeftEnums(): void {
    for (let id = 1; id < this.#btf.endId; id++) {
      const kind = this.#btf.kind(id);
      if ((kind !== BtfKind.Enum && kind !== BtfKind.Enum64) || this.#btf.nameOf(id) !== "") continue;
      const type = this.#btf.type(id);
      if (!("values" in type) || type.values.length === 0 || this.#c.writtenEnums.has(id)) continue;
      this.text.push(`${this.#c.enumeration(type)};\n\n`);
    }
  }

  declareKfuncs(): void {
    this.text.push("#ifndef BPF_NO_KFUNC_PROTOTYPES\n");
    for (let id = 1; id < this.#btf.endId; id++) {
      if (this.#btf.kind(id) !== BtfKind.DeclTag || this.#btf.nameOf(id) !== "bpf_kfunc") continue;
      const tag = this.#btf.type(id);
      const func = "typeId" in tag ? this.#btf.type(tag.typeId) : tag;
      if (func.kind !== BtfKind.Func) continue;
      this.#need(this.#btf.type(func.typeId), false, 0);
      const text = this.#c.declare(func.typeId, identifier(func.name));
      this.text.push(`extern ${text} __attribute__((weak, section(".ksyms")));\n`);
    }
    this.text.push("#endif\n\n");
  }

  /**
   * Makes a type usable: defined if `whole`, else known well enough to point at. Anonymous types are written
   * where they are used, so what they hold is needed whole.
   */
  #need(type: BtfType, whole: boolean, depth: number): void {
    if (depth > MAX_NESTING) throw malformedBtf(`type ${type.id} is nested deeper than ${MAX_NESTING}`);
    switch (type.kind) {
      case BtfKind.Ptr:
        this.#needId(type.typeId, false, depth);
        break;
      case BtfKind.Const:
      case BtfKind.Volatile:
      case BtfKind.Restrict:
      case BtfKind.TypeTag:
        this.#needId(type.typeId, whole, depth);
        break;
      case BtfKind.Array:
        this.#needId(type.elementId, true, depth);
        break;
      case BtfKind.FuncProto:
        if (!this.#isComplete(type.id)) this.#needSignature(type, depth);
        break;
      case BtfKind.Fwd:
        this.#declareTag(`${type.union ? "union" : "struct"} ${this.#c.names.forwardTag(type)}`);
        break;
      case BtfKind.Typedef:
        this.#needTypedef(type, whole, depth);
        break;
      case BtfKind.Enum:
      case BtfKind.Enum64:
        if (type.name !== "") this.#defineEnum(type);
        break;
      case BtfKind.Struct:
      case BtfKind.Union:
        this.#needComposite(type, whole, depth);
        break;
    }
  }

  #needComposite(type: BtfComposite, whole: boolean, depth: number): void {
    if (type.name !== "") {
      if (whole) this.#defineComposite(type, depth);
      else this.#declareTag(`${keyword(type)} ${this.#c.names.tag(type)}`);
    } else if (!this.#isComplete(type.id)) this.#needMembers(type, depth);
  }

  /** Whether this was asked before: the same needs are then met, or being met. */
  #isComplete(id: number): boolean {
    if (this.#complete.has(id)) return true;
    this.#complete.add(id);
    return false;
  }

  #needId(id: number, whole: boolean, depth: number): void {
    if (id !== 0) this.#need(this.#btf.type(id), whole, depth + 1);
  }

  #needSignature(type: BtfFuncProto, depth: number): void {
    this.#needId(type.returnId, false, depth);
    for (const param of type.params) this.#needId(param.typeId, false, depth);
  }

  #needMembers(type: BtfComposite, depth: number): void {
    for (const member of type.members) this.#needId(member.typeId, true, depth);
  }

  /** A typedef can be written before its struct is; who holds a value of it needs the struct too. */
  #needTypedef(type: Extract<BtfType, { typeId: number }>, whole: boolean, depth: number): void {
    if (whole ? this.#isComplete(type.id) : this.#begun.has(type.id)) return;
    if (!whole) this.#begun.add(type.id);
    this.#needId(type.typeId, whole, depth);
    if (BUILTIN_TYPEDEFS.has(type.name) || (whole && this.#begun.has(type.id))) return;
    this.#begun.add(type.id);
    this.text.push(`typedef ${this.#c.declare(type.typeId, this.#c.names.typedef(type))};\n\n`);
  }

  #defineEnum(type: BtfEnum): void {
    if (this.#begun.has(type.id)) return;
    this.#begun.add(type.id);
    this.text.push(`${this.#c.enumeration(type)};\n\n`);
  }

  #defineComposite(type: BtfComposite, depth: number): void {
    if (this.#begun.has(type.id)) return;
    this.#begun.add(type.id);
    this.#needMembers(type, depth);
    const tag = `${keyword(type)} ${this.#c.names.tag(type)}`;
    this.#declared.add(tag);
    this.text.push(`${this.#c.composite(type)};\n\n`);
  }

  #declareTag(tag: string): void {
    if (this.#declared.has(tag)) return;
    this.#declared.add(tag);
    this.text.push(`${tag};\n\n`);
  }
}

const DEFINED: ReadonlySet<BtfKind> = new Set([
  BtfKind.Struct,
  BtfKind.Union,
  BtfKind.Enum,
  BtfKind.Enum64,
  BtfKind.Typedef,
]);
