import type { BpfValue } from "@skep/bpf";
import { integerOf } from "../formats/numbers.ts";
import type { Column } from "../output/columns.ts";
import { rawText } from "../output/raw-text.ts";
import { UsageError } from "../usage-error.ts";

/** One column of `--sort`. */
export interface SortKey {
  readonly column: string;
  readonly descending: boolean;
}

/** `a,-b`: by a upwards, then by b downwards. @throws {UsageError} */
export function parseSort(text: string): SortKey[] {
  return text.split(",").map((word) => {
    const [, minus = "", column = ""] = /^([-+]?)(.*)$/.exec(word.trim()) ?? [];
    if (column === "")
      throw new UsageError(`--sort: ${JSON.stringify(text)} names an empty column`, "write --sort a,-b");
    return { column, descending: minus === "-" };
  });
}

/** Reads what events of a kind are sorted by; undefined for a column that the kind does not have. */
export function sortValues(
  keys: readonly SortKey[],
  columns: readonly Column[],
): (event: BpfValue) => SortValue[] {
  const found = keys.map(({ column }) => columns.find(({ name }) => name === column));
  return (event) => found.map((column) => column && sortValue(column.value(event)));
}

export type SortValue = number | bigint | string | undefined;

function sortValue(value: BpfValue | null): SortValue {
  if (value === null) return undefined;
  return integerOf(value) ?? (typeof value === "number" ? value : rawText(value));
}

/** Numbers by size, texts by their letters; what has no value comes last. */
export function compareBy(
  keys: readonly SortKey[],
): (a: readonly SortValue[], b: readonly SortValue[]) => number {
  const directions = keys.map(({ descending }) => (descending ? -1 : 1));
  return (a, b) => {
    for (let index = 0; index < directions.length; index++) {
      const [left, right] = [a[index], b[index]];
      if (left === right) continue;
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      if (left < right) return -(directions[index] ?? 1);
      if (left > right) return directions[index] ?? 1;
    }
    return 0;
  };
}
