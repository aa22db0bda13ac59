import { describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { btfExtReferences, rewriteBtfExt } from "../../src/btf/btf-ext.ts";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { printC } from "../../src/btf/print-c.ts";
import { printTs } from "../../src/btf/print-ts.ts";
import { pruneBtf } from "../../src/btf/prune.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { MalformedError } from "../../src/errors.ts";
import { plainInt } from "./plain-int.ts";
import { info, rawBtf } from "./raw-btf.ts";

const INT = [1, info(1), 4, 32];
const TEXT = "\0int\0";

describe("Btf.parse refuses", () => {
  const cases: Readonly<Record<string, Uint8Array>> = {
    "an empty file": new Uint8Array(0),
    "a cut header": rawBtf([], TEXT).subarray(0, 23),
    "another magic number": rawBtf([], TEXT, { header: { magic: 0x1234 } }),
    "an unknown version": rawBtf([], TEXT, { header: { version: 2 } }),
    "a header that is too short": rawBtf([], TEXT, { header: { length: 20 } }),
    "a header longer than the file": rawBtf([], TEXT, { header: { length: 0xffffffff } }),
    "types past the end": rawBtf([INT], TEXT, { header: { typesAt: 0xfffffffc } }),
    "types that are too long": rawBtf([INT], TEXT, { header: { typesLength: 0xfffffffc } }),
    "half a word of types": rawBtf([INT], TEXT, { header: { typesLength: 15 } }),
    "strings past the end": rawBtf([INT], TEXT, { header: { stringsAt: 1000 } }),
    "strings that are too long": rawBtf([INT], TEXT, { header: { stringsLength: 6 } }),
    "strings without a final NUL": rawBtf([INT], "\0int"),
    "strings without a leading NUL": rawBtf([INT], "int\0"),
    "no strings at all": rawBtf([], ""),
    "half a record": rawBtf([INT, [0, info(2)]], TEXT),
    "kind 0": rawBtf([[0, info(0), 0]], TEXT),
    "an unknown kind": rawBtf([[0, info(20), 0]], TEXT),
    "unknown info bits": rawBtf([[0, info(2) | 0x00010000, 0]], TEXT),
    "more members than fit": rawBtf([[0, info(4, 0xffff), 0, 0, 0, 0]], TEXT),
    "a name past the strings": rawBtf([[5, info(2), 0]], TEXT),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    it(what, () => expect(() => Btf.parse(bytes)).toThrow(MalformedError));
  }
});

describe("Btf.type refuses", () => {
  const cases: Readonly<Record<string, number[]>> = {
    "a reference to a type that does not exist": [0, info(2), 2],
    "an element that does not exist": [0, info(3), 0, 9, 0, 1],
    "a member whose type does not exist": [0, info(4, 1), 4, 0, 7, 0],
    "a member whose name does not exist": [0, info(4, 1), 4, 99, 0, 0],
    "an enumerator whose name does not exist": [0, info(6, 1), 4, 99, 0],
    "an enum of 3 bytes": [0, info(6), 3],
    "an int wider than its bytes": [0, info(1), 4, 33],
    "an int without bits": [0, info(1), 4, 0],
    "an int of 32 bytes": [0, info(1), 32, 32],
    "a function of unknown linkage": [0, info(12, 3), 0],
    "a variable of unknown linkage": [0, info(14), 0, 3],
  };
  for (const [what, record] of Object.entries(cases)) {
    it(what, () => {
      const btf = Btf.parse(rawBtf([record], TEXT));
      expect(() => btf.type(1)).toThrow(MalformedError);
    });
  }

  it("ids that do not exist", () => {
    const btf = Btf.parse(rawBtf([INT], TEXT));
    for (const id of [2, -1, 0xffffffff, 1.5, Number.NaN]) {
      expect(() => btf.type(id), String(id)).toThrow(MalformedError);
      expect(() => btf.kind(id), String(id)).toThrow(MalformedError);
      expect(() => btf.nameOf(id), String(id)).toThrow(MalformedError);
    }
    for (const offset of [5, -1, 0xffffffff, Number.NaN]) {
      expect(() => btf.string(offset), String(offset)).toThrow(MalformedError);
    }
  });
});

describe("cycles and bombs end in MalformedError", () => {
  const asking = (btf: Btf, id: number) => [
    () => btf.sizeOf(id),
    () => btf.alignmentOf(id),
    () => btf.skipModifiers(id),
  ];

  it("a typedef of itself", () => {
    const btf = Btf.parse(rawBtf([[1, info(8), 1]], TEXT));
    for (const ask of asking(btf, 1)) expect(ask).toThrow(MalformedError);
  });

  it("two qualifiers around each other", () => {
    const btf = Btf.parse(
      rawBtf(
        [
          [0, info(9), 2],
          [0, info(10), 1],
        ],
        TEXT,
      ),
    );
    for (const ask of asking(btf, 1)) expect(ask).toThrow(MalformedError);
  });

  it("an array of itself", () => {
    const btf = Btf.parse(rawBtf([[0, info(3), 0, 1, 0, 1]], TEXT));
    for (const ask of asking(btf, 1).slice(0, 2)) expect(ask).toThrow(MalformedError);
  });

  it("a struct that contains itself", () => {
    const btf = Btf.parse(rawBtf([[0, info(4, 1), 4, 0, 1, 0]], TEXT));
    expect(() => btf.alignmentOf(1)).toThrow(MalformedError);
  });

  it("structs that double on every level", () => {
    const builder = new BtfBuilder();
    let inner = builder.add({ kind: BtfKind.Float, name: "f", size: 4 });
    for (let level = 0; level < 60; level++) {
      const member = { name: "m", typeId: inner, bitOffset: 0, bitSize: 0 };
      inner = builder.add({
        kind: BtfKind.Union,
        name: "",
        size: 4,
        kindFlag: false,
        members: [member, member],
      });
    }
    expect(builder.build().alignmentOf(inner)).toBe(4);
  });

  it("arrays that multiply past 4 GiB", () => {
    const builder = new BtfBuilder();
    let inner = builder.add({ kind: BtfKind.Float, name: "f", size: 4 });
    for (let level = 0; level < 40; level++) {
      inner = builder.add({
        kind: BtfKind.Array,
        name: "",
        elementId: inner,
        indexId: 1,
        length: 0xffffffff,
      });
    }
    const btf = builder.build();
    expect(() => btf.sizeOf(inner)).toThrow(MalformedError);
  });

  it("sizes of what has none", () => {
    const btf = Btf.parse(
      rawBtf(
        [
          [1, info(7), 0],
          [1, info(12), 3],
          [0, info(13), 0],
        ],
        TEXT,
      ),
    );
    for (const id of [0, 1, 2, 3]) {
      expect(() => btf.sizeOf(id)).toThrow(MalformedError);
      expect(() => btf.alignmentOf(id)).toThrow(MalformedError);
    }
  });
});

describe("damaged bytes", () => {
  it("never raise anything but MalformedError", () => {
    const builder = new BtfBuilder();
    const int = builder.add(plainInt());
    const array = builder.add({ kind: BtfKind.Array, name: "", elementId: int, indexId: int, length: 3 });
    builder.add({
      kind: BtfKind.Struct,
      name: "s",
      size: 16,
      kindFlag: false,
      members: [
        { name: "a", typeId: int, bitOffset: 0, bitSize: 0 },
        { name: "b", typeId: array, bitOffset: 32, bitSize: 0 },
      ],
    });
    builder.add({
      kind: BtfKind.Enum,
      name: "e",
      size: 4,
      signed: false,
      values: [{ name: "X", value: 1n }],
    });
    const whole = builder.encode();
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 5000; round++) {
      const bytes = whole.slice(0, random(8) === 0 ? random(whole.length) : whole.length);
      for (let flips = 1 + random(4); flips > 0 && bytes.length > 0; flips--) {
        bytes[random(bytes.length)] = random(256);
      }
      expectOnlyMalformed(bytes);
    }
  });
});

function expectOnlyMalformed(bytes: Uint8Array): void {
  const attempt = (action: () => unknown) => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      return undefined;
    }
  };
  const btf = attempt(() => Btf.parse(bytes)) as Btf | undefined;
  if (btf === undefined) return;
  for (let id = 1; id < btf.endId; id++) {
    attempt(() => btf.type(id));
    attempt(() => btf.sizeOf(id));
    attempt(() => btf.alignmentOf(id));
    attempt(() => btf.idsOfEssentialName(btf.nameOf(id)));
    attempt(() => printC(btf, { roots: [id] }));
    attempt(() => printTs(btf, [id]));
    attempt(() => pruneBtf(btf, { roots: [id] }));
  }
}

describe(".BTF.ext refuses", () => {
  const ext = (...words: number[]) => {
    const bytes = new Uint8Array(words.length * 4);
    const view = new DataView(bytes.buffer);
    words.forEach((word, index) => {
      view.setUint32(index * 4, word >>> 0, true);
    });
    return bytes;
  };
  const MAGIC = 0x0001eb9f;
  const whole = [MAGIC, 24, 0, 20, 20, 0, 8, 5, 1, 0, 7];
  const renumber = { typeId: (id: number) => id + 1, stringOffset: (offset: number) => offset + 10 };

  it("nothing when it is whole", () => {
    expect(btfExtReferences(ext(...whole))).toEqual({
      typeIds: new Set([7]),
      stringOffsets: new Set([5]),
    });
    expect(rewriteBtfExt(ext(...whole), renumber)).toEqual(ext(MAGIC, 24, 0, 20, 20, 0, 8, 15, 1, 0, 8));
  });

  const cases: Readonly<Record<string, Uint8Array>> = {
    "an empty section": ext(),
    "another magic number": ext(1, ...whole.slice(1)),
    "a header longer than the section": ext(MAGIC, 400, ...whole.slice(2)),
    "a section past the end": ext(MAGIC, 24, 400, ...whole.slice(3)),
    "a section that is too long": ext(MAGIC, 24, 0, 24, ...whole.slice(4)),
    "records that are too small": ext(...whole.slice(0, 6), 4, 5, 1, 0, 7),
    "records of half words": ext(...whole.slice(0, 6), 10, 5, 1, 0, 7),
    "more records than fit": ext(...whole.slice(0, 8), 0xffffffff, 0, 7),
    "half a section header": ext(MAGIC, 24, 0, 8, 8, 0, 8, 5),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    it(what, () => {
      expect(() => btfExtReferences(bytes)).toThrow(MalformedError);
      expect(() => rewriteBtfExt(bytes, renumber)).toThrow(MalformedError);
    });
  }
});
