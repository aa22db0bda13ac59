import type { Btf } from "../btf/btf.ts";
import { BtfBuilder } from "../btf/builder.ts";
import type { NewBtfType } from "../btf/encode-type.ts";
import { type BtfDatasec, type BtfEnum, BtfKind, type BtfType } from "../btf/types.ts";
import type { DataSection } from "../spec/object-spec.ts";

/** The newer parts of BTF that a kernel may not know; each is rewritten into something older of the same id. */
export interface BtfFeatures {
  readonly btfFunc: boolean;
  readonly btfGlobalFunc: boolean;
  readonly btfDatasec: boolean;
  readonly btfFloat: boolean;
  readonly btfDeclTag: boolean;
  readonly btfTypeTag: boolean;
  readonly btfEnum64: boolean;
  readonly btfQuestionMark: boolean;
}

/** What the loader knows and the object's BTF does not say. */
export interface Placement {
  /** `.kconfig`, with the places that its variables were given. */
  readonly kconfig: DataSection | undefined;
  /** FUNC ids of functions that only callers within the object see. */
  readonly hidden: ReadonlySet<number>;
}

/**
 * The BTF of an object in the form in which the running kernel accepts it: mostly as it is. Ids keep their meaning, so that
 * maps, function and line information can refer to them.
 */
export function btfForKernel(btf: Btf, features: BtfFeatures, placement: Placement): Uint8Array {
  return new KernelForm(btf, features).rewrite(placement);
}

class KernelForm {
  readonly #btf: Btf;
  readonly #features: BtfFeatures;
  /** Types that were added, by id: the first follows the object's last. */
  readonly #added: NewBtfType[] = [];
  /** Types that differ from the object's, by id. */
  readonly #changed = new Map<number, BtfType>();

  constructor(btf: Btf, features: BtfFeatures) {
    this.#btf = btf;
    this.#features = features;
  }

  rewrite({ kconfig, hidden }: Placement): Uint8Array {
    // A hidden function is verified with its callers, which know more about its arguments than its type says.
    for (const id of hidden) this.#asStatic(this.#type(id));
    for (let id = this.#btf.startId; id < this.#btf.endId; id++) {
      if (this.#btf.kind(id) !== BtfKind.Datasec) continue;
      const section = this.#type(id) as BtfDatasec;
      if (section.name === ".ksyms") this.#placeSymbols(section);
      if (section.name === ".kconfig" && kconfig !== undefined) this.#placeKconfig(section, kconfig);
    }
    // What was added above is made older too.
    for (let id = this.#btf.startId; id < this.#nextId; id++) this.#makeOlder(id);
    if (this.#changed.size === 0) return this.#btf.bytes;
    const builder = BtfBuilder.from(this.#btf);
    for (const type of this.#added) builder.add(type);
    for (const [id, type] of this.#changed) {
      if (type.kind !== BtfKind.Void) builder.replace(id, type);
    }
    return builder.encode();
  }

  get #nextId(): number {
    return this.#btf.endId + this.#added.length;
  }

  #type(id: number): BtfType {
    return this.#changed.get(id) ?? this.#btf.type(id);
  }

  #add(type: NewBtfType): number {
    const id = this.#nextId;
    this.#added.push(type);
    this.#change({ ...type, id } as BtfType);
    return id;
  }

  #change(type: BtfType): void {
    this.#changed.set(type.id, type);
  }

  /**
   * `.ksyms` holds no bytes, yet the kernel wants a section with a size: every entry becomes an int variable. Functions are
   * stood for by one dummy variable, and need named parameters and global linkage (kernel/bpf/btf.c, btf_func_check).
   */
  #placeSymbols(section: BtfDatasec): void {
    const int = this.#intId();
    let dummy = 0;
    const variables = section.variables.map((entry, index) => {
      const type = this.#type(entry.typeId);
      const place = { offset: index * 4, size: 4 };
      if (type.kind === BtfKind.Var) {
        this.#change({ ...type, typeId: int, linkage: "global" });
        return { typeId: entry.typeId, ...place };
      }
      if (type.kind === BtfKind.Func) {
        this.#change({ ...type, linkage: "global" });
        this.#nameParameters(type.typeId);
        dummy ||= this.#add({
          kind: BtfKind.Var,
          name: "dummy_ksym",
          typeId: int,
          linkage: "global",
        });
        return { typeId: dummy, ...place };
      }
      return { typeId: entry.typeId, ...place };
    });
    this.#change({ ...section, size: variables.length * 4, variables });
  }

  #nameParameters(protoId: number): void {
    const proto = this.#type(protoId);
    if (proto.kind !== BtfKind.FuncProto) return;
    const params = proto.params.map((param) =>
      param.name === "" && param.typeId !== 0 ? { ...param, name: "dummy_ksym" } : param,
    );
    this.#change({ ...proto, params });
  }

  #placeKconfig(section: BtfDatasec, data: DataSection): void {
    const variables = section.variables.flatMap((entry) => {
      const type = this.#type(entry.typeId);
      const place = data.variables.find(({ name }) => name === type.name);
      if (type.kind !== BtfKind.Var || place === undefined) return [];
      this.#change({ ...type, linkage: "global" });
      return [{ typeId: entry.typeId, offset: place.offset, size: place.size }];
    });
    variables.sort((a, b) => a.offset - b.offset);
    this.#change({ ...section, size: data.initial.length, variables });
  }

  #intId(): number {
    for (let id = this.#btf.startId; id < this.#btf.endId; id++) {
      if (this.#btf.kind(id) !== BtfKind.Int) continue;
      const type = this.#btf.type(id);
      if (type.kind === BtfKind.Int && type.size === 4 && type.bits === 32) return id;
    }
    return this.#addInt("int", 4);
  }

  #addInt(name: string, size: number): number {
    const plain = { bitOffset: 0, signed: false, char: false, bool: false };
    return this.#add({ kind: BtfKind.Int, name, size, bits: size * 8, ...plain });
  }

  /** The replacements are libbpf's (bpf_object__sanitize_btf). */
  #makeOlder(id: number): void {
    const features = this.#features;
    const kind = this.#changed.get(id)?.kind ?? this.#btf.kind(id);
    const byte = {
      kind: BtfKind.Int,
      size: 1,
      bits: 8,
      bitOffset: 0,
      signed: false,
      char: false,
      bool: false,
    };
    const type = (): BtfType => this.#type(id);
    if (kind === BtfKind.Var && !features.btfDatasec) this.#change({ ...byte, id, name: type().name });
    else if (kind === BtfKind.DeclTag && !features.btfDeclTag)
      this.#change({ ...byte, id, name: type().name });
    else if (kind === BtfKind.Datasec && !features.btfDatasec) this.#sectionAsStruct(type() as BtfDatasec);
    else if (kind === BtfKind.Datasec) this.#withoutQuestionMark(type());
    else if (kind === BtfKind.FuncProto && !features.btfFunc) this.#prototypeAsEnum(type());
    else if (kind === BtfKind.Func && !features.btfFunc) this.#asReference(type(), BtfKind.Typedef);
    else if (kind === BtfKind.Func && !features.btfGlobalFunc) this.#asStatic(type());
    else if (kind === BtfKind.Float && !features.btfFloat) this.#floatAsStruct(type());
    else if (kind === BtfKind.TypeTag && !features.btfTypeTag) this.#asReference(type(), BtfKind.Const);
    else if (kind === BtfKind.Enum && !features.btfEnum64) this.#asUnsigned(type());
    else if (kind === BtfKind.Enum64 && !features.btfEnum64) this.#enumAsUnion(type() as BtfEnum);
  }

  #sectionAsStruct(section: BtfDatasec): void {
    const members = section.variables.map(({ typeId, offset }) => ({
      name: this.#type(typeId).name,
      typeId,
      bitOffset: offset * 8,
      bitSize: 0,
    }));
    const { id, size } = section;
    const name = section.name.replace(/[.?]/g, "_");
    this.#change({ kind: BtfKind.Struct, id, name, size, kindFlag: false, members });
  }

  #withoutQuestionMark(type: BtfType): void {
    if (!type.name.startsWith("?") || this.#features.btfQuestionMark) return;
    this.#change({ ...type, name: type.name.replace("?", "_") } as BtfDatasec);
  }

  #prototypeAsEnum(type: BtfType): void {
    if (type.kind !== BtfKind.FuncProto) return;
    const values = type.params.map(({ name, typeId }) => ({ name, value: BigInt(typeId) }));
    this.#change({ kind: BtfKind.Enum, id: type.id, name: type.name, size: 4, signed: false, values });
  }

  #asReference(type: BtfType, kind: typeof BtfKind.Typedef | typeof BtfKind.Const): void {
    if (!("typeId" in type)) return;
    const name = kind === BtfKind.Const ? "" : type.name;
    this.#change({ kind, id: type.id, name, typeId: type.typeId, kindFlag: false });
  }

  #asStatic(type: BtfType): void {
    if (type.kind === BtfKind.Func) this.#change({ ...type, linkage: "static" });
  }

  #floatAsStruct(type: BtfType): void {
    if (type.kind !== BtfKind.Float) return;
    const { id, size } = type;
    this.#change({ kind: BtfKind.Struct, id, name: "", size, kindFlag: false, members: [] });
  }

  #asUnsigned(type: BtfType): void {
    if (type.kind !== BtfKind.Enum || !type.signed) return;
    const values = type.values.map(({ name, value }) => ({ name, value: BigInt.asUintN(32, value) }));
    this.#change({ ...type, signed: false, values });
  }

  #placeholder: number | undefined;

  #enumAsUnion(type: BtfEnum): void {
    this.#placeholder ??= this.#addInt("enum_placeholder", 1);
    const typeId = this.#placeholder;
    const members = type.values.map(({ name }) => ({ name, typeId, bitOffset: 0, bitSize: 0 }));
    const { id, name, size } = type;
    this.#change({ kind: BtfKind.Union, id, name, size, kindFlag: false, members });
  }
}
