import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  type Btf,
  BtfKind,
  type MapSpec,
  type ObjectSpec,
} from "@skep/bpf";
import { bufferSizes } from "./instruction-sizes.ts";
import { bufferWrites } from "./source/buffer-writes.ts";
import type { SourceFile } from "./source/source-file.ts";
import { type StructDefinition, structDefinitions } from "./source/structs.ts";

/** The types that may be exported, before anything is compiled: they are forced into the object's BTF. */
export interface ExportPlan {
  /** Path of the header that names the types; undefined when they are to be found from the code. */
  readonly header: string | undefined;
  /** What the header, or the user's own files, define. */
  readonly definitions: readonly StructDefinition[];
  /** Further structs that the source names where it writes to a buffer, such as types of the kernel. */
  readonly mentioned: readonly string[];
  /** map → types that the source puts into it. */
  readonly written: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What was found out: which types to export, and which one each buffer holds. */
export interface ExportChoice {
  /** BTF ids, ascending. */
  readonly typeIds: readonly number[];
  /** Buffer map → BTF id of what it holds, where that is certain. */
  readonly perMap: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
}

/** Maps that carry events to user space. */
export function isBuffer({ type }: MapSpec): boolean {
  return type === BPF_MAP_TYPE_RINGBUF || type === BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/** Reads off the sources what may be exported. */
export function planExports(files: readonly SourceFile[], header: SourceFile | undefined): ExportPlan {
  const from = header === undefined ? files : [header];
  const definitions = from.flatMap(({ tokens }) => structDefinitions(tokens));
  const written = new Map<string, Set<string>>();
  for (const { map, type } of files.flatMap(({ tokens }) => bufferWrites(tokens))) {
    if (type !== undefined) written.set(map, (written.get(map) ?? new Set()).add(type));
  }
  const known = new Set(definitions.map(({ name }) => name));
  const mentioned = [...written.values()].flatMap((types) => [...types]).filter((name) => !known.has(name));
  return { header: header?.path, definitions, mentioned: [...new Set(mentioned)], written };
}

/** Ids of the structs (or typedefs of structs) of these names that a BTF defines in full. */
export function findStructs(btf: Btf, names: Iterable<string>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of names) {
    const ids = btf.idsOf(name, BtfKind.Struct, BtfKind.Union, BtfKind.Typedef);
    const id = ids.find((candidate) => {
      const { kind } = btf.skipModifiers(candidate);
      return kind === BtfKind.Struct || kind === BtfKind.Union;
    });
    if (id !== undefined) found.set(name, id);
  }
  return found;
}

/**
 * Decides what each ring and perf buffer holds. The source's own words come first (`sizeof(*e)` and the
 * declaration of `e`), a map's `@export NAME` before them; where it says nothing, the size the code uses decides,
 * if only one struct has it.
 */
export function chooseExports(
  plan: ExportPlan,
  spec: ObjectSpec,
  btf: Btf,
  asked: ReadonlyMap<string, string>,
): ExportChoice {
  const known = findStructs(btf, [
    ...plan.definitions.map(({ name }) => name),
    ...plan.mentioned,
    ...asked.values(),
  ]);
  const sizes = bufferSizes(spec);
  const perMap = new Map<string, number>();
  const warnings: string[] = missingDefinitions(plan, known);
  const buffers = spec.maps.filter(isBuffer);
  for (const { name: map } of buffers) {
    const candidates = candidatesOf(plan, btf, known, map, asked.get(map), sizes.get(map));
    const id = candidates.length === 1 ? known.get(candidates[0] ?? "") : undefined;
    if (id !== undefined) perMap.set(map, id);
    else if (plan.header === undefined || buffers.length > 1)
      warnings.push(doubt(map, candidates, sizes.get(map)));
  }
  const exported = plan.header === undefined ? perMap.values() : headerTypes(plan, known, perMap);
  return { typeIds: [...new Set(exported)].sort((a, b) => a - b), perMap, warnings };
}

function candidatesOf(
  plan: ExportPlan,
  btf: Btf,
  known: ReadonlyMap<string, number>,
  map: string,
  asked: string | undefined,
  sizes: ReadonlySet<number> | undefined,
): readonly string[] {
  if (asked !== undefined) return known.has(asked) ? [asked] : [];
  const named = [...(plan.written.get(map) ?? [])].filter((name) => known.has(name));
  if (named.length > 0) return named;
  const names = plan.definitions.map(({ name }) => name).filter((name) => known.has(name));
  if (sizes === undefined) return plan.header === undefined ? [] : names;
  return names.filter((name) => sizes.has(btf.sizeOf(known.get(name) ?? 0)));
}

/** A header's structs are exported all, as readers of the format expect, and what buffers hold besides. */
function headerTypes(
  plan: ExportPlan,
  known: ReadonlyMap<string, number>,
  perMap: ReadonlyMap<string, number>,
): readonly number[] {
  const own = plan.definitions.map(({ name }) => known.get(name)).filter((id) => id !== undefined);
  return [...own, ...perMap.values()];
}

function missingDefinitions(plan: ExportPlan, known: ReadonlyMap<string, number>): string[] {
  if (plan.header === undefined) return [];
  if (plan.definitions.length === 0)
    return [`${plan.header} defines no struct: there is nothing to export from it`];
  return plan.definitions
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => `struct ${name} of ${plan.header} is not exported: the source does not include it`);
}

function doubt(map: string, candidates: readonly string[], sizes: ReadonlySet<number> | undefined): string {
  const remedy = `name it with a comment before the map (/// @export NAME) or give a header that defines it alone`;
  if (candidates.length > 1) return `map ${map} may hold any of ${candidates.join(", ")}: ${remedy}`;
  const size = sizes === undefined ? "" : ` (${[...sizes].sort((a, b) => a - b).join(", ")} bytes at a time)`;
  return `cannot tell which struct map ${map} holds${size}: ${remedy}`;
}
