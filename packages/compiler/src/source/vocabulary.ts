import { isJsonObject, type Json, type JsonObject, readView } from "@skep/package";
import { type Annotation, PROSE } from "./annotations.ts";
import { didYouMean, nearWord } from "./near-word.ts";

/** What a comment can be about. */
export type Place = "license" | "variable" | "map" | "program" | "struct" | "member";

/** What is wrong with a value, in words; undefined when nothing is. */
type Check = (value: Json, place: Place) => string | undefined;

interface Word {
  /** Where it means something. */
  readonly places: readonly Place[];
  readonly check: Check;
}

const ALL: readonly Place[] = ["license", "variable", "map", "program", "struct", "member"];

/** What a value is, told to somebody who wrote another. */
const text: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : `wants text, not ${show(value)}`;
const switchedOn: Check = (value) =>
  typeof value === "boolean" ? undefined : `stands alone, without ${show(value)}`;
const number: Check = (value) =>
  typeof value === "number" && Number.isSafeInteger(value)
    ? undefined
    : `wants a whole number, not ${show(value)}`;
const anything: Check = () => undefined;
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && words.includes(value)
      ? undefined
      : `wants one of ${words.join(", ")}, not ${show(value)}${didYouMean(String(value), words)}`;
/** An object with keys of these; what the keys hold is checked where a check is given. */
const object =
  (keys: Readonly<Record<string, Check>>): Check =>
  (value, place) => {
    if (!isJsonObject(value)) return `wants a JSON object, not ${show(value)}`;
    for (const [key, member] of Object.entries(value)) {
      const check = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (check === undefined)
        return `has no key ${JSON.stringify(key)}${didYouMean(key, Object.keys(keys))}; it has ${Object.keys(keys).join(", ")}`;
      const problem = member === undefined ? undefined : check(member, place);
      if (problem !== undefined) return `${key} ${problem}`;
    }
    return undefined;
  };

const letter: Check = (value) =>
  typeof value === "string" && value.length === 1 ? undefined : `wants one letter, not ${show(value)}`;
const flagOfVariable = { long: text, short: letter, default: anything, help: text };
const cmdarg: Check = (value, place) =>
  object(place === "map" ? { ...flagOfVariable, enables: text } : flagOfVariable)(value, place);

/** On global variables; the runner reads it the same way (runtime, conditions.ts). */
const condition: Check = (value) =>
  typeof value === "string" && /^(?:!\w+|\w+(?:!?=\S+)?)$/.test(value)
    ? undefined
    : `wants VARIABLE, !VARIABLE or VARIABLE=VALUE|VALUE, not ${show(value)}`;

const hidden: Check = (value, place) => (value === true ? undefined : condition(value, place));

/** `name = left / right as format`, several with commas (runtime, computed.ts). */
const computed: Check = (value) =>
  typeof value === "string" &&
  value.split(",").every((part) => /^\s*\w+\s*=\s*\w+\s*[-+/]\s*\w+(?:\s+as\s+\S.*)?$/.test(part))
    ? undefined
    : `wants NAME = MEMBER / MEMBER as FORMAT, not ${show(value)}`;

const SAMPLE_TYPES = ["log2_hist", "linear_hist", "default_kv", "top", "stacks"];
const sample = object({
  interval: number,
  type: oneOf(...SAMPLE_TYPES),
  show: oneOf(...SAMPLE_TYPES),
  unit: text,
  unit_from: text,
  percentiles: anything,
  when: condition,
  clear_map: switchedOn,
  clear: switchedOn,
  step: anything,
  min: anything,
  sort: text,
  rows: number,
  stack_map: text,
  per_cpu: switchedOn,
  once: switchedOn,
  older: text,
  since: text,
  group: switchedOn,
});

const exportConfig: Check = (value, place) => {
  if (value === "default" || value === "no_export") return undefined;
  return object({ btf_type_id: number, custom_members: anything })(value, place);
};

const interpreter: Check = (value, place) =>
  value === "default_struct"
    ? undefined
    : object({ stack_trace: object({ field_map: anything, with_symbols: switchedOn }) })(value, place);

const attachTo: Check = (value, place) => {
  if (value === false) return undefined;
  const keys = "interface cgroup pid binary function usdt frequency event".split(" ");
  return object(Object.fromEntries(keys.map((key) => [key, anything])))(value, place);
};

/** First words of `@format`. */
export const FORMATS: readonly string[] = [
  "boolean bytes cgroup char comm command duration enum errno exit flags hex ip ksym mac mode octal percent port result",
  "signal stack string syscall timestamp uid",
].flatMap((line) => line.split(" "));
const format: Check = (value, place) => {
  const problem = text(value, place);
  if (problem !== undefined) return problem;
  const words = String(value).split(/\s+/);
  const word = (place === "map" && words[0] === "key" ? words[1] : words[0]) ?? "";
  return FORMATS.includes(word)
    ? undefined
    : `knows no ${JSON.stringify(word)}${didYouMean(word, FORMATS)}; it knows ${FORMATS.join(", ")}`;
};

const group: Check = (value, place) =>
  text(value, place) ??
  (/^[^\s/]+(\/[^\s/]+)?$/.test(String(value)) ? undefined : `wants GROUP or GROUP/RUNG, not ${show(value)}`);

const view: Check = (value) => {
  const read = readView(String(value));
  return "problem" in read ? read.problem : undefined;
};

/** `@export` names a struct before a map, and stands alone before a struct. */
const exported: Check = (value, place) => (place === "map" ? text(value, place) : switchedOn(value, place));

const WORDS: Readonly<Record<string, Word>> = {
  attach: { places: ["program"], check: attachTo },
  cmdarg: { places: ["variable", "map"], check: cmdarg },
  computed: { places: ["struct"], check: computed },
  command: { places: ["variable"], check: switchedOn },
  description: { places: ALL, check: anything },
  export: { places: ["map", "struct"], check: exported },
  export_config: { places: ["map"], check: exportConfig },
  filter: { places: ["variable"], check: oneOf("pid", "tid", "comm", "uid", "cgroup") },
  flags: { places: ["program"], check: number },
  format: { places: ["member", "variable", "map"], check: format },
  hidden: { places: ["member"], check: hidden },
  ifindex: { places: ["program"], check: number },
  ignore: { places: ["variable", "map", "struct", "member"], check: switchedOn },
  intepreter: { places: ["map"], check: interpreter },
  interpreter: { places: ["map"], check: interpreter },
  kind: { places: ["struct"], check: text },
  none: { places: ["member"], check: number },
  "one-of": { places: ["program"], check: group },
  optional: { places: ["program"], check: switchedOn },
  processes: { places: ["map"], check: switchedOn },
  sample: { places: ["map"], check: sample },
  tchook: {
    places: ["program"],
    check: object({
      ifindex: number,
      attach_point: oneOf("BPF_TC_INGRESS", "BPF_TC_EGRESS", "BPF_TC_CUSTOM"),
    }),
  },
  tcopts: { places: ["program"], check: object({ handle: number, priority: number }) },
  text_in: { places: ["member"], check: text },
  texts_in: { places: ["member"], check: text },
  value: { places: ["variable"], check: anything },
  view: { places: ["struct"], check: view },
  when: { places: ["member", "program"], check: condition },
  xdpopts: { places: ["program"], check: object({ old_prog_fd: number }) },
};

const PLACE_NAMES: Readonly<Record<Place, string>> = {
  license: "the license",
  variable: "a variable",
  map: "a map",
  program: "a program",
  struct: "a struct",
  member: "a member of a struct",
};

/** A remark on a line of a source. */
export interface Remark {
  readonly line: number;
  readonly text: string;
}

/** What is wrong with annotations that stand at a place. */
export function checkAnnotations(annotations: readonly Annotation[], place: Place): Remark[] {
  return annotations.flatMap(({ word, value, line }) => {
    const problem = problemOf(word, value, place);
    return problem === undefined ? [] : [{ line, text: problem }];
  });
}

function problemOf(word: string, value: Json, place: Place): string | undefined {
  if (PROSE.has(word)) return undefined;
  const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (known === undefined) {
    const near = nearWord(word, [...Object.keys(WORDS), "brief", "details", "version", "note"]);
    return near === undefined
      ? `unknown annotation @${word}: it is copied, but nothing reads it`
      : `unknown annotation @${word}: did you mean @${near}?`;
  }
  if (!known.places.includes(place)) return misplaced(word, known, `before ${PLACE_NAMES[place]}`);
  const problem = known.check(value, place);
  return problem === undefined ? undefined : `@${word} ${problem}`;
}

/** Whether a word means something at a place. */
export function isWordOf(word: string, place: Place): boolean {
  return PROSE.has(word) || (Object.hasOwn(WORDS, word) && (WORDS[word]?.places.includes(place) ?? false));
}

/** Annotations in a comment that describes nothing of the package: ordinary documentation is none of our business. */
export function checkStray(annotations: readonly Annotation[], where: string): Remark[] {
  return annotations.flatMap(({ word, line, named }) => {
    const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (known === undefined || !named || word === "description") return [];
    return [{ line, text: misplaced(word, known, where) }];
  });
}

function misplaced(word: string, known: Word, where: string): string {
  return `@${word} has no effect ${where}: it belongs before ${known.places.map((place) => PLACE_NAMES[place]).join(" or ")}`;
}

/** The annotations as entries of the package. */
export function entriesOf(annotations: readonly Annotation[], place: Place): JsonObject {
  const entries: Record<string, Json> = {};
  for (const { word, value } of annotations) {
    if (word === "interpreter") entries.intepreter = value;
    // A program's `attach` is its section already.
    else if (word === "attach") entries.attach_to = value;
    else if (place === "map" && word === "sample") entries.sample = readableSample(value);
    else if (place === "map" && word === "ignore" && value === true) entries.export_config = "no_export";
    else if (word === "processes") Object.assign(entries, { processes: value, export_config: "no_export" });
    else entries[word] = value;
  }
  return entries;
}

/** Whether annotations say more than documentation does, which stays out of the descriptions of structs. */
export function saysMore(annotations: readonly Annotation[]): boolean {
  return annotations.some(({ word, named }) => named && !PROSE.has(word));
}

/** Older readers want an interval, know three types, and refuse a fourth: `show` has what they need not know. */
function readableSample(value: Json): Json {
  if (!isJsonObject(value)) return value;
  const { clear, type, ...rest } = value;
  return {
    interval: 1000,
    ...(clear === undefined ? {} : { clear_map: clear }),
    ...(type === "top" || type === "stacks"
      ? { type: "default_kv", show: type }
      : type === undefined
        ? {}
        : { type }),
    ...rest,
  };
}

function show(value: Json): string {
  return value === true ? "nothing" : JSON.stringify(value);
}
