import type { BtfEnum } from "../btf/types.ts";

/** An enum value keeps its number; `name` is undefined when no enumerator has it. */
export interface EnumValue {
  readonly name: string | undefined;
  readonly value: number | bigint;
}

/** Longest range of values that is looked up by index instead of by hash. */
const DENSE = 1024;

/** The enumerators of one enum, by value and by name. Each value is one frozen object, shared by all who decode it. */
export class EnumTable {
  /** How messages call the enum. */
  readonly label: string;
  readonly #byName = new Map<string, bigint>();
  readonly #numbers = new Map<number, EnumValue>();
  readonly #bigints = new Map<bigint, EnumValue>();
  readonly #dense: (EnumValue | undefined)[] = [];

  constructor(type: BtfEnum) {
    this.label = type.name === "" ? "enum" : `enum ${type.name}`;
    for (const { name, value } of type.values) {
      if (!this.#byName.has(name)) this.#byName.set(name, value);
      if (this.#bigints.has(value)) continue;
      const number = Number(value);
      const entry = Object.freeze({ name, value: number });
      this.#bigints.set(value, Object.freeze({ name, value }));
      this.#numbers.set(number, entry);
    }
    const values = [...this.#numbers.keys()];
    if (values.every((value) => value >= 0 && value < DENSE))
      for (const [value, entry] of this.#numbers) this.#dense[value] = entry;
  }

  /** Names in order of declaration. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** @returns undefined for a name that is not an enumerator */
  valueOf(name: string): bigint | undefined {
    return this.#byName.get(name);
  }

  ofNumber(value: number): EnumValue {
    return this.#dense[value] ?? this.#numbers.get(value) ?? Object.freeze({ name: undefined, value });
  }

  ofBigint(value: bigint): EnumValue {
    return this.#bigints.get(value) ?? Object.freeze({ name: undefined, value });
  }
}
