import type { ObjectSpec } from "@skep/bpf";
import type { ExportType, MapMeta, PackageMeta, Skeleton } from "@skep/package";
import { isBuffer } from "./export-types.ts";

/**
 * Writes down which types each buffer holds. One buffer of the first exported type needs no more than
 * `export_types`, and is written as the format's first compiler does; otherwise every map says it itself.
 */
export function describeExports(
  skeleton: Skeleton,
  exportTypes: readonly ExportType[],
  perMap: ReadonlyMap<string, readonly number[]>,
  spec: ObjectSpec,
): PackageMeta {
  const types = exportTypes.length === 0 ? {} : { export_types: exportTypes };
  const buffers = spec.maps.filter(isBuffer).map(({ name }) => name);
  const ids = exportTypes.map(({ type_id }) => type_id);
  const silent = skeleton.maps.some(({ export_config }) => export_config !== undefined);
  const [held] = [...perMap.values()];
  // Readers of one type take the first, those of several try all of them.
  const plain = buffers.length < 2 && (held === undefined || held[0] === ids[0]);
  if (!silent && (plain || perMap.size === 0)) return { bpf_skel: skeleton, ...types };
  const maps = skeleton.maps.map((map) => withConfig(map, perMap.get(map.name) ?? []));
  return { bpf_skel: { ...skeleton, maps }, ...types, enable_multiple_export_types: true };
}

/**
 * A sampled map without a word of its own would be left out by readers in this mode. `export_config` has room for one type;
 * a buffer of several says the others in `export_type_ids`.
 */
function withConfig(map: MapMeta, typeIds: readonly number[]): MapMeta {
  if (map.export_config !== undefined) return map;
  const [first, ...others] = typeIds;
  if (first === undefined) return map.sample === undefined ? map : { ...map, export_config: "default" };
  const config = { ...map, export_config: { btf_type_id: first } };
  return others.length === 0 ? config : { ...config, export_type_ids: typeIds };
}

/** Iterators have no map that could say what is read from them: the program itself does. */
export function withIterated(skeleton: Skeleton, typeId: number | undefined): Skeleton {
  if (typeId === undefined) return skeleton;
  const progs = skeleton.progs.map((program) =>
    /^iter[./]/.test(program.attach) ? { ...program, export_type_ids: [typeId] } : program,
  );
  return { ...skeleton, progs };
}
