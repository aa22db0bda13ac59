import { type BpfSpec, type BpfValue, type Btf, NotFoundError } from "@skep/bpf";
import { integerOf } from "../formats/numbers.ts";
import type { Annotations } from "./annotations.ts";
import { enumeratorNamed, shortNames } from "./enum-names.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** What `@when` says: `VARIABLE`, `!VARIABLE`, `VARIABLE=VALUE|VALUE`, `VARIABLE!=VALUE`. */
export interface Condition {
  readonly variable: string;
  readonly equal: boolean;
  /** Undefined for a variable that just has to be something: not 0, not empty. */
  readonly values: readonly string[] | undefined;
}

/** Global variables as they will be when the program starts. */
export interface Globals {
  readonly btf: Btf | undefined;
  /** @throws {NotFoundError} */
  get(name: string): BpfValue | Uint8Array;
  /** @throws {NotFoundError} */
  typeId(name: string): number;
}

/** The variables of an object with what has been set so far. */
export function globalsOf({ spec, variables }: BpfSpec): Globals {
  return {
    btf: spec.btf,
    get: (name) => variables.get(name),
    typeId: (name) => variables.place(name).variable.typeId,
  };
}

/** Undefined for what is no condition. */
export function readCondition(text: string): Condition | undefined {
  const [, not, variable, operator, values] = /^(!?)(\w+)(?:(!?=)(\S+))?$/.exec(text.trim()) ?? [];
  if (variable === undefined || (not === "!" && operator !== undefined)) return undefined;
  return { variable, equal: not !== "!" && operator !== "!=", values: values?.split("|") };
}

/** A condition that cannot be read, or names no variable, holds: better too much is shown than too little. */
export function holds(text: string | undefined, globals: Globals): boolean {
  const condition = text === undefined ? undefined : readCondition(text);
  if (condition === undefined) return true;
  try {
    const value = globals.get(condition.variable);
    const met =
      condition.values === undefined
        ? isSomething(value)
        : condition.values.some((wanted) => isCalled(value, wanted, shapeIn(globals, condition.variable)));
    return met === condition.equal;
  } catch (error) {
    if (error instanceof NotFoundError) return true;
    throw error;
  }
}

/** The name of the value that a variable of an enum has, as people say it; undefined when it has none. */
export function enumeratorOf(variable: string, globals: Globals): string | undefined {
  try {
    const shape = shapeIn(globals, variable);
    if (shape?.kind !== "enum") return undefined;
    const value = bigOf(globals.get(variable));
    return shortNames(shape.values)[shape.values.findIndex((one) => one.value === value)];
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Members whose `@when` does not hold become members that are never shown, those whose `@hidden` holds members that are hidden. */
export function withConditions(annotations: Annotations, globals: Globals): Annotations {
  return new Map(
    [...annotations].map(([name, notes]) => {
      const members = [...notes.members].map(([member, note]) => {
        const { when, hiddenWhen } = note;
        const ignore = note.ignore || !holds(when, globals);
        const hidden = note.hidden || (hiddenWhen !== undefined && holds(hiddenWhen, globals));
        return [member, { ...note, ignore, hidden }] as const;
      });
      return [name, { ...notes, members: new Map(members) }];
    }),
  );
}

function shapeIn({ btf, typeId }: Globals, variable: string): Shape | undefined {
  const id = typeId(variable);
  return btf === undefined || id === 0 ? undefined : shapeOf(btf, id);
}

function isSomething(value: BpfValue | Uint8Array): boolean {
  if (value instanceof Uint8Array) return value.some((byte) => byte !== 0);
  return typeof value === "string" ? value !== "" : bigOf(value) !== 0n;
}

function isCalled(value: BpfValue | Uint8Array, wanted: string, shape: Shape | undefined): boolean {
  if (shape?.kind !== "enum") return String(value) === wanted;
  return bigOf(value) === enumeratorNamed(shape.values, wanted);
}

function bigOf(value: BpfValue | Uint8Array): bigint | undefined {
  const integer = value instanceof Uint8Array ? undefined : integerOf(value);
  return integer === undefined ? undefined : BigInt(integer);
}
