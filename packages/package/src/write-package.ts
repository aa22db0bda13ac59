import { deflateSync } from "node:zlib";
import type { Json, JsonObject } from "./json.ts";
import type { Package, PackageMeta } from "./package.ts";
import { writeJson } from "./write-json.ts";

/**
 * The bytes of a package file: one line of JSON without a newline, keys in alphabetical order, the object as
 * base64 of a zlib stream of level 6. A package that was read is written as it was: the same stream, the same shapes.
 */
export function writePackage(content: Package): Uint8Array {
  const compressed = content.compressed ?? deflateSync(content.object, { level: 6 });
  const asRead = content.asRead?.meta === content.meta ? content.asRead : undefined;
  const text = writeJson({
    ...content.extra,
    bpf_object: Buffer.from(compressed).toString("base64"),
    ...(asRead?.statesSize === false ? {} : { bpf_object_size: content.object.length }),
    meta: asRead?.document ?? metaJson(content.meta),
  });
  return new TextEncoder().encode(text);
}

/** `meta` in the shape of the file, where empty lists of maps and programs are `null`. Also the skeleton file. */
export function metaJson(meta: PackageMeta): JsonObject {
  const { maps, progs, ...skeleton } = meta.bpf_skel;
  const orNull = (list: readonly JsonObject[]): Json => (list.length === 0 ? null : list);
  return { ...meta, bpf_skel: { ...skeleton, maps: orNull(maps), progs: orNull(progs) } };
}
