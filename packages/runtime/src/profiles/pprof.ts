import { gzipSync } from "node:zlib";
import { Profile as PprofProfile, StringTable } from "pprof-format";
import type { Frame, Profile } from "./profile.ts";

/** Numbers of 64 bits with a sign are what the format has room for. */
const MOST = 2n ** 63n - 1n;

/** A profile for pprof and whatever else reads its format: a gzip stream of a protocol buffer (google/pprof, profile.proto). */
export function pprof(profile: Profile): Uint8Array {
  const strings = new StringTable();
  const text = (words: string | undefined) => strings.dedup(words ?? "");
  const tables = new Tables(text);
  const sample = profile.samples.map(({ frames, values, pid }) => ({
    // The innermost comes first here.
    locationId: frames.map((frame) => tables.location(frame)).reverse(),
    value: values.map((value) => (value > MOST ? MOST : value)),
    label: pid === undefined ? [] : [{ key: text("pid"), num: pid }],
  }));
  const encoded = new PprofProfile({
    sampleType: profile.types.map(({ name, unit }) => ({ type: text(name), unit: text(unit) })),
    sample,
    mapping: tables.mappings,
    location: tables.locations,
    function: tables.functions,
    timeNanos: BigInt(Math.round(profile.begin)) * 1_000_000n,
    durationNanos: BigInt(Math.round(profile.duration)) * 1_000_000n,
    comment: [text(profile.title)],
    defaultSampleType: text(profile.types[profile.main]?.name),
    stringTable: strings,
  }).encode();
  return gzipSync(encoded);
}

/** Ids begin with 1: 0 stands for none. */
class Tables {
  readonly mappings: object[] = [];
  readonly functions: object[] = [];
  readonly locations: object[] = [];
  readonly #ids = new Map<string, number>();
  readonly #text: (words: string | undefined) => number;

  constructor(text: (words: string | undefined) => number) {
    this.#text = text;
  }

  location(frame: Frame): number {
    const { kind, name, module = "", file = "", line = 0 } = frame;
    return this.#add("location", [kind, name, module, file, line], this.locations, (id) => ({
      id,
      mappingId: this.#mapping(frame),
      line: [{ functionId: this.#function(frame), line }],
    }));
  }

  #function({ name, file }: Frame): number {
    return this.#add("function", [name, file ?? ""], this.functions, (id) => ({
      id,
      name: this.#text(name),
      systemName: this.#text(name),
      filename: this.#text(file),
    }));
  }

  #mapping({ kind, module }: Frame): number {
    const filename = module ?? (kind === "kernel" ? "[kernel]" : kind === "jit" ? "[jit]" : undefined);
    if (filename === undefined) return 0;
    return this.#add("mapping", [filename], this.mappings, (id) => ({
      id,
      filename: this.#text(filename),
      hasFunctions: true,
    }));
  }

  #add(table: string, key: readonly (string | number)[], rows: object[], row: (id: number) => object) {
    const name = [table, ...key].join("\0");
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = rows.length + 1;
    this.#ids.set(name, id);
    rows.push({});
    rows[id - 1] = row(id);
    return id;
  }
}
