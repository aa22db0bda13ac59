import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_STACK_TRACE,
  MalformedError,
  type MapSpec,
  mapTypeName,
  NotFoundError,
  type ObjectSpec,
} from "@skep/bpf";
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  type MapMeta,
  type PackageMeta,
  WholeFloat,
} from "@skep/package";
import { enumeratorOf, type Globals, holds } from "../shapes/conditions.ts";
import { noteText } from "../shapes/note-text.ts";

/** The ways to show a map that is read every interval. */
export const SAMPLE_KINDS = ["log2_hist", "linear_hist", "default_kv", "top", "stacks"] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

/** Whether entries are counts by bucket. */
export function isHistogram(kind: SampleKind): boolean {
  return kind === "log2_hist" || kind === "linear_hist";
}

/** A map that is read every interval and shown: its `@sample`, checked, with defaults in place. */
export interface SampledMap {
  readonly map: MapSpec;
  readonly show: SampleKind;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly unit: string;
  /** The global variable, of an enum, whose value is the unit instead. */
  readonly unitFrom: string | undefined;
  /** A condition on global variables, without which the map is not shown. */
  readonly when: string | undefined;
  /** Of a histogram: below how much so many percent of the values lie. */
  readonly percentiles: readonly number[];
  /** Each look shows what came since the last one, and entries are taken out of the map. */
  readonly clear: boolean;
  /** Of a linear histogram: slot `i` counts values from `min + i * step`. */
  readonly min: bigint;
  readonly step: bigint;
  /** A column, `-column` for the largest first; undefined for the default of the kind. */
  readonly sort: string | undefined;
  /** Most entries to show. */
  readonly rows: number | undefined;
  /** The map that stack ids point into: a BPF_MAP_TYPE_STACK_TRACE, or a hash that the program fills itself. */
  readonly stackMap: string | undefined;
  /** A row for each CPU in place of the sum. */
  readonly perCpu: boolean;
  /** Entries that led through the same functions are shown as one. */
  readonly group: boolean;
  /** The member that says since when an entry is there, in nanoseconds since boot. */
  readonly since: string | undefined;
  /** The global variable that says how old an entry must be to be shown, in nanoseconds. */
  readonly olderFrom: string | undefined;
  /** Its value. */
  readonly older: bigint;
  /** Shown once, at the end, unless the command line names an interval. */
  readonly once: boolean;
  /** `@format` of a key and of a value that are no structs. */
  readonly keyFormat: string | undefined;
  readonly valueFormat: string | undefined;
}

const DEFAULT_INTERVAL = 1000;
/** setInterval's largest delay, 24 days. */
const LONGEST_INTERVAL = 2 ** 31 - 1;
const ROWS_OF_TOP = 20;

/** Maps with entries that can be read one by one. */
export const READABLE: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_LPM_TRIE,
]);
/** Maps in which a program may keep stacks itself. */
const HASHES: ReadonlySet<number> = new Set([BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH]);

/**
 * The maps of a package that are shown by looking at them.
 * @throws {MalformedError} for a `sample` that nobody could mean
 * @throws {NotFoundError} when the object has no such map, or no stack map where one is needed
 */
export function sampledMaps(spec: ObjectSpec, meta: PackageMeta): SampledMap[] {
  return meta.bpf_skel.maps.flatMap((note): SampledMap[] => {
    const { sample } = note;
    if (sample === undefined || sample === null || sample === false) return [];
    if (!isJsonObject(sample)) throw broken(note.name, `is ${shown(sample)}`, "write it as an object");
    return [sampledMap(mapNamed(spec, note.name), sample, note, spec)];
  });
}

function sampledMap(map: MapSpec, sample: JsonObject, note: MapMeta, spec: ObjectSpec): SampledMap {
  if (!READABLE.has(map.type))
    throw broken(
      map.name,
      `cannot work for a ${mapTypeName(map.type)}`,
      "sample a hash, an array, or their per-CPU or LRU forms",
    );
  const show = showOf(map.name, sample);
  const formats = typeof note.format === "string" ? formatsOf(note.format) : {};
  return {
    map,
    show,
    interval: wholeOf(map.name, sample, "interval", 1, LONGEST_INTERVAL) ?? DEFAULT_INTERVAL,
    unit: typeof sample.unit === "string" ? sample.unit : "(unit)",
    unitFrom: noteText(sample.unit_from),
    when: noteText(sample.when),
    percentiles: percentilesOf(map.name, sample.percentiles),
    clear: sample.clear_map === true || sample.clear === true,
    min: BigInt(wholeOf(map.name, sample, "min", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? 0),
    step: BigInt(wholeOf(map.name, sample, "step", 1, Number.MAX_SAFE_INTEGER) ?? 1),
    sort: noteText(sample.sort),
    rows: wholeOf(map.name, sample, "rows", 1, 1_000_000) ?? (show === "top" ? ROWS_OF_TOP : undefined),
    stackMap: show === "stacks" ? stackMapOf(map.name, sample, spec) : undefined,
    perCpu: sample.per_cpu === true,
    once: sample.once === true,
    group: sample.group === true,
    since: noteText(sample.since),
    olderFrom: noteText(sample.older),
    older: 0n,
    keyFormat: formats.key,
    valueFormat: formats.value,
  };
}

/** Readers of old know three types; `show` stands beside such a type and says which of the others it is. */
function showOf(map: string, { show, type }: JsonObject): SampleKind {
  const word = show ?? type ?? "default_kv";
  const kind = SAMPLE_KINDS.find((candidate) => candidate === word);
  if (kind !== undefined) return kind;
  throw broken(map, `has the type ${shown(word)}`, `give ${SAMPLE_KINDS.join(", ")}`);
}

function wholeOf(map: string, sample: JsonObject, key: string, least: number, most: number) {
  const value: Json | undefined = sample[key];
  if (value === undefined || value === null) return undefined;
  const number = value instanceof WholeFloat ? value.value : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most)
    return number;
  throw broken(map, `has the ${key} ${shown(value)}`, `give a whole number from ${least} to ${most}`);
}

function percentilesOf(map: string, list: Json | undefined): readonly number[] {
  if (list === undefined || list === null) return [];
  const numbers = (isJsonArray(list) ? list : [list]).map((value) =>
    value instanceof WholeFloat ? value.value : value,
  );
  if (numbers.every((one): one is number => typeof one === "number" && one > 0 && one <= 100)) return numbers;
  throw broken(map, `has the percentiles ${shown(list)}`, "give numbers above 0, at most 100: [50, 99]");
}

/** The maps that are shown with these values of global variables. */
export function withGlobals(sampled: readonly SampledMap[], globals: Globals): SampledMap[] {
  return sampled
    .filter(({ when }) => holds(when, globals))
    .map((one) => ({
      ...one,
      unit: (one.unitFrom === undefined ? undefined : enumeratorOf(one.unitFrom, globals)) ?? one.unit,
      older: one.olderFrom === undefined ? 0n : integerIn(globals, one.olderFrom),
    }));
}

function integerIn(globals: Globals, name: string): bigint {
  const value = globals.get(name);
  return typeof value === "bigint" || typeof value === "number" ? BigInt(value) : 0n;
}

/** `key ip`, `bytes`, or both: `bytes key ip`. */
function formatsOf(text: string): { readonly key?: string; readonly value?: string } {
  const [value = "", key] = text.split(/(?:^|\s+)key\s+/);
  return { ...(key ? { key } : {}), ...(value ? { value } : {}) };
}

/** The map that stack ids point into; undefined when the object has none: then keys hold the addresses themselves. */
function stackMapOf(map: string, sample: JsonObject, spec: ObjectSpec): string | undefined {
  const stackMaps = spec.maps.filter(({ type }) => type === BPF_MAP_TYPE_STACK_TRACE).map(({ name }) => name);
  const named = sample.stack_map;
  const hash = spec.maps.some(({ name, type }) => name === named && HASHES.has(type));
  if (typeof named === "string" && !hash && !stackMaps.includes(named))
    throw new NotFoundError(
      `@sample of map ${map}: there is no stack map ${JSON.stringify(named)}`,
      stackMaps.length === 0
        ? "the object has no map of type BPF_MAP_TYPE_STACK_TRACE"
        : `there is ${stackMaps.join(", ")}`,
    );
  if (typeof named === "string") return named;
  if (stackMaps.length > 1)
    throw broken(map, `does not say which of ${stackMaps.join(", ")} holds its stacks`, "add stack_map");
  return stackMaps[0];
}

function mapNamed(spec: ObjectSpec, name: string): MapSpec {
  const map = spec.maps.find((candidate) => candidate.name === name);
  if (map !== undefined) return map;
  throw new NotFoundError(
    `the package samples map ${name}, which its object does not have`,
    "compile it again",
  );
}

function broken(map: string, what: string, next: string): MalformedError {
  return new MalformedError(`@sample of map ${map} ${what}`, next);
}

function shown(value: Json): string {
  const text = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? Number(part) : part));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
