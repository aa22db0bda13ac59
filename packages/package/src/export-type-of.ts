import { isJsonObject } from "./json.ts";
import type { MapMeta, PackageMeta } from "./package.ts";

/**
 * The BTF type of what a ring or perf buffer of this package holds: the map's own `export_config` when it names
 * one, else the first of `export_types`. Undefined when the package does not say.
 */
export function exportTypeOf(meta: PackageMeta, map: MapMeta): number | undefined {
  const config = map.export_config;
  if (config === "no_export") return undefined;
  const id = isJsonObject(config) ? config.btf_type_id : undefined;
  if (typeof id === "number") return id;
  return meta.enable_multiple_export_types === true ? undefined : meta.export_types?.[0]?.type_id;
}
