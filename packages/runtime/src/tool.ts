import type { ObjectSpec } from "@skep/bpf";
import type { Package } from "@skep/package";
import { abilitiesOf } from "./arguments/abilities.ts";
import { type Filters, filtersOf } from "./arguments/filters.ts";
import { flagsOf, settableGlobals, unsettableGlobals } from "./arguments/flags.ts";
import type { ToolDescription } from "./arguments/help.ts";
import { mapFlagsOf, settableMaps } from "./arguments/map-flags.ts";
import type { ToolOptions } from "./arguments/parse-arguments.ts";
import { declaredLadders, type Ladder, twinLadders } from "./attach/ladders.ts";
import { optionalPrograms, toolDescription, variableNotes } from "./tool-notes.ts";

/** A package as somebody sees it who is about to run it. Nothing here asks the kernel. */
export interface Tool {
  readonly description: ToolDescription;
  readonly options: ToolOptions;
  readonly filters: Filters;
  readonly ladders: readonly Ladder[];
  /** Programs that do the same thing twice, and nothing in the package says so. */
  readonly twins: readonly Ladder[];
  /** Programs that the tool can do without. */
  readonly optional: ReadonlySet<string>;
}

/** @throws {MalformedError} for BTF that breaks its rules */
export function readTool(name: string, spec: ObjectSpec, { meta }: Pick<Package, "meta">): Tool {
  const notes = variableNotes(meta);
  const globals = settableGlobals(spec, notes);
  const filters = filtersOf(spec, globals, notes);
  const twins = twinLadders(spec, meta.bpf_skel.progs);
  return {
    description: toolDescription(name, meta),
    options: {
      flags: flagsOf(spec, notes),
      mapFlags: mapFlagsOf(spec, meta),
      globals,
      unsettable: unsettableGlobals(spec, notes),
      tables: settableMaps(spec),
      abilities: abilitiesOf(spec, meta, filters, twins.length > 0),
    },
    filters,
    ladders: declaredLadders(spec, meta.bpf_skel.progs),
    twins,
    optional: optionalPrograms(meta),
  };
}
