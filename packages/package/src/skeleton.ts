import {
  type Btf,
  BtfKind,
  InvalidArgumentError,
  type MapSpec,
  type ObjectSpec,
  printTypeName,
  withoutQualifiers,
} from "@skep/bpf";
import type { JsonObject } from "./json.ts";
import type { DataSectionMeta, ExportType, MapMeta, Skeleton } from "./package.ts";

/**
 * C text of a type without `const` and `volatile` at any depth, as the format has it. The words are reserved:
 * they cannot be part of a name.
 */
function typeText(btf: Btf, typeId: number): string {
  return printTypeName(btf, typeId).replace(/\b(?:const|volatile|restrict)\b ?/g, "");
}

/** What the source says about its parts, by name; flattened into their entries. */
export interface SourceNotes {
  readonly variables: ReadonlyMap<string, JsonObject>;
  readonly maps: ReadonlyMap<string, JsonObject>;
  readonly programs: ReadonlyMap<string, JsonObject>;
  /** About the whole tool. */
  readonly doc: JsonObject | undefined;
}

export const NO_NOTES: SourceNotes = {
  variables: new Map(),
  maps: new Map(),
  programs: new Map(),
  doc: undefined,
};

/**
 * Describes an object as `bpftool gen skeleton` sees it: data sections that can be written from outside, maps,
 * programs. The object's name is that of its file without `.o`, `minimal_bpf` for `minimal.bpf.o`.
 */
export function buildSkeleton(spec: ObjectSpec, notes: SourceNotes = NO_NOTES): Skeleton {
  return {
    data_sections: spec.maps.filter(hasPublicVariables).map((map) => dataSection(spec, map, notes)),
    maps: spec.maps.map((map) => describeMap(map, notes)),
    obj_name: spec.name,
    progs: spec.programs.map(({ name, section }) => ({
      ...notes.programs.get(name),
      attach: section,
      link: true,
      name,
    })),
    ...(notes.doc === undefined ? {} : { doc: notes.doc }),
  };
}

/** The name that a file `minimal.bpf.o` gives its object: `minimal_bpf`. */
export function objectName(file: string): string {
  return file.replace(/\.o$/, "").replace(/[^A-Za-z0-9_]/g, "_");
}

/** Without BTF there is nothing to say of the variables. */
function hasPublicVariables({ data }: MapSpec): boolean {
  if (data === undefined || data.typeId === 0) return false;
  return data.variables.some(({ linkage }) => linkage !== "static");
}

function dataSection({ btf }: ObjectSpec, { data }: MapSpec, notes: SourceNotes): DataSectionMeta {
  const variables = data?.variables.filter(({ linkage }) => linkage !== "static") ?? [];
  return {
    name: data?.section ?? "",
    variables: variables.map(({ name, typeId }) => ({
      ...notes.variables.get(name),
      name,
      type: btf === undefined ? "" : typeText(btf, typeId),
    })),
  };
}

function describeMap(map: MapSpec, notes: SourceNotes): MapMeta {
  const ident = (map.data?.section.replace(/^\./, "") ?? map.name).replace(/[^A-Za-z0-9_]/g, "_");
  const described = { ...notes.maps.get(map.name), ident, name: map.name };
  return hasPublicVariables(map) ? { ...described, mmaped: true } : described;
}

/**
 * Describes a struct (or a typedef of one) for readers of the program's events.
 * @throws {InvalidArgumentError} when it is no struct or union
 */
export function buildExportType(btf: Btf, typeId: number): ExportType {
  const type = btf.skipModifiers(typeId);
  if (type.kind !== BtfKind.Struct && type.kind !== BtfKind.Union)
    throw new InvalidArgumentError(`BTF type ${typeId} is no struct`, "export a struct");
  return {
    members: type.members.map(({ name, typeId: memberType }) => ({
      name,
      type: memberText(btf, memberType),
    })),
    name: btf.nameOf(typeId) || type.name,
    size: btf.sizeOf(typeId),
    type_id: type.id,
  };
}

/** Structs and enums are named by what they are, unless a typedef names them. */
function memberText(btf: Btf, typeId: number): string {
  const type = btf.type(withoutQualifiers(btf, typeId));
  if (type.kind === BtfKind.Struct || type.kind === BtfKind.Union) return "composite";
  if (type.kind === BtfKind.Enum || type.kind === BtfKind.Enum64) return "enum";
  return typeText(btf, typeId);
}
