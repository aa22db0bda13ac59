import { inflateSync } from "node:zlib";
import { MalformedError } from "@skep/bpf";
import { isJsonArray, isJsonObject, type Json, type JsonObject, parseJson } from "./json.ts";
import type {
  DataSectionMeta,
  ExportMember,
  ExportType,
  MapMeta,
  Package,
  PackageMeta,
  ProgramMeta,
  Skeleton,
  VariableMeta,
} from "./package.ts";

export interface PackageLimits {
  /** Bytes of the package file. Default 64 MiB. */
  readonly maxPackageBytes?: number;
  /** Bytes of the object once uncompressed. Default 64 MiB. */
  readonly maxObjectBytes?: number;
}

const MEBIBYTE = 1024 * 1024;
const REBUILD = "compile the package again with ecc";

/**
 * Reads a package as `ecc` writes it, from 2022 on: lists that are `null`, a missing `bpf_object_size`, the
 * `export_types` object of 2022. What it does not know it keeps. The input may be anything: every size is bounded.
 * @throws {MalformedError}
 */
export function readPackage(bytes: Uint8Array, limits: PackageLimits = {}): Package {
  return packageOf(
    parseJson(bytes, "package", { maxBytes: limits.maxPackageBytes ?? 64 * MEBIBYTE }),
    limits,
  );
}

/** As `readPackage`, for a document that is parsed already. @throws {MalformedError} */
export function packageOf(json: Json, limits: PackageLimits = {}): Package {
  const root = object(json, "package");
  const { bpf_object: encoded, bpf_object_size: size, meta, ...extra } = root;
  if (typeof encoded !== "string")
    throw new MalformedError(
      "package has no bpf_object: this is some other file",
      "give a package written by ecc",
    );
  const compressed = decodeBase64(encoded);
  const document = object(meta, "meta");
  const description = readMeta(document);
  return {
    object: inflate(compressed, size, limits.maxObjectBytes ?? 64 * MEBIBYTE),
    compressed,
    meta: description,
    asRead: { meta: description, document, statesSize: size !== undefined },
    extra,
  };
}

function decodeBase64(text: string): Uint8Array {
  const digits = text.length - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  if (text.length % 4 !== 0 || !isBase64(text, digits))
    throw new MalformedError(`bpf_object is not base64 (${text.length} characters)`, REBUILD);
  return new Uint8Array(Buffer.from(text, "base64"));
}

function isBase64(text: string, digits: number): boolean {
  for (let i = 0; i < digits; i++) {
    const c = text.charCodeAt(i) | 0;
    const letter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (!letter && c !== 0x2b && c !== 0x2f) return false;
  }
  return true;
}

function inflate(compressed: Uint8Array, size: Json | undefined, maxBytes: number): Uint8Array {
  if (size !== undefined && (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0))
    throw new MalformedError("bpf_object_size is not a number of bytes", REBUILD);
  if (size !== undefined && size > maxBytes)
    throw new MalformedError(`bpf_object_size is ${size} bytes, more than ${maxBytes}`, REBUILD);
  const object = inflateBounded(compressed, size ?? maxBytes);
  if (size !== undefined && object.length !== size)
    throw new MalformedError(`bpf_object has ${object.length} bytes, bpf_object_size says ${size}`, REBUILD);
  return object;
}

function inflateBounded(compressed: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return new Uint8Array(inflateSync(compressed, { maxOutputLength: Math.max(maxBytes, 1) }));
  } catch (cause) {
    const tooLarge = (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const problem = tooLarge ? `is larger than ${maxBytes} bytes` : "is not a zlib stream";
    throw new MalformedError(`bpf_object ${problem}`, REBUILD, { cause });
  }
}

function readMeta(meta: JsonObject): PackageMeta {
  const { export_types: exported, ...rest } = meta;
  const exportTypes = readExportTypes(exported);
  optional(rest, "eunomia_version", "meta", isString, "text");
  optional(rest, "enable_multiple_export_types", "meta", isBoolean, "true or false");
  optional(rest, "poll_timeout_ms", "meta", isInteger, "a whole number");
  return {
    ...rest,
    bpf_skel: readSkeleton(object(rest.bpf_skel, "meta.bpf_skel")),
    ...(exportTypes === undefined ? {} : { export_types: exportTypes }),
  };
}

function readSkeleton(skeleton: JsonObject): Skeleton {
  const where = "meta.bpf_skel";
  if (skeleton.doc !== undefined) object(skeleton.doc, `${where}.doc`);
  return {
    ...(skeleton as JsonObject & { doc?: JsonObject }),
    obj_name: text(skeleton, "obj_name", where),
    data_sections: list(skeleton.data_sections, `${where}.data_sections`).map(readDataSection),
    maps: list(skeleton.maps, `${where}.maps`).map(readMap),
    progs: list(skeleton.progs, `${where}.progs`).map(readProgram),
  };
}

function readDataSection(item: JsonObject, index: number): DataSectionMeta {
  const where = `meta.bpf_skel.data_sections[${index}]`;
  const variables: VariableMeta[] = typedNames(item, "variables", where);
  return { ...item, name: text(item, "name", where), variables };
}

/** A list of things with a name and the C text of a type, besides what else is said of them. */
function typedNames(from: JsonObject, key: string, where: string) {
  return list(from[key], `${where}.${key}`).map((item, index) => {
    const here = `${where}.${key}[${index}]`;
    return { ...item, name: text(item, "name", here), type: text(item, "type", here) };
  });
}

function readMap(item: JsonObject, index: number): MapMeta {
  const where = `meta.bpf_skel.maps[${index}]`;
  const { mmaped, ...rest } = item;
  if (mmaped !== undefined && typeof mmaped !== "boolean") fail(`${where}.mmaped`, "true or false");
  const map = { ...rest, name: text(item, "name", where), ident: text(item, "ident", where) };
  return mmaped === undefined ? map : { ...map, mmaped };
}

/** Packages of 2022 do not say where a program attaches: the object does. */
function readProgram(item: JsonObject, index: number): ProgramMeta {
  const where = `meta.bpf_skel.progs[${index}]`;
  const { link = true } = item;
  if (typeof link !== "boolean") fail(`${where}.link`, "true or false");
  const attach = item.attach === undefined ? "" : text(item, "attach", where);
  return { ...item, name: text(item, "name", where), attach, link };
}

/** A list of structs, or the object of 2022 that holds that list as `structs`. */
function readExportTypes(value: Json | undefined): readonly ExportType[] | undefined {
  if (value === undefined || value === null) return undefined;
  const structs = isJsonObject(value) ? value.structs : value;
  return list(structs, "meta.export_types").map(readExportType);
}

function readExportType(item: JsonObject, index: number): ExportType {
  const where = `meta.export_types[${index}]`;
  // In 2022 `id` was a type in BTF of the package's own (`export_btf`): in the object, only the name finds it.
  if (item.type_id === undefined && item.id !== undefined)
    return { ...item, name: text(item, "name", where), size: 0, type_id: 0, members: [] };
  const members: ExportMember[] = typedNames(item, "members", where);
  const size = integer(item, "size", where);
  return {
    ...item,
    name: text(item, "name", where),
    size,
    type_id: integer(item, "type_id", where),
    members,
  };
}

function isString(value: Json): value is string {
  return typeof value === "string";
}
function isBoolean(value: Json): value is boolean {
  return typeof value === "boolean";
}
function isInteger(value: Json): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function object(value: Json | undefined, where: string): JsonObject {
  if (!isJsonObject(value)) fail(where, "an object");
  return value;
}

function list(value: Json | undefined, where: string): readonly JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!isJsonArray(value)) fail(where, "a list");
  return value.map((item, index) => object(item, `${where}[${index}]`));
}

function text(from: JsonObject, key: string, where: string): string {
  const value = from[key];
  if (typeof value !== "string") fail(`${where}.${key}`, "text");
  return value;
}

function integer(from: JsonObject, key: string, where: string): number {
  const value = from[key];
  if (value === undefined || !isInteger(value) || value < 0) fail(`${where}.${key}`, "a whole number");
  return value;
}

function optional(
  from: JsonObject,
  key: string,
  where: string,
  is: (value: Json) => boolean,
  wanted: string,
): void {
  const value = from[key];
  if (value !== undefined && !is(value)) fail(`${where}.${key}`, wanted);
}

function fail(where: string, wanted: string): never {
  throw new MalformedError(`package: ${where} is not ${wanted}`, REBUILD);
}
