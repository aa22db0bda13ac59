import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  type Btf,
  BtfKind,
  type MapSpec,
  NotImplementedError,
  type ObjectSpec,
} from "@skep/bpf";
import type { ExportType, MapMeta, PackageMeta } from "@skep/package";

/** A map whose records are shown, or an iterator, and what they are. */
export interface EventSource {
  /** Of an iterator the program. */
  readonly map: string;
  readonly kind: "ring" | "perf" | "iterator";
  /** BTF ids of the structs that a record may be, in the package's order; empty when nobody said. */
  readonly typeIds: readonly number[];
}

/**
 * Which struct comes out of which buffer. A map's own `export_config` decides; without one, a record is one of the
 * package's exported types (which of several, its size tells).
 * @throws {NotImplementedError} for `custom_members`
 */
export function eventSources(spec: ObjectSpec, meta: PackageMeta): EventSource[] {
  const exported = (meta.export_types ?? []).flatMap((type) => typeIdOf(spec.btf, type) ?? []);
  const buffers = spec.maps.flatMap((map): EventSource[] => {
    const kind = kindOf(map);
    const note = meta.bpf_skel.maps.find(({ name }) => name === map.name);
    if (kind === undefined || note?.export_config === "no_export") return [];
    return [{ map: map.name, kind, typeIds: configuredTypes(note) ?? exported }];
  });
  return [...buffers, ...iteratorsOf(meta)];
}

/** Those that write records; what others write is text. */
function iteratorsOf({ bpf_skel: { progs } }: PackageMeta): EventSource[] {
  return progs.flatMap(({ name, export_type_ids: ids }): EventSource[] => {
    const [typeId] = Array.isArray(ids) ? ids : [];
    return typeof typeId === "number" ? [{ map: name, kind: "iterator", typeIds: [typeId] }] : [];
  });
}

function kindOf(map: MapSpec): EventSource["kind"] | undefined {
  if (map.type === BPF_MAP_TYPE_RINGBUF) return "ring";
  return map.type === BPF_MAP_TYPE_PERF_EVENT_ARRAY ? "perf" : undefined;
}

/** `export_config` has room for one type; a buffer of several lists them all in `export_type_ids`. */
function configuredTypes(note: MapMeta | undefined): readonly number[] | undefined {
  const several = note?.export_type_ids;
  if (Array.isArray(several) && several.length > 0 && several.every((id) => typeof id === "number"))
    return several;
  const config = note?.export_config;
  if (typeof config !== "object" || config === null || Array.isArray(config)) return undefined;
  if ("btf_type_id" in config && typeof config.btf_type_id === "number") return [config.btf_type_id];
  if ("custom_members" in config)
    throw new NotImplementedError(
      `map ${note?.name}: export_config with custom_members cannot be shown`,
      "export a struct instead",
    );
  return undefined;
}

/** The id a package gives, or, should it belong to another build of the object, the struct of that name. */
function typeIdOf(btf: Btf | undefined, type: ExportType): number | undefined {
  if (btf === undefined) return undefined;
  const id = type.type_id;
  if (id > 0 && id < btf.endId && isType(btf, id, type)) return id;
  return btf.find(type.name, BtfKind.Struct) ?? btf.find(type.name, BtfKind.Union);
}

/** A struct without a tag goes by the name of its typedef. */
function isType(btf: Btf, id: number, { name, size }: ExportType): boolean {
  const own = btf.nameOf(id);
  return own === name || (own === "" && btf.kind(id) === BtfKind.Struct && btf.sizeOf(id) === size);
}
