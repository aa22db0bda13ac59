import type { Annotations } from "../annotations.ts";
import type { Column } from "../columns.ts";
import { integerOf } from "../formats/numbers.ts";
import type { ValueType, ValueUnit } from "../profiles/profile.ts";
import type { Shape } from "../shape.ts";
import { entryRecord } from "./entry-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap } from "./sampled-maps.ts";
import type { StackMember } from "./stack-members.ts";
import { COMMANDS, OWNERS } from "./stack-reader.ts";

/** What belongs to a stack besides its frames: the numbers that were counted, and the rest of the key. */
export interface StackColumns {
  readonly types: readonly ValueType[];
  /** Index of the type that a stack is measured by: what the package sorts by, or else the first number of the value. */
  readonly main: number;
  values(entry: Entry): readonly bigint[];
  mainValue(entry: Entry): bigint;
  /** `300 calls`, `1.25ms, count 14`. */
  valueText(entry: Entry): string;
  /** What the key has besides stacks and process: `cpu 3`. */
  othersOfKey(entry: Entry): readonly string[];
}

export function stackColumns(
  { sort, unit, valueFormat }: SampledMap,
  members: readonly StackMember[],
  columns: readonly Column[],
  annotations: Annotations,
  shapes: { readonly value: Shape },
): StackColumns {
  const isStack = ({ path }: Column) => members.some((member) => member.path.join() === path.join());
  const numbers = columns.filter(
    (column) =>
      column.path[0] === "value" &&
      column.shape.kind === "integer" &&
      !column.hidden &&
      !isStack(column) &&
      !OWNERS.includes(column.path.at(-1) ?? ""),
  );
  const word = unit === "(unit)" ? undefined : unit;
  const notes =
    shapes.value.kind === "struct" && shapes.value.name !== undefined
      ? annotations.get(shapes.value.name)?.members
      : undefined;
  const formatOf = ({ path }: Column) =>
    path.length === 1 ? valueFormat : notes?.get(path.at(-1) ?? "")?.format;
  const wanted = sort?.replace(/^[-+]/, "");
  const main = Math.max(
    0,
    numbers.findIndex(({ name }) => name === wanted),
  );
  const numberIn = (entry: Entry) => {
    const record = entryRecord(entry);
    return (column: Column) => BigInt(integerOf(column.value(record) ?? 0) ?? 0);
  };
  const values = (entry: Entry) => (numbers.length === 0 ? [1n] : numbers.map(numberIn(entry)));
  const keys = columns.filter(
    (column) =>
      (column.path[0] === "key" || column.path[0] === "cpu") &&
      !column.hidden &&
      !isStack(column) &&
      ![...OWNERS, ...COMMANDS].includes(column.path.at(-1) ?? ""),
  );
  return {
    main,
    types:
      numbers.length === 0
        ? [{ name: "stacks", unit: "count" }]
        : numbers.map((column) => ({
            name: column.path.length === 1 ? (word ?? "count") : (column.path.at(-1) ?? "count"),
            unit: word === "bytes" && numbers[main] === column ? "bytes" : unitOf(formatOf(column)),
          })),
    values,
    mainValue: (entry) => values(entry)[main] ?? 0n,
    valueText(entry) {
      const record = entryRecord(entry);
      const [first, ...others] = [...numbers.slice(main), ...numbers.slice(0, main)];
      const amount = first === undefined ? "1" : first.text(record).trim();
      return [
        word === undefined ? amount : `${amount} ${word}`,
        ...others
          .filter(({ hidden }) => !hidden)
          .map((column) => `${column.path.at(-1)} ${column.text(record).trim()}`),
      ].join(", ");
    },
    othersOfKey(entry) {
      const record = entryRecord(entry);
      return keys.map((column) => `${column.path.at(-1)} ${column.text(record).trim()}`);
    },
  };
}

const UNITS: Readonly<Record<string, ValueUnit>> = {
  ns: "nanoseconds",
  us: "microseconds",
  ms: "milliseconds",
  s: "seconds",
};

function unitOf(format: string | undefined): ValueUnit {
  const [word, unit = ""] = format?.split(/\s+/) ?? [];
  if (word === "bytes") return "bytes";
  return word === "duration" ? (UNITS[unit] ?? "count") : "count";
}
