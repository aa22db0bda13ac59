import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  type Btf,
  BtfKind,
  type MapSpec,
  type ObjectSpec,
} from "@skep/bpf";
import { bufferSizes } from "./instruction-sizes.ts";
import { readAnnotations } from "./source/annotations.ts";
import type { SourceFile } from "./source/source-file.ts";
import type { StructDefinition } from "./source/structs.ts";

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
  /** Types that iterators write. */
  readonly iterated: ReadonlySet<string>;
}

/** What was found out: which types to export, and which ones each buffer holds. */
export interface ExportChoice {
  /** BTF ids, ascending. */
  readonly typeIds: readonly number[];
  /** Buffer map → BTF ids of what it holds, where that is certain. */
  readonly perMap: ReadonlyMap<string, readonly number[]>;
  /** BTF id of the one struct that iterators write; several could not be told apart. */
  readonly iterated: number | undefined;
  readonly warnings: readonly string[];
}

/** Maps that carry events to user space. */
export function isBuffer({ type }: MapSpec): boolean {
  return type === BPF_MAP_TYPE_RINGBUF || type === BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/** Reads off the sources what may be exported. */
export function planExports(files: readonly SourceFile[], header: SourceFile | undefined): ExportPlan {
  const from = header === undefined ? files : [header];
  const defined = from.flatMap(({ structs }) => structs);
  const definitions = defined.filter((struct) => !isMarked(struct, "ignore"));
  const written = new Map<string, Set<string>>();
  const iterated = new Set<string>();
  for (const { map, type } of files.flatMap(({ writes }) => writes)) {
    if (type === undefined) continue;
    if (map === undefined) iterated.add(type);
    else written.set(map, (written.get(map) ?? new Set()).add(type));
  }
  const known = new Set(defined.map(({ name }) => name));
  const mentioned = [...[...written.values()].flatMap((types) => [...types]), ...iterated].filter(
    (name) => !known.has(name),
  );
  return { header: header?.path, definitions, mentioned: [...new Set(mentioned)], written, iterated };
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
 * if only one struct has it, or if `@export` marks those that are meant.
 * @param asked map → what its comment names; an empty list keeps it silent
 */
export function chooseExports(
  plan: ExportPlan,
  spec: ObjectSpec,
  btf: Btf,
  asked: ReadonlyMap<string, readonly string[]>,
): ExportChoice {
  const known = findStructs(btf, [
    ...plan.definitions.map(({ name }) => name),
    ...plan.mentioned,
    ...[...asked.values()].flat(),
  ]);
  const sizes = bufferSizes(spec);
  const perMap = new Map<string, readonly number[]>();
  const warnings: string[] = missingDefinitions(plan, known);
  const buffers = spec.maps.filter((map) => isBuffer(map) && asked.get(map.name)?.length !== 0);
  for (const { name: map } of buffers) {
    const { names, certain } = candidatesOf(plan, btf, known, map, asked.get(map), sizes.get(map));
    const ids = names.map((name) => known.get(name)).filter((id) => id !== undefined);
    if (ids.length > 0 && (certain || ids.length === 1)) {
      perMap.set(map, ids);
      warnings.push(...sameSizes(btf, map, names, ids));
    } else if (plan.header === undefined || buffers.length > 1)
      warnings.push(doubt(map, names, sizes.get(map)));
  }
  const [name, ...others] = plan.iterated;
  const iterated = name === undefined || others.length > 0 ? undefined : known.get(name);
  const exported = plan.header === undefined ? [...perMap.values()].flat() : headerTypes(plan, known, perMap);
  if (iterated !== undefined) exported.push(iterated);
  return { typeIds: [...new Set(exported)].sort((a, b) => a - b), perMap, iterated, warnings };
}

interface Candidates {
  readonly names: readonly string[];
  /** Somebody said so: a buffer may hold several, told apart by their sizes. */
  readonly certain: boolean;
}

function candidatesOf(
  plan: ExportPlan,
  btf: Btf,
  known: ReadonlyMap<string, number>,
  map: string,
  asked: readonly string[] | undefined,
  sizes: ReadonlySet<number> | undefined,
): Candidates {
  const present = (names: Iterable<string>): string[] => [...names].filter((name) => known.has(name));
  if (asked !== undefined) return { names: present(asked), certain: true };
  const named = present(plan.written.get(map) ?? []);
  if (named.length > 0) return { names: named, certain: true };
  const fits = ({ name }: StructDefinition): boolean =>
    known.has(name) && (sizes === undefined || sizes.has(btf.sizeOf(known.get(name) ?? 0)));
  const fitting = plan.definitions.filter(fits);
  const marked = fitting.filter((struct) => isMarked(struct, "export"));
  if (marked.length > 0) return { names: marked.map(({ name }) => name), certain: true };
  if (sizes === undefined && plan.header === undefined) return { names: [], certain: false };
  return { names: fitting.map(({ name }) => name), certain: false };
}

/** Readers tell the records of one buffer apart by their sizes. */
function sameSizes(btf: Btf, map: string, names: readonly string[], ids: readonly number[]): string[] {
  const bySize = new Map<number, string[]>();
  for (const [index, name] of names.entries()) {
    const size = btf.sizeOf(ids[index] ?? 0);
    bySize.set(size, [...(bySize.get(size) ?? []), name]);
  }
  return [...bySize]
    .filter(([, alike]) => alike.length > 1)
    .map(
      ([size, alike]) =>
        `map ${map} holds ${alike.join(" and ")}, all of ${size} bytes, which cannot be told apart: make their sizes differ`,
    );
}

/** A header's structs are exported all, as readers of the format expect, and what buffers hold besides. */
function headerTypes(
  plan: ExportPlan,
  known: ReadonlyMap<string, number>,
  perMap: ReadonlyMap<string, readonly number[]>,
): number[] {
  const own = plan.definitions.map(({ name }) => known.get(name)).filter((id) => id !== undefined);
  return [...own, ...[...perMap.values()].flat()];
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

/** `/// @export` or `/// @ignore` before a struct. */
function isMarked({ doc }: StructDefinition, word: string): boolean {
  if (doc === undefined) return false;
  return readAnnotations(doc).some((annotation) => annotation.word === word && annotation.value === true);
}
