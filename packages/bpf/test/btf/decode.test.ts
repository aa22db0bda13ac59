import { describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { BtfBuilder } from "../../src/btf/builder.ts";
import type { NewBtfType } from "../../src/btf/encode-type.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { info, rawBtf, stringTable } from "./raw-btf.ts";

const names = stringTable(
  "int",
  "s",
  "a",
  "b",
  "e",
  "A",
  "B",
  "f",
  "t",
  "tag",
  "v",
  ".data",
  "double",
  "char",
);
const at = names.at;

/** One record of every kind; type 1 is `int`. */
const RECORDS: readonly { readonly words: readonly number[]; readonly type: NewBtfType }[] = [
  {
    words: [at("int"), info(1), 4, 0x01000020],
    type: { kind: 1, name: "int", size: 4, bits: 32, bitOffset: 0, signed: true, char: false, bool: false },
  },
  { words: [0, info(2), 1], type: { kind: 2, name: "", typeId: 1, kindFlag: false } },
  { words: [0, info(3), 0, 1, 1, 7], type: { kind: 3, name: "", elementId: 1, indexId: 1, length: 7 } },
  {
    words: [at("s"), info(4, 2), 8, at("a"), 1, 0, at("b"), 2, 32],
    type: {
      kind: 4,
      name: "s",
      size: 8,
      kindFlag: false,
      members: [
        { name: "a", typeId: 1, bitOffset: 0, bitSize: 0 },
        { name: "b", typeId: 2, bitOffset: 32, bitSize: 0 },
      ],
    },
  },
  {
    words: [at("s"), info(4, 2, true), 4, at("a"), 1, (3 << 24) | 0, at("b"), 1, (5 << 24) | 3],
    type: {
      kind: 4,
      name: "s",
      size: 4,
      kindFlag: true,
      members: [
        { name: "a", typeId: 1, bitOffset: 0, bitSize: 3 },
        { name: "b", typeId: 1, bitOffset: 3, bitSize: 5 },
      ],
    },
  },
  {
    words: [0, info(5, 1), 4, at("a"), 1, 0],
    type: {
      kind: 5,
      name: "",
      size: 4,
      kindFlag: false,
      members: [{ name: "a", typeId: 1, bitOffset: 0, bitSize: 0 }],
    },
  },
  {
    words: [at("e"), info(6, 2, true), 4, at("A"), -1, at("B"), 2],
    type: {
      kind: 6,
      name: "e",
      size: 4,
      signed: true,
      values: [
        { name: "A", value: -1n },
        { name: "B", value: 2n },
      ],
    },
  },
  {
    words: [at("e"), info(6, 1), 4, at("A"), -1],
    type: { kind: 6, name: "e", size: 4, signed: false, values: [{ name: "A", value: 0xffffffffn }] },
  },
  { words: [at("s"), info(7, 0, true), 0], type: { kind: 7, name: "s", union: true } },
  { words: [at("t"), info(8), 1], type: { kind: 8, name: "t", typeId: 1, kindFlag: false } },
  { words: [0, info(9), 1], type: { kind: 9, name: "", typeId: 1, kindFlag: false } },
  { words: [0, info(10), 0], type: { kind: 10, name: "", typeId: 0, kindFlag: false } },
  { words: [0, info(11), 2], type: { kind: 11, name: "", typeId: 2, kindFlag: false } },
  { words: [at("f"), info(12, 1), 14], type: { kind: 12, name: "f", typeId: 14, linkage: "global" } },
  {
    words: [0, info(13, 2), 1, at("a"), 1, 0, 0],
    type: {
      kind: 13,
      name: "",
      returnId: 1,
      params: [
        { name: "a", typeId: 1 },
        { name: "", typeId: 0 },
      ],
    },
  },
  { words: [at("v"), info(14), 1, 2], type: { kind: 14, name: "v", typeId: 1, linkage: "extern" } },
  {
    words: [at(".data"), info(15, 1), 4, 16, 0, 4],
    type: { kind: 15, name: ".data", size: 4, variables: [{ typeId: 16, offset: 0, size: 4 }] },
  },
  { words: [at("double"), info(16), 8], type: { kind: 16, name: "double", size: 8 } },
  {
    words: [at("tag"), info(17), 4, -1],
    type: { kind: 17, name: "tag", typeId: 4, componentIndex: -1, kindFlag: false },
  },
  { words: [at("tag"), info(18, 0, true), 1], type: { kind: 18, name: "tag", typeId: 1, kindFlag: true } },
  {
    words: [at("e"), info(19, 2, true), 8, at("A"), 0, 0x80000000, at("B"), 5, 1],
    type: {
      kind: 19,
      name: "e",
      size: 8,
      signed: true,
      values: [
        { name: "A", value: -(2n ** 63n) },
        { name: "B", value: 2n ** 32n + 5n },
      ],
    },
  },
  {
    words: [at("e"), info(19, 1), 8, at("A"), 0xffffffff, 0xffffffff],
    type: { kind: 19, name: "e", size: 8, signed: false, values: [{ name: "A", value: 2n ** 64n - 1n }] },
  },
];

const words = RECORDS.map((record) => record.words);
const types = RECORDS.map((record, index) => ({ ...record.type, id: index + 1 }));

const kindName = (kind: number) => Object.entries(BtfKind).find(([, value]) => value === kind)?.[0];

describe("Btf.type", () => {
  const btf = Btf.parse(rawBtf(words, names.text));
  for (const type of types) {
    it(`decodes type ${type.id}, ${kindName(type.kind)}`, () => {
      expect(btf.type(type.id)).toEqual(type);
      expect(btf.kind(type.id)).toBe(type.kind);
      expect(btf.nameOf(type.id)).toBe(type.name);
    });
  }

  it("decodes the same from big-endian bytes", () => {
    const big = Btf.parse(rawBtf(words, names.text, { littleEndian: false }));
    expect(big.littleEndian).toBe(false);
    expect(types.map((type) => big.type(type.id))).toEqual(types);
  });

  it("decodes the same from bytes at an odd address", () => {
    const bytes = rawBtf(words, names.text);
    const moved = new Uint8Array(bytes.length + 1);
    moved.set(bytes, 1);
    const odd = Btf.parse(moved.subarray(1));
    expect(types.map((type) => odd.type(type.id))).toEqual(types);
  });

  it("accepts a header that grew", () => {
    const bytes = rawBtf(words, names.text, { header: { length: 32 } });
    const grown = new Uint8Array(bytes.length + 8);
    grown.set(bytes.subarray(0, 24));
    grown.set(bytes.subarray(24), 32);
    expect(Btf.parse(grown).type(1)).toEqual(types[0]);
  });

  it("gives void for id 0", () => {
    expect(btf.type(0)).toEqual({ kind: 0, id: 0, name: "" });
    expect(btf.nameOf(0)).toBe("");
  });
});

describe("BtfBuilder", () => {
  for (const littleEndian of [true, false]) {
    it(`writes every kind as hand-made ${littleEndian ? "little" : "big"}-endian bytes decode`, () => {
      const builder = new BtfBuilder({ littleEndian });
      for (const { type } of RECORDS) builder.add(type);
      const built = Btf.parse(builder.encode());
      expect(built.littleEndian).toBe(littleEndian);
      expect(types.map((type) => built.type(type.id))).toEqual(types);
      expect([...built.record(5)].slice(1)).toEqual(
        [...Btf.parse(rawBtf(words, names.text)).record(5)]
          .slice(1)
          .map((word, index) => (index === 2 || index === 5 ? built.record(5)[index + 1] : word)),
      );
    });
  }
});
