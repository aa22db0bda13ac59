import { describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { essentialName } from "../../src/btf/essential-name.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { plainInt } from "./plain-int.ts";

const struct = (name: string, size = 4) =>
  ({ kind: BtfKind.Struct, name, size, kindFlag: false, members: [] }) as const;
const typedef = (name: string, typeId: number) =>
  ({ kind: BtfKind.Typedef, name, typeId, kindFlag: false }) as const;
const reference = (kind: 2 | 9 | 10 | 11 | 18, typeId: number) =>
  ({ kind, name: "", typeId, kindFlag: false }) as const;
const array = (elementId: number, length: number) =>
  ({ kind: BtfKind.Array, name: "", elementId, indexId: 1, length }) as const;

describe("essentialName", () => {
  for (const [name, essential] of [
    ["task_struct", "task_struct"],
    ["task_struct___old", "task_struct"],
    ["a___b___c", "a___b"],
    ["___a", "___a"],
    ["a___", "a___"],
    ["a____b", "a____b"],
    ["a___b_", "a"],
    ["a___b____c", "a"],
    ["x___1", "x"],
    ["", ""],
  ] as const) {
    it(`of ${JSON.stringify(name)} is ${JSON.stringify(essential)}`, () => {
      expect(essentialName(name)).toBe(essential);
    });
  }
});

describe("look-up by name", () => {
  const builder = new BtfBuilder();
  for (const name of ["a", "a___x", "a___b", "a___b___c", "a", "___a", "a____b"]) builder.add(struct(name));
  builder.add(typedef("a", 1));
  builder.add(struct(""));
  const btf = builder.build();

  it("finds all types of a name in ascending order", () => {
    expect(btf.idsOf("a")).toEqual([1, 5, 8]);
    expect(btf.idsOf("a", BtfKind.Struct)).toEqual([1, 5]);
    expect(btf.idsOf("a", BtfKind.Typedef, BtfKind.Union)).toEqual([8]);
    expect(btf.idsOf("nothing")).toEqual([]);
    expect(btf.find("a", BtfKind.Typedef)).toBe(8);
    expect(btf.find("a", BtfKind.Union)).toBeUndefined();
  });

  it("finds flavours by their full name", () => {
    expect(btf.idsOf("a___x")).toEqual([2]);
    expect(btf.idsOf("a___b")).toEqual([3]);
    expect(btf.idsOf("a___b___c")).toEqual([4]);
    expect(btf.idsOf("___a")).toEqual([6]);
    expect(btf.idsOf("a____b")).toEqual([7]);
  });

  it("finds all flavours by the essential name", () => {
    expect(btf.idsOfEssentialName("a")).toEqual([1, 2, 3, 5, 8]);
    expect(btf.idsOfEssentialName("a___b")).toEqual([4]);
    expect(btf.idsOfEssentialName("a___x")).toEqual([]);
  });

  it("never finds anonymous types", () => {
    expect(btf.idsOf("")).toEqual([]);
    expect(btf.idsOfEssentialName("")).toEqual([]);
  });
});

describe("split BTF", () => {
  const base = baseBtf();
  const builder = new BtfBuilder({ base });
  const own = builder.add(struct("own"));
  const pointer = builder.add(reference(BtfKind.Ptr, 1));
  const again = builder.add(struct("shared"));
  const split = builder.build();

  it("continues the ids and strings of its base", () => {
    expect(base.endId).toBe(3);
    expect([own, pointer, again]).toEqual([3, 4, 5]);
    expect(split.startId).toBe(3);
    expect(split.endId).toBe(6);
    expect(split.type(own).name).toBe("own");
    expect(split.type(1)).toBe(base.type(1));
    expect(split.stringsStart).toBe(base.stringBytes.length);
  });

  it("looks names up in the base first", () => {
    expect(split.idsOf("shared")).toEqual([2, 5]);
    expect(split.idsOf("own")).toEqual([3]);
    expect(base.idsOf("own")).toEqual([]);
  });

  it("finds names that it takes from the base's strings", () => {
    const borrowed = new BtfBuilder({ base });
    const record = Uint32Array.from(base.record(2));
    borrowed.addRecord(record);
    expect(borrowed.build().idsOf("shared")).toEqual([2, 3]);
  });
});

function baseBtf(): Btf {
  const builder = new BtfBuilder();
  builder.add(plainInt("long", 8));
  builder.add(struct("shared"));
  return Btf.parse(builder.encode());
}

describe("sizes and alignments", () => {
  it("skips modifiers and multiplies arrays", () => {
    const builder = new BtfBuilder();
    const long = builder.add(plainInt("long", 8));
    const u8 = builder.add(plainInt("u8", 1));
    const rows = builder.add(array(builder.add(array(u8, 3)), 5));
    const alias = builder.add(typedef("t", builder.add(reference(BtfKind.Const, rows))));
    const pointer = builder.add(reference(BtfKind.Ptr, 0));
    const btf = builder.build();
    expect(btf.skipModifiers(alias).id).toBe(rows);
    expect(btf.sizeOf(alias)).toBe(15);
    expect(btf.alignmentOf(alias)).toBe(1);
    expect(btf.sizeOf(pointer)).toBe(8);
    expect(btf.alignmentOf(long)).toBe(8);
  });

  it("takes the pointer size from the size of long", () => {
    const builder = new BtfBuilder();
    builder.add(plainInt("long unsigned int", 4));
    const pointer = builder.add(reference(BtfKind.Ptr, 0));
    const wide = builder.add(plainInt("long long", 8));
    const btf = builder.build();
    expect(btf.pointerSize).toBe(4);
    expect(btf.sizeOf(pointer)).toBe(4);
    expect(btf.alignmentOf(wide)).toBe(4);
  });

  it("sees that a struct is packed from its offsets or its size", () => {
    const builder = new BtfBuilder();
    const u32 = builder.add(plainInt("u32", 4));
    const member = (bitOffset: number) => ({ name: "m", typeId: u32, bitOffset, bitSize: 0 });
    const plain = builder.add({ ...struct("plain", 8), members: [member(0), member(32)] });
    const shifted = builder.add({ ...struct("shifted", 8), members: [member(8)] });
    const short = builder.add({ ...struct("short", 5), members: [member(0)] });
    const btf = builder.build();
    expect(btf.alignmentOf(plain)).toBe(4);
    expect(btf.alignmentOf(shifted)).toBe(1);
    expect(btf.alignmentOf(short)).toBe(1);
  });
});
