import { compareBy, type SortKey, sortValues } from "../events/sort.ts";
import type { Column } from "../output/columns.ts";
import { columnsNamed } from "../output/fields.ts";
import { entryRecord } from "./entry-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap, SampleKind } from "./sampled-maps.ts";

/** Puts the entries of a look in order. */
export type Order = (entries: readonly Entry[]) => readonly Entry[];

/**
 * By what the command line says, else by what the package says, else as it suits the kind: largest first for `top` and
 * `stacks`, by key for all others, so that an entry keeps its place from look to look.
 * @param warn takes complaints about the package's own words
 * @param rows how many of them
 */
export function orderOf(
  sampled: SampledMap,
  columns: readonly Column[],
  wanted: readonly SortKey[],
  warn: (line: string) => void,
  rows = sampled.rows,
): Order {
  const ours = wanted.filter(({ column }) => columnsNamed(columns, column).length > 0);
  const keys =
    ours.length > 0 ? ours : (packageKeys(sampled, columns, warn) ?? usualKeys(sampled.show, columns));
  const valuesOf = sortValues(keys, columns);
  const compare = compareBy(keys);
  return (entries) =>
    entries
      .map((entry) => ({ entry, values: valuesOf(entryRecord(entry)) }))
      .sort((one, other) => compare(one.values, other.values))
      .slice(0, rows)
      .map(({ entry }) => entry);
}

function packageKeys(
  { sort, map }: SampledMap,
  columns: readonly Column[],
  warn: (line: string) => void,
): readonly SortKey[] | undefined {
  if (sort === undefined) return undefined;
  const keys = sort.split(",").map((word) => ({
    column: word.trim().replace(/^[-+]/, ""),
    descending: word.trim().startsWith("-"),
  }));
  const unknown = keys.find(({ column }) => columnsNamed(columns, column).length === 0);
  if (unknown === undefined) return keys;
  warn(`@sample of map ${map.name}: there is no column ${JSON.stringify(unknown.column)} to sort by`);
  return undefined;
}

function usualKeys(show: SampleKind, columns: readonly Column[]): readonly SortKey[] {
  const counts = columns.filter(({ path, shape }) => path[0] === "value" && shape.kind === "integer");
  const count = show === "stacks" ? counts[0] : counts.at(-1);
  if ((show === "top" || show === "stacks") && count !== undefined)
    return [{ column: count.name, descending: true }];
  return columns
    .filter(({ path }) => path[0] === "key" || path[0] === "cpu")
    .map(({ name }) => ({ column: name, descending: false }));
}
