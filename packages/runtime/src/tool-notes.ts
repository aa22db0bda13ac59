import type { JsonObject, PackageMeta } from "@skep/package";
import type { VariableNotes } from "./arguments/flags.ts";
import type { ToolDescription } from "./arguments/help.ts";
import { noteText } from "./shapes/note-text.ts";

/** What the doc comment of `LICENSE` says. */
export function toolDescription(name: string, meta: PackageMeta): ToolDescription {
  const doc: JsonObject = meta.bpf_skel.doc ?? {};
  return {
    name,
    about: noteText(doc.brief) ?? noteText(doc.description),
    details: noteText(doc.details),
    version: noteText(doc.version),
    examples: [doc.example ?? []]
      .flat()
      .flatMap((line) => (typeof line === "string" ? line.split("\n") : [])),
  };
}

/** Annotations of variables by name. */
export function variableNotes(meta: PackageMeta): ReadonlyMap<string, VariableNotes> {
  const variables = meta.bpf_skel.data_sections.flatMap((section) => section.variables);
  return new Map(variables.map((variable) => [variable.name, variable]));
}

/** Names of the programs that the tool can do without: `@optional true`. */
export function optionalPrograms(meta: PackageMeta): ReadonlySet<string> {
  return new Set(meta.bpf_skel.progs.filter((program) => program.optional === true).map(({ name }) => name));
}
