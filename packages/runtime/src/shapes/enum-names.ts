import type { EnumeratorShape } from "./shape.ts";

/**
 * What people call the values of an enum: C wants names that nobody else has, and so they begin alike. `PER_PROCESS` and
 * `PER_THREAD` are `process` and `thread`. Names that do not all begin with the same word stay as they are.
 */
export function shortNames(values: readonly EnumeratorShape[]): readonly string[] {
  const names = values.map(({ name }) => name);
  const prefix = commonPrefix(names);
  return prefix === "" ? names : names.map((name) => name.slice(prefix.length).toLowerCase());
}

/** The value that a name stands for, in full or in short. */
export function enumeratorNamed(values: readonly EnumeratorShape[], name: string): bigint | undefined {
  const short = shortNames(values).indexOf(name.toLowerCase());
  return (values.find((one) => one.name === name) ?? values[short])?.value;
}

/** The words that all names begin with, with their last underscore; something is left of each. */
function commonPrefix(names: readonly string[]): string {
  const [first = "", ...others] = names;
  if (others.length === 0) return "";
  let end = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, end))) end--;
  const prefix = first.slice(0, first.slice(0, end).lastIndexOf("_") + 1);
  return names.some((name) => name.length === prefix.length) ? "" : prefix;
}
