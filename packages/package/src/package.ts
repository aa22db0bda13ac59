import type { Json, JsonObject } from "./json.ts";

/**
 * A compiled eBPF program as data: an ELF object and what a runner has to know about it. The names are those of
 * the file format, so that what one reads in a package is what one finds here.
 */
export interface Package {
  /** The ELF object, uncompressed. */
  readonly object: Uint8Array;
  /**
   * The zlib stream `object` was read from. Kept so that a package that is read and written again has the same
   * bytes; left out in packages that are made anew.
   */
  readonly compressed?: Uint8Array;
  readonly meta: PackageMeta;
  /** How the document was written, for writing it the same way as long as `meta` is not replaced. */
  readonly asRead?: AsRead;
  /** Members of the package besides `bpf_object`, `bpf_object_size` and `meta`, as they were read. */
  readonly extra: JsonObject;
}

/** What reading a package evens out: lists that were `null` or empty, the shapes of 2022, a size that was not given. */
export interface AsRead {
  /** The description that was made of `document`. */
  readonly meta: PackageMeta;
  /** `meta` as it stood in the file. */
  readonly document: JsonObject;
  readonly statesSize: boolean;
}

/** `meta`. Every level may carry further keys: they are kept, and readers ignore those they do not know. */
export interface PackageMeta extends JsonObject {
  readonly bpf_skel: Skeleton;
  /** Types of what the program reports. Absent when none was exported. */
  readonly export_types?: readonly ExportType[];
  /** Version of the compiler that wrote the package. */
  readonly eunomia_version?: string;
  /** Each map's own `export_config` says what it holds, instead of `export_types`. */
  readonly enable_multiple_export_types?: boolean;
  /** Longest wait for events, in milliseconds. */
  readonly poll_timeout_ms?: number;
}

/** What the object holds, with the annotations of its source. */
export interface Skeleton extends JsonObject {
  readonly data_sections: readonly DataSectionMeta[];
  /** Empty is written as `null`, as the format's first writer does. */
  readonly maps: readonly MapMeta[];
  /** The object's name, `minimal_bpf`. Kernel names of its data maps begin with its first 8 characters. */
  readonly obj_name: string;
  /** Empty is written as `null`. */
  readonly progs: readonly ProgramMeta[];
  /** About the whole tool, from the doc comment of its license. */
  readonly doc?: JsonObject;
}

export interface DataSectionMeta extends JsonObject {
  /** `.rodata`, `.bss`, `.data.hot`, `.kconfig`. */
  readonly name: string;
  readonly variables: readonly VariableMeta[];
}

export interface VariableMeta extends JsonObject {
  readonly name: string;
  /** C type without `const` and `volatile`: `unsigned int`, `pid_t`, `char[100]`, `struct event *`. */
  readonly type: string;
  readonly description?: Json;
  /** A command-line flag: `{"default", "long", "short", "help"}`. */
  readonly cmdarg?: Json;
}

export interface MapMeta extends JsonObject {
  /** `name`, or the section without its dots for a data section: `rodata`, `rodata_str1_1`. */
  readonly ident: string;
  readonly name: string;
  readonly mmaped?: boolean;
  /** Read this map every `interval` milliseconds and show it. */
  readonly sample?: Json;
  /** `"no_export"`, `"default"`, `{"btf_type_id"}` or `{"custom_members"}`. */
  readonly export_config?: Json;
}

export interface ProgramMeta extends JsonObject {
  /** The SEC() name. */
  readonly attach: string;
  readonly link: boolean;
  readonly name: string;
}

export interface ExportType extends JsonObject {
  readonly members: readonly ExportMember[];
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Id in the object's BTF. */
  readonly type_id: number;
}

export interface ExportMember extends JsonObject {
  readonly name: string;
  /** C type; `composite` for a struct or union, `enum` for an enum that is not behind a typedef. */
  readonly type: string;
}
