import type { ObjectSpec } from "@skep/bpf";
import type { ExportType, MapMeta, PackageMeta, Skeleton } from "@skep/package";
import { isBuffer } from "./export-types.ts";

/**
 * Writes down which type each buffer holds. One buffer of the first exported type needs no more than
 * `export_types`, and is written as the format's first compiler does; otherwise every map says it itself.
 */
export function describeExports(
  skeleton: Skeleton,
  exportTypes: readonly ExportType[],
  perMap: ReadonlyMap<string, number>,
  spec: ObjectSpec,
): PackageMeta {
  const types = exportTypes.length === 0 ? {} : { export_types: exportTypes };
  const buffers = spec.maps.filter(isBuffer).map(({ name }) => name);
  const first = exportTypes[0]?.type_id;
  const plain = buffers.length < 2 && [...perMap.values()].every((id) => id === first);
  if (plain || perMap.size === 0) return { bpf_skel: skeleton, ...types };
  const maps = skeleton.maps.map((map) => withConfig(map, perMap.get(map.name)));
  return { bpf_skel: { ...skeleton, maps }, ...types, enable_multiple_export_types: true };
}

/** A sampled map without a word of its own would be left out by readers in this mode. */
function withConfig(map: MapMeta, typeId: number | undefined): MapMeta {
  if (map.export_config !== undefined) return map;
  if (typeId !== undefined) return { ...map, export_config: { btf_type_id: typeId } };
  return map.sample === undefined ? map : { ...map, export_config: "default" };
}
