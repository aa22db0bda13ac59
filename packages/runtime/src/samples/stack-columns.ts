import type { BpfValue } from "@skep/bpf";
import { integerOf } from "../formats/numbers.ts";
import type { Column } from "../output/columns.ts";
import type { ValueType, ValueUnit } from "../profiles/profile.ts";
import type { Annotations } from "../shapes/annotations.ts";
import type { Shape } from "../shapes/shape.ts";
import { entryRecord } from "./entry-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap } from "./sampled-maps.ts";
import type { StackMember } from "./stack-members.ts";
import { COMMANDS, OWNERS } from "./stack-reader.ts";

/** What belongs to a stack besides its frames: the numbers that were counted, and the rest of the key. */
export class StackColumns {
  readonly types: readonly ValueType[];
  /** Index of the type that a stack is measured by: what the package sorts by, or else the first number of the value. */
  readonly main: number;
  readonly #numbers: readonly Column[];
  readonly #keys: readonly Column[];
  /** What is counted, in a word. */
  readonly #unit: string | undefined;

  /** @param value of the map */
  constructor(
    { sort, unit, valueFormat }: SampledMap,
    members: readonly StackMember[],
    columns: readonly Column[],
    annotations: Annotations,
    value: Shape,
  ) {
    const isStack = ({ path }: Column) => members.some((member) => member.path.join() === path.join());
    const shown = columns.filter((column) => !column.hidden && !isStack(column));
    this.#numbers = shown.filter(
      (column) =>
        column.path[0] === "value" && column.shape.kind === "integer" && !OWNERS.includes(memberOf(column)),
    );
    this.#keys = shown.filter(
      (column) =>
        (column.path[0] === "key" || column.path[0] === "cpu") &&
        ![...OWNERS, ...COMMANDS].includes(memberOf(column)),
    );
    const wanted = sort?.replace(/^[-+]/, "");
    this.main = Math.max(
      0,
      this.#numbers.findIndex(({ name }) => name === wanted),
    );
    this.#unit = unit === "(unit)" ? undefined : unit;
    const word = this.#unit;
    const notes =
      value.kind === "struct" && value.name !== undefined ? annotations.get(value.name)?.members : undefined;
    const typeOf = (column: Column, index: number): ValueType => {
      const isWhole = column.path.length === 1;
      const format = isWhole ? valueFormat : notes?.get(memberOf(column))?.format;
      return {
        name: isWhole ? (word ?? "count") : memberOf(column),
        unit: word === "bytes" && index === this.main ? "bytes" : unitOf(format),
      };
    };
    this.types = this.#numbers.length === 0 ? [{ name: "stacks", unit: "count" }] : this.#numbers.map(typeOf);
  }

  /** One for each of the types. */
  values(entry: Entry): readonly bigint[] {
    if (this.#numbers.length === 0) return [1n];
    const record = entryRecord(entry);
    return this.#numbers.map((column) => BigInt(integerOf(column.value(record) ?? 0) ?? 0));
  }

  mainValue(entry: Entry): bigint {
    return this.values(entry)[this.main] ?? 0n;
  }

  /** `300 calls`, `1.25ms, count 14`. */
  valueText(entry: Entry): string {
    const record = entryRecord(entry);
    const [first, ...others] = [...this.#numbers.slice(this.main), ...this.#numbers.slice(0, this.main)];
    const amount = first === undefined ? "1" : first.text(record).trim();
    return [
      this.#unit === undefined ? amount : `${amount} ${this.#unit}`,
      ...others.map((column) => namedText(column, record)),
    ].join(", ");
  }

  /** What the key has besides stacks and process: `cpu 3`. */
  othersOfKey(entry: Entry): readonly string[] {
    const record = entryRecord(entry);
    return this.#keys.map((column) => namedText(column, record));
  }
}

/** The name of the member that a column shows. */
function memberOf({ path }: Column): string {
  return path.at(-1) ?? "";
}

function namedText(column: Column, record: BpfValue): string {
  return `${memberOf(column)} ${column.text(record).trim()}`;
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
