import { describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { btfExtReferences } from "../../src/btf/btf-ext.ts";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { printTypeName } from "../../src/btf/print-c.ts";
import { pruneBtf, pruneObjectBtf } from "../../src/btf/prune.ts";
import { type BtfComposite, BtfKind } from "../../src/btf/types.ts";
import { readElf } from "../../src/elf/read-elf.ts";
import { embeddedObjects } from "../embedded-objects.ts";
import { roundTrip } from "./c-round-trip.ts";
import { plainInt } from "./plain-int.ts";

const INT = plainInt();

function small() {
  const builder = new BtfBuilder();
  const unused = builder.add({ kind: BtfKind.Float, name: "unused", size: 8 });
  const int = builder.add(INT);
  const pointer = builder.add({ kind: BtfKind.Ptr, name: "", typeId: builder.nextId + 1, kindFlag: false });
  const struct = builder.add({
    kind: BtfKind.Struct,
    name: "node",
    size: 24,
    kindFlag: false,
    members: [
      { name: "dropped", typeId: unused, bitOffset: 0, bitSize: 0 },
      { name: "next", typeId: pointer, bitOffset: 64, bitSize: 0 },
      { name: "value", typeId: int, bitOffset: 128, bitSize: 0 },
    ],
  });
  const tag = (name: string, typeId: number, componentIndex: number) =>
    builder.add({ kind: BtfKind.DeclTag, name, typeId, componentIndex, kindFlag: false });
  tag("whole", struct, -1);
  tag("of dropped", struct, 0);
  tag("of value", struct, 2);
  tag("of unused", unused, -1);
  return { btf: builder.build(), unused, int, pointer, struct };
}

describe("pruneBtf", () => {
  it("keeps roots, what they refer to, and the tags on them", () => {
    const { btf, struct, unused } = small();
    const { bytes, typeIds } = pruneBtf(btf, { roots: [struct] });
    const pruned = Btf.parse(bytes);
    expect(pruned.endId).toBe(btf.endId);
    expect(pruned.type(typeIds.get(struct)!).name).toBe("node");
    expect(typeIds.get(unused)).toBeDefined();
  });

  it("drops what nothing refers to, with its name and tags", () => {
    const { btf, int, struct } = small();
    const { bytes, typeIds } = pruneBtf(btf, { roots: [int] });
    const pruned = Btf.parse(bytes);
    expect([...typeIds]).toEqual([
      [0, 0],
      [int, 1],
    ]);
    expect(pruned.endId).toBe(2);
    expect(Buffer.from(pruned.stringBytes).toString()).toBe("\0int\0");
    expect(typeIds.has(struct)).toBe(false);
  });

  it("keeps only the members asked for, at their offsets, and counts tags anew", () => {
    const { btf, struct, unused } = small();
    const members = new Map([[struct, new Set([1, 2])]]);
    const { bytes, typeIds } = pruneBtf(btf, { roots: [struct], members });
    const pruned = Btf.parse(bytes);
    expect(typeIds.has(unused)).toBe(false);
    const node = pruned.type(typeIds.get(struct)!) as BtfComposite;
    expect(node.size).toBe(24);
    expect(node.members.map(({ name, bitOffset }) => `${name} ${bitOffset}`)).toEqual([
      "next 64",
      "value 128",
    ]);
    const tags = Array.from({ length: pruned.endId - 1 }, (_, index) => pruned.type(index + 1)).flatMap(
      (type) => (type.kind === BtfKind.DeclTag ? [`${type.name} ${type.componentIndex}`] : []),
    );
    expect(tags).toEqual(["whole -1", "of value 1"]);
  });

  it("makes one BTF out of a split one", () => {
    const { btf: base, struct } = small();
    const builder = new BtfBuilder({ base });
    const pointer = builder.add({ kind: BtfKind.Ptr, name: "", typeId: struct, kindFlag: false });
    const alias = builder.add({ kind: BtfKind.Typedef, name: "node_t", typeId: pointer, kindFlag: false });
    const { bytes, typeIds } = pruneBtf(builder.build(), { roots: [alias] });
    const alone = Btf.parse(bytes);
    expect(printTypeName(alone, typeIds.get(pointer)!)).toBe("struct node *");
    expect(alone.nameOf(typeIds.get(alias)!)).toBe("node_t");
  });
});

describe("BtfBuilder.copy", () => {
  it("copies a type with all it needs, once", () => {
    const { btf, struct, pointer, int } = small();
    const builder = new BtfBuilder();
    builder.add({ kind: BtfKind.Float, name: "first", size: 4 });
    const ids = builder.copy(btf, [struct]);
    const before = builder.nextId;
    builder.copy(btf, [pointer, int]);
    expect(builder.nextId).toBe(before);
    const copied = builder.build();
    expect(copied.type(ids.get(struct)!)).toMatchObject({ name: "node", size: 24 });
    expect(printTypeName(copied, ids.get(pointer)!)).toBe("struct node *");
  });

  it("refers to the types of a shared base instead of copying them", () => {
    const { btf: base, struct } = small();
    const source = new BtfBuilder({ base });
    const pointer = source.add({ kind: BtfKind.Ptr, name: "", typeId: struct, kindFlag: false });
    const builder = new BtfBuilder({ base });
    const ids = builder.copy(source.build(), [pointer]);
    const copied = builder.build();
    expect(copied.endId - copied.startId).toBe(1);
    expect(copied.type(ids.get(pointer)!)).toMatchObject({ typeId: struct });
  });
});

describe("BTF of the distribution's libbpf-tools", () => {
  const objects = embeddedObjects();

  it.skipIf(objects.length === 0)("is pruned with .BTF.ext still naming the same types and texts", () => {
    for (const { tool, bytes } of objects) {
      const elf = readElf(bytes);
      const section = (name: string) => {
        const found = elf.sections.find((candidate) => candidate.name === name);
        return found === undefined ? undefined : elf.data(found);
      };
      const raw = section(".BTF");
      const ext = section(".BTF.ext");
      if (raw === undefined || ext === undefined) continue;
      const btf = Btf.parse(raw);
      const result = pruneObjectBtf(btf, ext);
      const pruned = Btf.parse(result.btf);
      expect(pruned.endId, tool).toBeLessThanOrEqual(btf.endId);
      const before = btfExtReferences(ext);
      const after = btfExtReferences(result.ext!);
      const text = (of: Btf, ids: Iterable<number>) => [...ids].map((id) => of.string(id));
      const kinds = (of: Btf, ids: Iterable<number>) =>
        [...ids].map((id) => `${of.kind(id)} ${of.nameOf(id)}`);
      expect(text(pruned, after.stringOffsets), tool).toEqual(text(btf, before.stringOffsets));
      expect(kinds(pruned, after.typeIds), tool).toEqual(kinds(btf, before.typeIds));
    }
  });

  it.skipIf(objects.length === 0)("compiles from its C form to the same offsets", () => {
    for (const { tool, bytes } of objects.slice(0, 12)) {
      const elf = readElf(bytes);
      const raw = elf.sections.find(({ name }) => name === ".BTF");
      if (raw !== undefined) expect(roundTrip(Btf.parse(elf.data(raw))).differences, tool).toEqual([]);
    }
  });
});
