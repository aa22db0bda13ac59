/**
 * Checks a package as strictly as eunomia-bpf's loader does (serde in bpf-loader-lib 0.2.1, `meta/mod.rs`): required fields,
 * their types, the variants of its enums. Fields that it does not know it ignores.
 */
export function validateLikeEunomia(value: unknown): void {
  const root = record(value, "package", ["bpf_object", "bpf_object_size", "meta"]);
  string(root.bpf_object, "bpf_object");
  unsigned(root.bpf_object_size, "bpf_object_size");
  const meta = record(root.meta, "meta", ["bpf_skel"]);
  validateSkeleton(record(meta.bpf_skel, "bpf_skel", ["data_sections", "maps", "obj_name", "progs"]));
  if (meta.export_types !== undefined) list(meta.export_types, "export_types").forEach(validateExportType);
  if (meta.eunomia_version !== undefined) string(meta.eunomia_version, "eunomia_version");
  if (
    meta.enable_multiple_export_types !== undefined &&
    typeof meta.enable_multiple_export_types !== "boolean"
  )
    throw new Error("enable_multiple_export_types");
}

function validateSkeleton(skeleton: Record<string, unknown>): void {
  string(skeleton.obj_name, "obj_name");
  for (const section of list(skeleton.data_sections, "data_sections")) {
    const { name, variables } = record(section, "section", ["name", "variables"]);
    string(name, "section.name");
    for (const variable of list(variables, "variables")) validateVariable(variable);
  }
  for (const map of list(skeleton.maps, "maps")) validateMap(map);
  for (const program of list(skeleton.progs, "progs"))
    validateProgram(record(program, "program", ["name", "attach", "link"]));
  if (skeleton.doc !== undefined)
    for (const [key, text] of Object.entries(record(skeleton.doc, "doc", [])))
      if (["brief", "description", "details", "version"].includes(key)) string(text, `doc.${key}`);
}

function validateVariable(value: unknown): void {
  const variable = record(value, "variable", ["name", "type"]);
  string(variable.name, "variable.name");
  string(variable.type, "variable.type");
  if (variable.description !== undefined) string(variable.description, "variable.description");
  if (variable.cmdarg === undefined) return;
  const { long, short, help } = record(variable.cmdarg, "cmdarg", []);
  for (const text of [long, short, help]) if (text !== undefined) string(text, "cmdarg");
  if (typeof short === "string" && short.length !== 1) throw new Error("cmdarg.short");
}

function validateMap(value: unknown): void {
  const map = record(value, "map", ["ident", "name"]);
  string(map.ident, "map.ident");
  string(map.name, "map.name");
  if (map.mmaped !== undefined) boolean(map.mmaped, "map.mmaped");
  if (map.sample !== undefined) validateSample(record(map.sample, "sample", ["interval"]));
  if (map.intepreter !== undefined) validateInterpreter(map.intepreter);
  const config = map.export_config;
  if (config === undefined || config === "no_export" || config === "default") return;
  const variant = oneKey(config, "export_config", ["btf_type_id", "custom_members"]);
  if (variant.key === "btf_type_id") unsigned(variant.value, "btf_type_id");
  else
    for (const member of list(variant.value, "custom_members")) {
      const { name, offset, btf_type_id } = record(member, "custom member", [
        "name",
        "offset",
        "btf_type_id",
      ]);
      string(name, "custom member.name");
      unsigned(offset, "custom member.offset");
      unsigned(btf_type_id, "custom member.btf_type_id");
    }
}

function validateSample(sample: Record<string, unknown>): void {
  unsigned(sample.interval, "sample.interval");
  if (sample.type !== undefined)
    variantOf(sample.type, "sample.type", ["log2_hist", "linear_hist", "default_kv"]);
  if (sample.unit !== undefined) string(sample.unit, "sample.unit");
  if (sample.clear_map !== undefined) boolean(sample.clear_map, "sample.clear_map");
}

function validateInterpreter(value: unknown): void {
  if (value === "default_struct") return;
  const { value: stack } = oneKey(value, "intepreter", ["stack_trace"]);
  const { field_map: fields, with_symbols: symbols } = record(stack, "stack_trace", [
    "field_map",
    "with_symbols",
  ]);
  for (const name of Object.values(record(fields, "field_map", []))) string(name, "field_map");
  boolean(symbols, "with_symbols");
}

/** What a program of this kind reads of its own annotations, when it is attached. */
function validateProgram(program: Record<string, unknown>): void {
  const { name, attach, link } = program;
  string(name, "program.name");
  string(attach, "program.attach");
  boolean(link, "program.link");
  if (attach === "xdp") {
    for (const key of ["ifindex", "flags"]) if (program[key] !== undefined) unsigned(program[key], key);
    const options = program.xdpopts;
    if (options !== undefined)
      unsigned(record(options, "xdpopts", ["old_prog_fd"]).old_prog_fd, "old_prog_fd");
  }
  if (attach !== "tc") return;
  const hook = record(program.tchook ?? {}, "tchook", []);
  if (hook.ifindex !== undefined) unsigned(hook.ifindex, "tchook.ifindex");
  if (hook.attach_point !== undefined)
    variantOf(hook.attach_point, "attach_point", ["BPF_TC_INGRESS", "BPF_TC_EGRESS", "BPF_TC_CUSTOM"]);
  for (const number of Object.values(record(program.tcopts ?? {}, "tcopts", []))) unsigned(number, "tcopts");
}

function validateExportType(value: unknown): void {
  const type = record(value, "export type", ["members", "name", "size", "type_id"]);
  string(type.name, "export type.name");
  unsigned(type.size, "export type.size");
  unsigned(type.type_id, "export type.type_id");
  for (const member of list(type.members, "members")) {
    const { name, type: text } = record(member, "member", ["name", "type"]);
    string(name, "member.name");
    string(text, "member.type");
  }
}

function record(value: unknown, what: string, keys: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${what} is no object`);
  for (const key of keys) if (!(key in value)) throw new Error(`${what} has no ${key}`);
  return value as Record<string, unknown>;
}
/** The loader of 0.3.4 takes null for a list. */
function list(value: unknown, what: string): readonly unknown[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${what} is no list`);
  return value;
}
function string(value: unknown, what: string): void {
  if (typeof value !== "string") throw new Error(`${what} is no text`);
}
function unsigned(value: unknown, what: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${what} is no unsigned number`);
}
function boolean(value: unknown, what: string): void {
  if (typeof value !== "boolean") throw new Error(`${what} is no bool`);
}
/** An enum without data. */
function variantOf(value: unknown, what: string, variants: readonly string[]): void {
  if (typeof value !== "string" || !variants.includes(value))
    throw new Error(`${what}: unknown variant ${value}`);
}
/** An enum with data: an object of exactly one key. */
function oneKey(value: unknown, what: string, keys: readonly string[]): { key: string; value: unknown } {
  const [first, ...others] = Object.entries(record(value, what, []));
  if (first === undefined || others.length > 0 || !keys.includes(first[0]))
    throw new Error(`${what}: unknown variant ${JSON.stringify(value)}`);
  return { key: first[0], value: first[1] };
}
