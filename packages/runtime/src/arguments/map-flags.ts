import { type BpfInput, type BpfObject, type Btf, type MapSpec, type ObjectSpec, TableMap } from "@skep/bpf";
import { isJsonObject, type Json, type MapMeta, type PackageMeta } from "@skep/package";
import { noteText } from "../shapes/note-text.ts";
import { type Shape, shapeOf } from "../shapes/shape.ts";
import { UsageError } from "../usage-error.ts";
import { type AddressKeys, addressKeys } from "./address-keys.ts";
import { type FlagValue, parseFlagValue, type ValueTaker } from "./flag-value.ts";
import type { FlagShape } from "./flags.ts";

/** A map whose keys come from the command line: `@cmdarg` on a map. */
export interface MapFlag {
  /** As written after `--`. */
  readonly name: string;
  /** One character, without dash. */
  readonly short: string | undefined;
  readonly map: string;
  readonly help: string;
  readonly maxEntries: number;
  readonly key: ValueTaker | AddressKeys;
  /** Undefined when values cannot be given: each becomes a 1 in the first byte. */
  readonly value: ValueTaker | undefined;
  readonly valueSize: number;
  /** A bool global that becomes true when the flag is given. */
  readonly enables: string | undefined;
}

/** A scalar, or the bytes of an address. */
export type MapKey = FlagValue | Uint8Array;

/** What one flag puts into its map. */
export interface MapEntry {
  readonly key: MapKey;
  readonly value: FlagValue | undefined;
}

/** The flags that fill maps. Keys must be scalars, text or addresses: what else a map holds cannot be written on a command line. */
export function mapFlagsOf(spec: ObjectSpec, meta: PackageMeta): MapFlag[] {
  const { btf } = spec;
  if (btf === undefined) return [];
  return meta.bpf_skel.maps.flatMap((note) => {
    const map = spec.maps.find(({ name }) => name === note.name);
    return map === undefined || !isJsonObject(note.cmdarg) ? [] : (mapFlagOf(btf, map, note) ?? []);
  });
}

/** Maps whose entries `--set MAP[KEY]=VALUE` writes: those of scalars, as programs have that were written for a loader of their own. */
export function settableMaps({ btf, maps }: ObjectSpec): MapFlag[] {
  if (btf === undefined) return [];
  const tables = maps.filter(({ data }) => data === undefined);
  return tables.flatMap((map) => {
    const flag = mapFlagOf(btf, map, {
      name: map.name,
      ident: map.name,
      cmdarg: { long: `set ${map.name}` },
    });
    return flag?.value === undefined ? [] : [flag];
  });
}

function mapFlagOf(btf: Btf, map: MapSpec, note: MapMeta): MapFlag | undefined {
  const cmdarg = isJsonObject(note.cmdarg) ? note.cmdarg : {};
  const name = noteText(cmdarg.long) ?? map.name;
  const formats = formatsOf(note.format);
  const key = addressKeysOf(btf, name, map, formats.key) ?? takerOf(btf, name, map.keyTypeId, formats.key);
  if (key === undefined) return undefined;
  const value = takerOf(btf, name, map.valueTypeId, formats.value);
  const short = noteText(cmdarg.short);
  return {
    name,
    short: short?.length === 1 ? short : undefined,
    map: map.name,
    help: noteText(cmdarg.help) ?? noteText(note.description) ?? `Keys of map ${map.name}`,
    maxEntries: map.maxEntries,
    key,
    value,
    valueSize: map.valueSize,
    enables: noteText(cmdarg.enables),
  };
}

function takerOf(btf: Btf, name: string, typeId: number, format: string | undefined): ValueTaker | undefined {
  if (typeId === 0) return undefined;
  const shape = shapeOf(btf, typeId);
  return isScalar(shape) ? { name, shape, format } : undefined;
}

function addressKeysOf(
  btf: Btf,
  name: string,
  map: MapSpec,
  format: string | undefined,
): AddressKeys | undefined {
  if (map.keyTypeId === 0 || !/^ip\b/.test(format ?? "")) return undefined;
  return addressKeys(name, map, shapeOf(btf, map.keyTypeId));
}

function isScalar(shape: Shape): shape is FlagShape {
  return shape.kind !== "array" && shape.kind !== "struct" && shape.kind !== "opaque";
}

/** `@format key port`, `@format bytes`. */
function formatsOf(format: Json | undefined): {
  readonly key: string | undefined;
  readonly value: string | undefined;
} {
  const text = noteText(format);
  const key = /^key\s+(.+)$/s.exec(text ?? "")?.[1];
  return key === undefined ? { key: undefined, value: text } : { key, value: undefined };
}

/**
 * Reads `80,443` or `80=1,443=2`.
 * @throws {UsageError} for what the map's types cannot hold
 */
export function parseMapEntries(flag: MapFlag, text: string): MapEntry[] {
  return text.split(",").map((part) => {
    const equals = part.indexOf("=");
    if (equals < 0) return { key: parseKey(flag, part), value: undefined };
    if (flag.value === undefined)
      throw new UsageError(
        `--${flag.name}: the values of map ${flag.map} cannot be given on a command line`,
        `give keys only, such as --${flag.name} ${part.slice(0, equals)}`,
      );
    const value = parseFlagValue(flag.value, part.slice(equals + 1));
    return { key: parseKey(flag, part.slice(0, equals)), value };
  });
}

function parseKey({ key }: MapFlag, text: string): MapKey {
  return "parse" in key ? key.parse(text) : parseFlagValue(key, text);
}

/** @throws {UsageError} when there is no room for all */
export function fillMap(object: BpfObject, flag: MapFlag, entries: readonly MapEntry[]): void {
  const map = object.map(flag.map);
  if (!(map instanceof TableMap))
    throw new UsageError(
      `--${flag.name}: map ${flag.map} does not take keys and values`,
      "leave the flag out, and tell the author of the program",
    );
  const keys = new Set(entries.map(({ key }) => String(key)));
  if (keys.size > flag.maxEntries)
    throw new UsageError(
      `--${flag.name}: ${keys.size} keys were given, and map ${flag.map} has room for ${flag.maxEntries}`,
      "give fewer",
    );
  for (const { key, value } of entries) map.update(indexOr(key), value ?? one(flag));
}

/** Arrays take their index as a number. */
function indexOr(key: MapKey): MapKey | number {
  return typeof key === "bigint" && key >= 0n && key <= 0xffff_ffffn ? Number(key) : key;
}

/** The number 1, or for structs a 1 in the first byte. */
function one({ value, valueSize }: MapFlag): BpfInput {
  if (value?.shape.kind === "bool") return true;
  if (value !== undefined && value.shape.kind !== "string") return 1;
  const bytes = new Uint8Array(valueSize);
  bytes[0] = 1;
  return bytes;
}
