import type { ObjectSpec } from "@skep/bpf";
import type { JsonObject, SourceNotes } from "@skep/package";
import { type Declaration, declarationsOf, declares } from "./declarations.ts";
import { readAnnotations } from "./doc-comments.ts";
import type { SourceFile } from "./source-file.ts";

/** Annotations of a source, joined with the parts of the object they belong to. */
export interface AnnotatedSource {
  readonly notes: SourceNotes;
  /** What looks like a mistake, as `path:line: …`. */
  readonly warnings: readonly string[];
}

/** Finds the doc comments before the variables, maps and programs of an object, and before its license. */
export function sourceNotes(source: SourceFile, spec: ObjectSpec): AnnotatedSource {
  const declarations = declarationsOf(source.tokens).filter(({ doc }) => doc !== undefined);
  const warnings: string[] = [];
  const read = (declaration: Declaration): JsonObject => {
    const { entries, problems } = readAnnotations(declaration.doc ?? "");
    warnings.push(...problems.map((problem) => `${source.path}:${declaration.line}: ${problem}`));
    return entries;
  };
  const entriesOf = (names: Iterable<string>): ReadonlyMap<string, JsonObject> => {
    const found = new Map<string, JsonObject>();
    for (const name of names) {
      const declaration = declarations.find((candidate) => declares(candidate, name));
      if (declaration !== undefined) found.set(name, read(declaration));
    }
    return found;
  };
  const variables = spec.maps.flatMap(({ data }) => data?.variables ?? []).map(({ name }) => name);
  const license = declarations.find(isLicense);
  return {
    notes: {
      variables: entriesOf(variables),
      maps: entriesOf(spec.maps.filter(({ data }) => data === undefined).map(({ name }) => name)),
      programs: entriesOf(spec.programs.map(({ name }) => name)),
      doc: license === undefined ? undefined : read(license),
    },
    warnings,
  };
}

/** The variable in section `license`, or one called LICENSE. */
function isLicense(declaration: Declaration): boolean {
  if (declares(declaration, "LICENSE")) return true;
  return declaration.tokens.some(
    ({ text }, index) => text === "SEC" && declaration.tokens[index + 2]?.text === '"license"',
  );
}
