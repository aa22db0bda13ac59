import { gunzipSync } from "node:zlib";
import { bytesOf, fieldsOf, numbersOf } from "./protobuf.ts";

/** A pprof file as google/pprof's profile.proto says it is to be read. */
export interface PprofFile {
  readonly types: readonly { readonly type: string; readonly unit: string }[];
  /** The innermost function first. */
  readonly samples: readonly {
    readonly functions: readonly string[];
    readonly mappings: readonly string[];
    readonly values: readonly number[];
    readonly labels: Readonly<Record<string, number>>;
  }[];
  readonly comments: readonly string[];
  readonly defaultType: string;
}

/** Checks every reference: ids are unique and not 0, indexes are in the table of texts, which begins with an empty one. */
export function readPprof(file: Uint8Array): PprofFile {
  const profile = fieldsOf(gunzipSync(file));
  const strings = bytesOf(profile, 6).map((text) => new TextDecoder("utf8", { fatal: true }).decode(text));
  if (strings[0] !== "") throw new Error("the first text is not empty");
  const text = (index = 0) => {
    const found = strings[index];
    if (found === undefined) throw new Error(`there is no text ${index}`);
    return found;
  };
  const table = (number: number) => {
    const rows = bytesOf(profile, number).map((bytes) => fieldsOf(bytes));
    const byId = new Map(rows.map((row) => [numbersOf(row, 1)[0] ?? 0, row]));
    if (byId.size !== rows.length || byId.has(0)) throw new Error(`ids of field ${number} are not unique`);
    return (id: number) => {
      const row = byId.get(id);
      if (row === undefined) throw new Error(`field ${number} has no row ${id}`);
      return row;
    };
  };
  const [mapping, location, func] = [table(3), table(4), table(5)];
  const types = bytesOf(profile, 1).map((bytes) => {
    const fields = fieldsOf(bytes);
    return { type: text(numbersOf(fields, 1)[0]), unit: text(numbersOf(fields, 2)[0]) };
  });
  return {
    types,
    comments: numbersOf(profile, 13).map(text),
    defaultType: text(numbersOf(profile, 14)[0]),
    samples: bytesOf(profile, 2).map((bytes) => {
      const sample = fieldsOf(bytes);
      const locations = numbersOf(sample, 1).map(location);
      const values = numbersOf(sample, 2);
      if (values.length !== types.length) throw new Error("a sample has not one value for each type");
      const labels = bytesOf(sample, 3).map((label) => fieldsOf(label));
      return {
        values,
        labels: Object.fromEntries(
          labels.map((label) => [text(numbersOf(label, 1)[0]), numbersOf(label, 3)[0] ?? 0]),
        ),
        mappings: locations.map((row) => {
          const [id = 0] = numbersOf(row, 2);
          return id === 0 ? "" : text(numbersOf(mapping(id), 5)[0]);
        }),
        functions: locations.flatMap((row) =>
          bytesOf(row, 4).map((line) => text(numbersOf(func(numbersOf(fieldsOf(line), 1)[0] ?? 0), 2)[0])),
        ),
      };
    }),
  };
}
