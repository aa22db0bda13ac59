import { isJsonArray, isJsonObject, type Json, type PackageMeta } from "@skep/package";

/** What the source says about how a struct is shown. */
export interface StructNotes {
  /** The text after `@view`. */
  readonly view: string | undefined;
  /** Member name → the text after `@format`. */
  readonly formats: ReadonlyMap<string, string>;
}

/** By the name of the struct. */
export type Annotations = ReadonlyMap<string, StructNotes>;

export const NO_ANNOTATIONS: Annotations = new Map();

/**
 * Reads the optional keys of a package that say how values are shown: `format` of members and `view` of structs, in
 * `meta.export_types` and, for structs that no buffer carries (keys and values of maps, parts of events), in `meta.types`.
 * What is not of the right type is as good as absent: these keys only ever make output nicer.
 */
export function readAnnotations(meta: PackageMeta): Annotations {
  const structs = new Map<string, StructNotes>();
  for (const type of [...listOf(meta.types), ...(meta.export_types ?? [])]) {
    if (!isJsonObject(type) || typeof type.name !== "string") continue;
    structs.set(type.name, { view: textOf(type.view), formats: formatsOf(type.members) });
  }
  return structs;
}

function formatsOf(members: Json | undefined): ReadonlyMap<string, string> {
  const formats = new Map<string, string>();
  for (const member of listOf(members)) {
    if (!isJsonObject(member) || typeof member.name !== "string") continue;
    const format = textOf(member.format);
    if (format !== undefined) formats.set(member.name, format);
  }
  return formats;
}

function listOf(value: Json | undefined): readonly Json[] {
  return isJsonArray(value) ? value : [];
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
