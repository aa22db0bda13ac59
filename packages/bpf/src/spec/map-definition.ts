import type { Btf } from "../btf/btf.ts";
import { type BtfComposite, BtfKind, type BtfMember } from "../btf/types.ts";
import { type MalformedError, NotImplementedError } from "../errors.ts";
import {
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_PROG_ARRAY,
  mapTypeName,
} from "./map-types.ts";
import { malformedObject } from "./object-file.ts";
import type { MapSpec } from "./object-spec.ts";

const PIN_NONE = 0;
const PIN_BY_NAME = 1;
/** Descriptors of maps and programs are the values of the maps that hold them. */
const DESCRIPTOR_SIZE = 4;

/** Such maps come from sources, not from damaged files. */
function misdeclared(message: string): MalformedError {
  return malformedObject(
    message,
    'Declare it like: struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, u32); __type(value, u64); __uint(max_entries, 64); } name SEC(".maps").',
  );
}

/** A map as BTF describes it, and where its `values` begin. */
export interface MapDefinition {
  readonly spec: MapSpec;
  /** Byte offset of the `values` member in the definition, undefined without one. */
  readonly valuesOffset: number | undefined;
}

/**
 * Reads `struct { __uint(type, …); __type(key, …); … } name SEC(".maps")`. A number is hidden in the type of a member:
 * `__uint(max_entries, 16)` declares `int (*max_entries)[16]`, `__ulong` an enum with that one value, `__type` a pointer to the type,
 * `__array(values, …)` a flexible array of pointers (bpf_helpers.h).
 * @throws {MalformedError}
 * @throws {NotImplementedError} for a member that is not known
 */
export function readMapDefinition(btf: Btf, name: string, typeId: number): MapDefinition {
  return new DefinitionReader(btf, name, structOf(btf, name, typeId)).read(true);
}

function structOf(btf: Btf, name: string, typeId: number): BtfComposite {
  const type = btf.skipModifiers(typeId);
  if (type.kind !== BtfKind.Struct) throw misdeclared(`map ${name} is declared by no struct`);
  return type;
}

class DefinitionReader {
  readonly #btf: Btf;
  readonly #name: string;
  readonly #members: ReadonlyMap<string, BtfMember>;

  constructor(btf: Btf, name: string, definition: BtfComposite) {
    this.#btf = btf;
    this.#name = name;
    this.#members = new Map(definition.members.map((member) => [member.name, member]));
    for (const { name: member } of definition.members) {
      if (!KNOWN.has(member)) {
        throw new NotImplementedError(
          `map ${name} has the unknown attribute ${member || "(unnamed)"}`,
          `Leave it out; known are ${[...KNOWN].join(", ")}.`,
        );
      }
    }
  }

  read(outermost: boolean): MapDefinition {
    const type = this.#number("type") ?? 0;
    const key = this.#sized("key", "key_size");
    const values = this.#members.get("values");
    const value = values ? { size: DESCRIPTOR_SIZE, typeId: 0 } : this.#sized("value", "value_size");
    const spec: MapSpec = {
      name: this.#name,
      type,
      keySize: key.size,
      valueSize: value.size,
      maxEntries: this.#number("max_entries") ?? 0,
      flags: this.#number("map_flags") ?? 0,
      numaNode: this.#number("numa_node"),
      mapExtra: this.#wideNumber("map_extra") ?? 0n,
      keyTypeId: key.typeId,
      valueTypeId: value.typeId,
      pinByName: this.#pinByName(outermost),
      inner: values && this.#inner(values, type, outermost),
      slots: [],
      data: undefined,
      structOps: undefined,
    };
    return { spec, valuesOffset: values && values.bitOffset / 8 };
  }

  /** A `__type` member, a `__uint` size, or both when they agree. */
  #sized(typeMember: string, sizeMember: string): { size: number; typeId: number } {
    const size = this.#number(sizeMember);
    const member = this.#members.get(typeMember);
    if (!member) return { size: size ?? 0, typeId: 0 };
    const typeId = this.#pointee(member);
    const type = this.#btf.skipModifiers(typeId);
    if (type.kind === BtfKind.Fwd || type.kind === BtfKind.Void)
      throw misdeclared(`the ${typeMember} of map ${this.#name} has no size: ${type.name || "void"}`);
    const typeSize = this.#btf.sizeOf(typeId);
    if (size !== undefined && size !== typeSize) {
      throw misdeclared(
        `map ${this.#name} has ${sizeMember} ${size}, but its ${typeMember} has ${typeSize} bytes`,
      );
    }
    return { size: typeSize, typeId };
  }

  #pinByName(outermost: boolean): boolean {
    const pinning = this.#number("pinning") ?? PIN_NONE;
    if (pinning !== PIN_NONE && pinning !== PIN_BY_NAME) {
      throw misdeclared(`map ${this.#name} has pinning ${pinning}, only LIBBPF_PIN_BY_NAME (1) exists`);
    }
    if (pinning === PIN_BY_NAME && !outermost) throw misdeclared(`inner map ${this.#name} cannot be pinned`);
    return pinning === PIN_BY_NAME;
  }

  /** The template of the inner maps; undefined for a prog array, whose `values` only declares a prototype. */
  #inner(values: BtfMember, type: number, outermost: boolean): MapSpec | undefined {
    const nests = type === BPF_MAP_TYPE_ARRAY_OF_MAPS || type === BPF_MAP_TYPE_HASH_OF_MAPS;
    if (!nests && type !== BPF_MAP_TYPE_PROG_ARRAY) {
      throw misdeclared(`map ${this.#name} of type ${mapTypeName(type)} cannot have values`);
    }
    const array = this.#btf.skipModifiers(values.typeId);
    const element = array.kind === BtfKind.Array ? this.#btf.skipModifiers(array.elementId) : undefined;
    if (element?.kind !== BtfKind.Ptr) throw misdeclared(`values of map ${this.#name} are no pointers`);
    if (!nests) return undefined;
    if (!outermost) throw misdeclared(`map ${this.#name} nests maps more than two deep`);
    const name = `${this.#name}.inner`;
    return new DefinitionReader(this.#btf, name, structOf(this.#btf, name, element.typeId)).read(false).spec;
  }

  #number(member: string): number | undefined {
    const value = this.#wideNumber(member);
    if (value === undefined) return undefined;
    if (value > 0xffffffffn) throw misdeclared(`map ${this.#name} has ${member} ${value}, more than 32 bits`);
    return Number(value);
  }

  #wideNumber(member: string): bigint | undefined {
    const found = this.#members.get(member);
    if (!found) return undefined;
    const type = this.#btf.skipModifiers(found.typeId);
    if (type.kind === BtfKind.Enum || type.kind === BtfKind.Enum64) {
      const value = type.values[0]?.value;
      if (value !== undefined) return BigInt.asUintN(64, value);
    }
    if (type.kind === BtfKind.Ptr) {
      const array = this.#btf.skipModifiers(type.typeId);
      if (array.kind === BtfKind.Array) return BigInt(array.length);
    }
    throw misdeclared(`${member} of map ${this.#name} is not declared with __uint or __ulong`);
  }

  #pointee(member: BtfMember): number {
    const type = this.#btf.skipModifiers(member.typeId);
    if (type.kind !== BtfKind.Ptr)
      throw misdeclared(`${member.name} of map ${this.#name} is not declared with __type`);
    return type.typeId;
  }
}

const KNOWN: ReadonlySet<string> = new Set([
  "type",
  "max_entries",
  "map_flags",
  "map_extra",
  "numa_node",
  "key",
  "key_size",
  "value",
  "value_size",
  "values",
  "pinning",
]);
