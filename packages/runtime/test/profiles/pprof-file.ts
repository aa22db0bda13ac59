import { gunzipSync } from "node:zlib";
import { type Field, fieldsOf, varintsOf } from "./protobuf.ts";

/** A pprof file as google/pprof's profile.proto says it is to be read. */
export interface PprofFile {
  readonly types: readonly { readonly type: string; readonly unit: string }[];
  /** The innermost function first. */
  readonly samples: readonly {
    readonly functions: readonly string[];
    /** `app.c:12` of each function, as far as it is known. */
    readonly sources: readonly string[];
    readonly mappings: readonly string[];
    readonly values: readonly number[];
    readonly labels: Readonly<Record<string, number>>;
  }[];
  readonly comments: readonly string[];
  readonly defaultType: string;
  /** Milliseconds since 1970, and milliseconds. */
  readonly begin: number;
  readonly duration: number;
}

type MessageName =
  | "Profile"
  | "ValueType"
  | "Sample"
  | "Label"
  | "Mapping"
  | "Location"
  | "Line"
  | "Function";
type Kind = "int" | "bool" | "text" | "string" | MessageName;
type FieldRule = readonly [name: string, kind: Kind, repeated?: "repeated"];
type Rules = Readonly<Record<number, FieldRule>>;

/** Numbers, names and types of all fields, by https://github.com/google/pprof/blob/main/proto/profile.proto. `text` is an index. */
const MESSAGES: Readonly<Record<MessageName, Rules>> = {
  Profile: {
    1: ["types", "ValueType", "repeated"],
    2: ["samples", "Sample", "repeated"],
    3: ["mappings", "Mapping", "repeated"],
    4: ["locations", "Location", "repeated"],
    5: ["functions", "Function", "repeated"],
    6: ["strings", "string", "repeated"],
    7: ["dropFrames", "text"],
    8: ["keepFrames", "text"],
    9: ["timeNanos", "int"],
    10: ["durationNanos", "int"],
    11: ["periodType", "ValueType"],
    12: ["period", "int"],
    13: ["comments", "text", "repeated"],
    14: ["defaultType", "text"],
  },
  ValueType: { 1: ["type", "text"], 2: ["unit", "text"] },
  Sample: {
    1: ["locations", "int", "repeated"],
    2: ["values", "int", "repeated"],
    3: ["labels", "Label", "repeated"],
  },
  Label: { 1: ["key", "text"], 2: ["str", "text"], 3: ["num", "int"], 4: ["numUnit", "text"] },
  Mapping: {
    1: ["id", "int"],
    2: ["memoryStart", "int"],
    3: ["memoryLimit", "int"],
    4: ["fileOffset", "int"],
    5: ["filename", "text"],
    6: ["buildId", "text"],
    7: ["hasFunctions", "bool"],
    8: ["hasFilenames", "bool"],
    9: ["hasLineNumbers", "bool"],
    10: ["hasInlineFrames", "bool"],
  },
  Location: {
    1: ["id", "int"],
    2: ["mapping", "int"],
    3: ["address", "int"],
    4: ["lines", "Line", "repeated"],
    5: ["isFolded", "bool"],
  },
  Line: { 1: ["function", "int"], 2: ["line", "int"] },
  Function: {
    1: ["id", "int"],
    2: ["name", "text"],
    3: ["systemName", "text"],
    4: ["filename", "text"],
    5: ["startLine", "int"],
  },
};

/** A decoded message: a bigint, a text or a message for each name, and lists of them. */
// biome-ignore lint/suspicious/noExplicitAny: what is in it is checked where it is read
type Message = Record<string, any>;

/**
 * Checks all that the format asks for: one gzip stream, no fields but its own, each of its type and as often as it may be, all
 * references to rows and texts, ids that are unique and not 0, a value for each type, a label with a number or a text.
 * @throws what is wrong
 */
export function readPprof(file: Uint8Array): PprofFile {
  const bytes = gunzipSync(file);
  const strings = fieldsOf(bytes)
    .filter(({ number }) => number === 6)
    .map(({ value }) => new TextDecoder("utf8", { fatal: true }).decode(value as Uint8Array));
  check(strings[0] === "", "the first text is not empty");
  check(new Set(strings).size === strings.length, "a text is there twice");
  const profile = decode("Profile", bytes, strings);
  const row = (table: string) => {
    const rows = new Map<bigint, Message>(profile[table].map((one: Message) => [one.id, one]));
    check(rows.size === profile[table].length && !rows.has(0n), `ids of ${table} are not unique, or 0`);
    return (id: bigint): Message => rows.get(id) ?? fail(`${table} has no row ${id}`);
  };
  const [mapping, location, func] = [row("mappings"), row("locations"), row("functions")];
  for (const one of profile.functions as Message[]) check(one.name !== "", "a function has no name");
  for (const { type, unit } of profile.types as Message[])
    check(type !== "" && unit !== "", "a type of values has no name or no unit");
  const { defaultType } = profile;
  check(
    profile.types.some(({ type }: Message) => type === defaultType),
    `there is no type ${defaultType}`,
  );
  return {
    types: profile.types,
    comments: profile.comments,
    defaultType,
    begin: Number(profile.timeNanos / 1_000_000n),
    duration: Number(profile.durationNanos / 1_000_000n),
    samples: profile.samples.map(({ locations, values, labels }: Message) => {
      check(values.length === profile.types.length, "a sample has not one value for each type");
      const frames = locations.map(location) as Message[];
      const lines = frames.flatMap(({ lines }) => lines as Message[]);
      check(lines.length === frames.length, "a location has not one line");
      return {
        values: values.map(Number),
        labels: Object.fromEntries(labels.map(labelOf)),
        mappings: frames.map(({ mapping: id }) => (id === 0n ? "" : mapping(id).filename)),
        functions: lines.map((line) => func(line.function).name),
        sources: lines.map((line) => `${func(line.function).filename}:${line.line}`),
      };
    }),
  };
}

function labelOf({ key, str, num, numUnit }: Message): [string, number] {
  check(key !== "" && (str === "" || num === 0n) && (numUnit === "" || num !== 0n), `label ${key} is none`);
  return [key, Number(num)];
}

function decode(name: MessageName, bytes: Uint8Array, strings: readonly string[]): Message {
  const rules = MESSAGES[name];
  const message: Message = {};
  for (const [field, kind, repeated] of Object.values(rules))
    message[field] = repeated
      ? []
      : kind === "int"
        ? 0n
        : kind === "text"
          ? ""
          : kind === "bool"
            ? false
            : undefined;
  const seen = new Set<number>();
  for (const field of fieldsOf(bytes)) {
    const [member, kind, repeated] = rules[field.number] ?? fail(`${name} has no field ${field.number}`);
    const values = valuesOf(field, kind, strings);
    if (repeated) message[member].push(...values);
    else {
      check(!seen.has(field.number) && values.length === 1, `${name}.${member} is there twice`);
      message[member] = values[0];
    }
    seen.add(field.number);
  }
  return message;
}

/** Of numbers that are packed there are several. */
function valuesOf({ number, value }: Field, kind: Kind, strings: readonly string[]): unknown[] {
  if (kind === "int" || kind === "bool" || kind === "text") {
    const numbers = value instanceof Uint8Array ? varintsOf(value) : [value];
    return numbers.map((one) => {
      if (kind === "int") return BigInt.asIntN(64, one);
      if (kind === "bool") return one < 2n ? one === 1n : fail(`${one} is neither true nor false`);
      return strings[Number(one)] ?? fail(`there is no text ${one}`);
    });
  }
  if (!(value instanceof Uint8Array)) return fail(`field ${number} is a number`);
  return [kind === "string" ? new TextDecoder().decode(value) : decode(kind, value, strings)];
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) fail(otherwise);
}

function fail(why: string): never {
  throw new Error(why);
}
