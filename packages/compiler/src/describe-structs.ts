import { type Btf, BtfKind } from "@skep/bpf";
import type { ExportMember, ExportType, Json, JsonObject } from "@skep/package";
import { findStructs } from "./export-types.ts";
import type { MemberNotes, StructNotes } from "./source/source-notes.ts";

/** An exported struct with what its source says about it and its members. */
export function describeExportType(type: ExportType, notes: StructNotes | undefined): ExportType {
  if (notes === undefined) return type;
  const members = type.members.map((member, index) => ({
    ...entriesOfMember(notesOf(notes, type.members, index)),
    ...member,
  }));
  return { ...notes.entries, ...type, members };
}

/** Anonymous members have no name to go by: they are counted. */
function notesOf(
  notes: StructNotes,
  members: readonly ExportMember[],
  index: number,
): MemberNotes | undefined {
  const name = members[index]?.name ?? "";
  const before = members.slice(0, index).filter((member) => member.name === "").length;
  return notes.members.find(
    (member) => member.name === name && (name !== "" || member.anonymousBefore === before),
  );
}

function entriesOfMember(notes: MemberNotes | undefined): JsonObject {
  if (notes === undefined) return {};
  if (notes.members.length === 0) return notes.entries;
  return { ...notes.entries, members: notes.members.map(describeMember) };
}

function describeMember(notes: MemberNotes): JsonObject {
  return { ...entriesOfMember(notes), name: notes.name };
}

/** What `meta.types` says: annotated structs that no buffer carries, by their place in the object's BTF. */
export interface OtherStructs {
  readonly types: readonly JsonObject[];
  /** Annotated structs that the object does not have, as `path:line: …`. */
  readonly warnings: readonly string[];
}

/** @param exported structs that are described elsewhere */
export function describeOtherStructs(
  btf: Btf,
  structs: ReadonlyMap<string, StructNotes>,
  exported: ReadonlySet<string>,
): OtherStructs {
  const types: JsonObject[] = [];
  const warnings: string[] = [];
  for (const [name, notes] of structs) {
    if (exported.has(name) || notes.entries.ignore === true) continue;
    const id = findStructs(btf, [name]).get(name);
    if (id === undefined) {
      warnings.push(
        `${notes.place}: warning: struct ${name} is annotated, but neither a buffer nor a map holds it`,
      );
      continue;
    }
    const type_id = skipTypedefs(btf, id);
    const members: Json = notes.members.map(describeMember);
    types.push({ ...notes.entries, members, name, type_id });
  }
  return { types, warnings };
}

function skipTypedefs(btf: Btf, id: number): number {
  const type = btf.skipModifiers(id);
  return type.kind === BtfKind.Struct || type.kind === BtfKind.Union ? type.id : id;
}
