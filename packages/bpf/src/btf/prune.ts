import type { Btf } from "./btf.ts";
import { btfExtReferences, rewriteBtfExt } from "./btf-ext.ts";
import { BtfBuilder } from "./builder.ts";
import { closureOf } from "./closure.ts";
import { malformedBtf } from "./malformed.ts";
import { eachStringWord, eachTypeWord, HEADER_WORDS, infoFlag, infoKind, packInfo } from "./record.ts";
import { BtfKind } from "./types.ts";

/** What to keep of a BTF. */
export interface Keep {
  /** These types and all they refer to. */
  readonly roots: Iterable<number>;
  /** Strings (by offset) that something outside the types refers to. */
  readonly strings?: Iterable<number>;
  /**
   * Members (by index) to keep of a struct or union; those not listed here are kept whole. What only a dropped
   * member refers to is dropped too. The size stays.
   */
  readonly members?: ReadonlyMap<number, ReadonlySet<number>>;
  /** Pointers that become pointers to void. */
  readonly opaque?: ReadonlySet<number>;
}

/** What was kept of a BTF. */
export interface PrunedBtf {
  /** A `.BTF` section. */
  readonly bytes: Uint8Array;
  /** Old id → new id of every type kept, and 0 → 0. */
  readonly typeIds: ReadonlyMap<number, number>;
  /** Old offset → new offset of every string asked for. */
  readonly stringOffsets: ReadonlyMap<number, number>;
}

/**
 * Cuts a BTF down to what is needed, renumbered from 1 in the old order. Declaration tags stay with the types
 * they mark. What was split BTF stands alone afterwards.
 * @throws {MalformedError}
 */
export function pruneBtf(btf: Btf, keep: Keep): PrunedBtf {
  const record = (id: number): Uint32Array => {
    if (keep.opaque?.has(id)) return toVoid(btf.record(id));
    const members = keep.members?.get(id);
    return members === undefined ? btf.record(id) : withMembers(btf.record(id), members);
  };
  const ids = closureOf(btf, keep.roots, record);
  const tags = keptTags(btf, new Set(ids), keep.members);
  const all = [...ids, ...tags.keys()].sort((a, b) => a - b);
  const typeIds = new Map<number, number>([[0, 0]]);
  for (const id of all) typeIds.set(id, typeIds.size);

  const builder = new BtfBuilder({ littleEndian: btf.littleEndian });
  for (const id of all) {
    const copy = Uint32Array.from(tags.get(id) ?? record(id));
    eachTypeWord(copy, (at) => {
      copy[at] = typeIds.get(copy[at]!)!;
    });
    eachStringWord(copy, (at) => {
      copy[at] = builder.string(btf.string(copy[at]!));
    });
    builder.addRecord(copy);
  }
  const stringOffsets = new Map<number, number>();
  for (const offset of keep.strings ?? []) stringOffsets.set(offset, builder.string(btf.string(offset)));
  return { bytes: builder.encode(), typeIds, stringOffsets };
}

/** `.BTF` and `.BTF.ext` of an object file, cut down together. */
export interface PrunedObjectBtf {
  /** A `.BTF` section. */
  readonly btf: Uint8Array;
  /** A `.BTF.ext` section; undefined when there was none. */
  readonly ext: Uint8Array | undefined;
  /** Old id → new id of every type kept, and 0 → 0. */
  readonly typeIds: ReadonlyMap<number, number>;
}

/**
 * Keeps what a loader needs of an object file's BTF: maps, global data and externs (every DATASEC), what
 * `.BTF.ext` refers to, and the given types, such as the structs of its events.
 * @throws {MalformedError}
 */
export function pruneObjectBtf(
  btf: Btf,
  ext: Uint8Array | undefined,
  exported: Iterable<number> = [],
): PrunedObjectBtf {
  const references = ext === undefined ? undefined : btfExtReferences(ext);
  const roots = new Set<number>([...exported, ...(references?.typeIds ?? [])]);
  for (let id = btf.startId; id < btf.endId; id++) if (btf.kind(id) === BtfKind.Datasec) roots.add(id);
  const pruned = pruneBtf(btf, { roots, strings: references?.stringOffsets ?? [] });
  const rewritten =
    ext === undefined
      ? undefined
      : rewriteBtfExt(ext, {
          typeId: (id) => pruned.typeIds.get(id)!,
          stringOffset: (offset) => pruned.stringOffsets.get(offset)!,
        });
  return { btf: pruned.bytes, ext: rewritten, typeIds: pruned.typeIds };
}

function toVoid(record: Uint32Array): Uint32Array {
  if (infoKind(record[1]!) !== BtfKind.Ptr) throw malformedBtf("only pointers can be made opaque");
  return Uint32Array.from([record[0]!, record[1]!, 0]);
}

/** A struct's record with only some of its members. */
function withMembers(record: Uint32Array, members: ReadonlySet<number>): Uint32Array {
  const kind = infoKind(record[1]!);
  if (kind !== BtfKind.Struct && kind !== BtfKind.Union) throw malformedBtf(`kind ${kind} has no members`);
  const kept: number[] = [];
  for (let index = 0; HEADER_WORDS + index * 3 < record.length; index++) {
    const at = HEADER_WORDS + index * 3;
    if (members.has(index)) kept.push(record[at]!, record[at + 1]!, record[at + 2]!);
  }
  const info = packInfo(kind, kept.length / 3, infoFlag(record[1]!));
  return Uint32Array.from([record[0]!, info, record[2]!, ...kept]);
}

/** Records of the declaration tags whose target is kept, their member index counted anew. */
function keptTags(
  btf: Btf,
  kept: ReadonlySet<number>,
  members: Keep["members"],
): ReadonlyMap<number, Uint32Array> {
  const tags = new Map<number, Uint32Array>();
  for (let id = 1; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.DeclTag || kept.has(id)) continue;
    const record = Uint32Array.from(btf.record(id));
    if (!kept.has(record[2]!)) continue;
    const component = record[HEADER_WORDS]! | 0;
    const left = members?.get(record[2]!);
    if (left !== undefined && component >= 0) {
      if (!left.has(component)) continue;
      record[HEADER_WORDS] = [...left].filter((index) => index < component).length;
    }
    tags.set(id, record);
  }
  return tags;
}
