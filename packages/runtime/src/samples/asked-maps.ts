import type { MapSpec, ObjectSpec } from "@skep/bpf";
import type { MapMeta, PackageMeta } from "@skep/package";
import { didYouMean } from "../arguments/near-option.ts";
import { UsageError } from "../usage-error.ts";
import { READABLE, SAMPLE_KINDS } from "./sampled-maps.ts";

/** Maps that can be looked at, though the package says of none of them how. */
export function readableMaps({ maps }: ObjectSpec): readonly MapSpec[] {
  return maps.filter(({ data, type }) => data === undefined && READABLE.has(type));
}

/**
 * The package with the maps sampled that `--map NAME[=KIND]` asks for: many programs were written for a loader that reads their
 * maps, and say nothing of it.
 * @throws {UsageError} for maps that are not there, and kinds that do not exist
 */
export function withAskedMaps(spec: ObjectSpec, meta: PackageMeta, asked: readonly string[]): PackageMeta {
  const samples = new Map(asked.map((text) => sampleOf(spec, text)));
  const maps = meta.bpf_skel.maps.map((note): MapMeta => {
    const sample = samples.get(note.name);
    return sample === undefined ? note : { ...note, sample };
  });
  return { ...meta, bpf_skel: { ...meta.bpf_skel, maps } };
}

function sampleOf(spec: ObjectSpec, text: string): [map: string, sample: { readonly type: string }] {
  const [name = "", kind = "default_kv"] = text.split("=");
  const names = readableMaps(spec).map((map) => map.name);
  if (!names.includes(name))
    throw new UsageError(
      `--map: the program has no map ${name} that can be looked at`,
      didYouMean(name, names) ?? (names.length === 0 ? "it has none at all" : `it has ${names.join(", ")}`),
    );
  if (!SAMPLE_KINDS.some((known) => known === kind))
    throw new UsageError(`--map: maps are not shown as ${kind}`, `give ${SAMPLE_KINDS.join(", ")}`);
  return [name, { type: kind }];
}
