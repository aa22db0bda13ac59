import { isJsonArray, isJsonObject, type Json, type JsonObject, type PackageMeta } from "@skep/package";
import { type Computed, readComputed } from "./computed.ts";
import { noteText } from "./note-text.ts";

/** What the source says about how a struct is shown. */
export interface StructNotes {
  /** The text after `@view`. */
  readonly view: string | undefined;
  /** The text after `@kind`: what an event of this type is called. */
  readonly kind: string | undefined;
  readonly members: ReadonlyMap<string, MemberNotes>;
  /** `@computed`: columns made of others. Their formats are among the members. */
  readonly computed?: readonly Computed[];
}

export interface MemberNotes {
  /** The text after `@format`. */
  readonly format: string | undefined;
  /** `@hidden`: shown only when asked for. */
  readonly hidden: boolean;
  /** The text after `@hidden`: a condition on global variables, with which the member is as if it had `@hidden` alone. */
  readonly hiddenWhen?: string;
  /** `@ignore`: never shown. */
  readonly ignore: boolean;
  /** The text after `@when`: a condition on global variables, without which the member is as if it had `@ignore`. */
  readonly when?: string;
  /** The number after `@none`: the value that stands for none. */
  readonly none?: number;
  /** `@text_in`, `@texts_in`: the value says where in another member its text is. */
  readonly text?: TextPlace;
}

export interface TextPlace {
  /** The member that holds the bytes. */
  readonly within: string;
  /** Several texts, each with a NUL at its end. */
  readonly many: boolean;
}

/** By the name of the struct. */
export type Annotations = ReadonlyMap<string, StructNotes>;

export const NO_ANNOTATIONS: Annotations = new Map();

/**
 * Reads the optional keys of a package that say how structs and their members are shown, in `meta.export_types` and, for
 * structs that no buffer carries (keys and values of maps, parts of events), in `meta.types`. A struct may be in both: what
 * they say adds up. What is not of the right type is as good as absent: these keys only ever make output nicer.
 */
export function readAnnotations(meta: PackageMeta): Annotations {
  const structs = new Map<string, StructNotes>();
  for (const type of [...listOf(meta.types), ...(meta.export_types ?? [])]) {
    if (!isJsonObject(type) || typeof type.name !== "string") continue;
    const known = structs.get(type.name);
    const computed = computedOf(type.computed) ?? known?.computed;
    structs.set(type.name, {
      view: noteText(type.view) ?? known?.view,
      kind: noteText(type.kind) ?? known?.kind,
      members: new Map([...(known?.members ?? []), ...membersOf(type.members), ...formatsOf(computed)]),
      ...(computed === undefined ? {} : { computed }),
    });
  }
  return structs;
}

function computedOf(text: Json | undefined): readonly Computed[] | undefined {
  const read = readComputed(noteText(text) ?? "");
  return typeof read === "string" ? undefined : read;
}

function formatsOf(computed: readonly Computed[] = []): readonly (readonly [string, MemberNotes])[] {
  return computed.map(({ name, format }) => [name, { format, hidden: false, ignore: false }]);
}

function membersOf(members: Json | undefined): ReadonlyMap<string, MemberNotes> {
  const notes = new Map<string, MemberNotes>();
  for (const member of listOf(members)) {
    if (!isJsonObject(member) || typeof member.name !== "string") continue;
    const format = noteText(member.format);
    const hidden = member.hidden === true;
    const ignore = member.ignore === true;
    const text = textPlaceOf(member);
    const when = noteText(member.when);
    const hiddenWhen = noteText(member.hidden);
    const none = typeof member.none === "number" ? member.none : undefined;
    const further = {
      ...(text === undefined ? {} : { text }),
      ...(when === undefined ? {} : { when }),
      ...(hiddenWhen === undefined ? {} : { hiddenWhen }),
      ...(none === undefined ? {} : { none }),
    };
    if (format !== undefined || hidden || ignore || Object.keys(further).length > 0)
      notes.set(member.name, { format, hidden, ignore, ...further });
  }
  return notes;
}

function textPlaceOf(member: JsonObject): TextPlace | undefined {
  const [one, several] = [noteText(member.text_in), noteText(member.texts_in)];
  if (one !== undefined) return { within: one, many: false };
  return several === undefined ? undefined : { within: several, many: true };
}

function listOf(value: Json | undefined): readonly Json[] {
  return isJsonArray(value) ? value : [];
}
