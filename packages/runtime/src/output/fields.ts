import { didYouMean } from "../arguments/near-option.ts";
import { UsageError } from "../usage-error.ts";
import type { Column } from "./columns.ts";

/** What `--fields` says: `a,b` shows these, in this order; `-b` leaves out, `+c` adds. `*` is every column. */
export interface Fields {
  readonly only: readonly string[];
  readonly without: readonly string[];
  readonly more: readonly string[];
}

/** @throws {UsageError} */
export function parseFields(text: string): Fields {
  const words = text.split(",").map((word) => word.trim());
  if (words.some((word) => /^[-+]?$/.test(word)))
    throw new UsageError(`--fields: ${JSON.stringify(text)} names an empty column`, "write --fields a,-b,+c");
  const after = (sign: string) => words.filter((word) => word.startsWith(sign)).map((word) => word.slice(1));
  return {
    only: words.filter((word) => !/^[-+]/.test(word)),
    without: after("-"),
    more: after("+"),
  };
}

/** A struct's name stands for all of its members. */
export function columnsNamed(columns: readonly Column[], name: string): readonly Column[] {
  if (name === "*") return columns;
  const exact = columns.filter((column) => column.name === name);
  return exact.length > 0 ? exact : columns.filter((column) => column.name.startsWith(`${name}.`));
}

/** `usual`: what is shown without `--fields`. Columns of other kinds of events are passed over. */
export function applyFields(
  fields: Fields,
  all: readonly Column[],
  usual: readonly Column[],
): readonly Column[] {
  const named = (names: readonly string[]) => names.flatMap((name) => columnsNamed(all, name));
  const base = fields.only.length > 0 ? named(fields.only) : usual;
  const without = new Set(named(fields.without));
  return [...new Set([...base, ...named(fields.more)])].filter((column) => !without.has(column));
}

/** @throws {UsageError} for a name that is a column of none of the kinds */
export function checkColumns(
  option: string,
  names: readonly string[],
  kinds: readonly (readonly Column[])[],
): void {
  for (const name of names) {
    if (kinds.some((columns) => columnsNamed(columns, name).length > 0)) continue;
    const known = [...new Set(kinds.flatMap((columns) => columns.map((column) => column.name)))];
    throw new UsageError(
      `--${option}: there is no column ${JSON.stringify(name)}`,
      didYouMean(name, known) ?? `the columns are ${known.join(", ")}`,
    );
  }
}
