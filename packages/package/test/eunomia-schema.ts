/** Checks a package as strictly as eunomia-bpf's loader does: required fields, their types, their variants. */
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
  for (const program of list(skeleton.progs, "progs")) {
    const { name, attach, link } = record(program, "program", ["name", "attach", "link"]);
    string(name, "program.name");
    string(attach, "program.attach");
    if (typeof link !== "boolean") throw new Error("program.link");
  }
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
  if (map.mmaped !== undefined && typeof map.mmaped !== "boolean") throw new Error("map.mmaped");
  if (map.sample !== undefined)
    unsigned(record(map.sample, "sample", ["interval"]).interval, "sample.interval");
  const config = map.export_config;
  if (config === undefined || config === "no_export" || config === "default") return;
  unsigned(record(config, "export_config", ["btf_type_id"]).btf_type_id, "btf_type_id");
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
