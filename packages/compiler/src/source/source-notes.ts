import type { ObjectSpec } from "@skep/bpf";
import { type JsonObject, readView, type SourceNotes, viewMembers } from "@skep/package";
import { readAnnotations } from "./annotations.ts";
import type { Declaration } from "./declarations.ts";
import type { DocComment } from "./doc-comment.ts";
import { didYouMean } from "./near-word.ts";
import type { SourceFile } from "./source-file.ts";
import type { MemberDefinition, StructDefinition } from "./structs.ts";
import { checkAnnotations, checkStray, entriesOf, type Place, type Remark, saysMore } from "./vocabulary.ts";

/** What the source says about a struct beyond documentation. */
export interface StructNotes {
  readonly entries: JsonObject;
  /** Those with something to say, and those that hold such. */
  readonly members: readonly MemberNotes[];
  /** `path:line` of the definition's first annotation. */
  readonly place: string;
}

export interface MemberNotes {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  /** How many anonymous ones stand before it. */
  readonly anonymousBefore: number;
  readonly entries: JsonObject;
  readonly members: readonly MemberNotes[];
}

/** Annotations of sources, joined with the parts of the object they belong to. */
export interface AnnotatedSource {
  readonly notes: SourceNotes;
  /** By tag, or name of the typedef. */
  readonly structs: ReadonlyMap<string, StructNotes>;
  /** What looks like a mistake, as `path:line: …`. */
  readonly warnings: readonly string[];
}

/**
 * Finds the doc comments before the variables, maps and programs of an object, before its license, and before structs and
 * their members. @param files the source, then its headers
 */
export function sourceNotes(files: readonly SourceFile[], spec: ObjectSpec): AnnotatedSource {
  const reader = new NotesReader();
  const parts = partsOf(spec);
  const notes = {
    variables: new Map<string, JsonObject>(),
    maps: new Map<string, JsonObject>(),
    programs: new Map<string, JsonObject>(),
  };
  const structs = new Map<string, StructNotes>();
  let license: JsonObject | undefined;
  for (const file of files) {
    for (const declaration of file.declarations.filter(({ doc }) => doc !== undefined)) {
      const doc = declaration.doc as DocComment;
      const found = declaration.names.filter((name) => parts.has(name));
      if (isLicense(declaration)) license ??= reader.read(doc, "license");
      else if (found.length === 0) reader.stray(doc, whereIs(declaration));
      for (const name of found) {
        const part = parts.get(name) ?? "variables";
        if (!notes[part].has(name)) notes[part].set(name, reader.read(doc, PLACE_OF[part]));
      }
    }
    for (const struct of file.structs) {
      const found = reader.struct(file, struct);
      if (found !== undefined && !structs.has(struct.name)) structs.set(struct.name, found);
    }
    for (const doc of file.strays) reader.stray(doc, "here");
    reader.endFile(file);
  }
  return { notes: { ...notes, doc: license }, structs, warnings: reader.warnings };
}

type Part = "variables" | "maps" | "programs";
const PLACE_OF: Readonly<Record<Part, Place>> = { variables: "variable", maps: "map", programs: "program" };

/** What an object has by name. */
function partsOf(spec: ObjectSpec): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>();
  for (const { data, name } of spec.maps) {
    if (data === undefined) parts.set(name, "maps");
    for (const variable of data?.variables ?? []) parts.set(variable.name, "variables");
  }
  for (const { name } of spec.programs) parts.set(name, "programs");
  return parts;
}

/** The variable in section `license`, or one called LICENSE. */
function isLicense({ names, section }: Declaration): boolean {
  return section === "license" || names.includes("LICENSE");
}

function whereIs({ names }: Declaration): string {
  return `before ${names.join(", ")}, which is no variable, map or program of the object`;
}

class NotesReader {
  readonly warnings: string[] = [];
  #remarks: Remark[] = [];

  /** Puts what was found in a file in the order of its lines, each thing once: `int a, b;` has one comment. */
  endFile({ path }: SourceFile): void {
    const lines = this.#remarks
      .sort((a, b) => a.line - b.line)
      .map(({ line, text }) => `${path}:${line}: warning: ${text}`);
    this.warnings.push(...new Set(lines));
    this.#remarks = [];
  }

  read(doc: DocComment, place: Place): JsonObject {
    const annotations = readAnnotations(doc);
    this.#remarks.push(...checkAnnotations(annotations, place));
    return entriesOf(annotations, place);
  }

  stray(doc: DocComment, where: string): void {
    this.#remarks.push(...checkStray(readAnnotations(doc), where));
  }

  /** Undefined when nothing is annotated: plain documentation of types stays out of packages. */
  struct(file: SourceFile, struct: StructDefinition): StructNotes | undefined {
    const entries = this.#describing(struct.doc, "struct");
    const members = this.#members(struct.members);
    if (entries === undefined && members.length === 0) return undefined;
    this.#checkMembersOfView(struct, entries);
    return { entries: entries ?? {}, members, place: `${file.path}:${firstLine(struct)}` };
  }

  #members(members: readonly MemberDefinition[]): MemberNotes[] {
    let anonymous = 0;
    return members.flatMap(({ name, doc, members: inside }) => {
      const entries = this.#describing(doc, "member");
      const nested = this.#members(inside);
      const anonymousBefore = anonymous;
      if (name === "") anonymous++;
      return entries === undefined && nested.length === 0
        ? []
        : [{ name, anonymousBefore, entries: entries ?? {}, members: nested }];
    });
  }

  #describing(doc: DocComment | undefined, place: Place): JsonObject | undefined {
    if (doc === undefined) return undefined;
    const annotations = readAnnotations(doc);
    if (!saysMore(annotations)) return undefined;
    this.#remarks.push(...checkAnnotations(annotations, place));
    return entriesOf(annotations, place);
  }

  #checkMembersOfView(struct: StructDefinition, entries: JsonObject | undefined): void {
    const view = entries === undefined ? undefined : entries.view;
    const read = typeof view === "string" ? readView(view) : undefined;
    if (read === undefined || "problem" in read) return;
    const names = memberNames(struct.members);
    const line = readAnnotations(struct.doc ?? { lines: [] }).find(({ word }) => word === "view")?.line ?? 0;
    for (const member of viewMembers(read)) {
      const first = member.split(".")[0] ?? "";
      if (names.includes(first)) continue;
      const text = `@view names ${member}, which struct ${struct.name} does not have${didYouMean(first, names)}`;
      this.#remarks.push({ line, text });
    }
  }
}

/** Members as C knows them: those of anonymous structs are the outer struct's. */
function memberNames(members: readonly MemberDefinition[]): string[] {
  return members.flatMap(({ name, members: inside }) => (name === "" ? memberNames(inside) : [name]));
}

function firstLine({ doc, members }: StructDefinition): number {
  const own = doc?.lines[0]?.line;
  return own ?? firstLineOf(members) ?? 1;
}

function firstLineOf(members: readonly MemberDefinition[]): number | undefined {
  for (const { doc, members: inside } of members) {
    const line = doc?.lines[0]?.line ?? firstLineOf(inside);
    if (line !== undefined) return line;
  }
  return undefined;
}
