import { expect, it } from "vitest";
import type { Btf } from "../../src/btf/btf.ts";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { decoderOf } from "../../src/codec/decoder.ts";
import { encoderOf } from "../../src/codec/encoder.ts";
import { viewOf } from "../../src/codec/view.ts";
import { BpfError, MalformedError } from "../../src/errors.ts";
import { plainInt } from "../btf/plain-int.ts";

interface Member {
  readonly name: string;
  readonly typeId: number;
  readonly bitOffset: number;
  readonly bitSize?: number;
}

class Types {
  readonly builder = new BtfBuilder();

  int(size = 4, name = "unsigned int"): number {
    return this.builder.add(plainInt(name, size, false));
  }

  record(
    size: number,
    members: readonly Member[],
    kind: typeof BtfKind.Struct | typeof BtfKind.Union = BtfKind.Struct,
  ) {
    const all = members.map((member) => ({ bitSize: 0, ...member }));
    return this.builder.add({
      kind,
      name: "hostile",
      size,
      kindFlag: all.some(({ bitSize }) => bitSize > 0),
      members: all,
    });
  }

  array(elementId: number, length: number): number {
    return this.builder.add({ kind: BtfKind.Array, name: "", elementId, indexId: elementId, length });
  }

  build(): Btf {
    return this.builder.build();
  }
}

const words = new DataView(Uint32Array.from({ length: 16 }, (_, index) => index + 1).buffer);

it("makes own properties of names that mean something to JavaScript", () => {
  const types = new Types();
  const int = types.int();
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    'a"];throw 1;//',
    "`$`",
    "\u2028",
    "a\\",
    "$",
    "0",
  ];
  const id = types.record(
    40,
    names.map((name, index) => ({ name, typeId: int, bitOffset: index * 32 })),
  );
  const btf = types.build();
  const value = decoderOf(btf, id).decode(words, 0, 40) as Record<string, number>;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  for (const [index, name] of names.entries())
    expect(Object.getOwnPropertyDescriptor(value, name)?.value).toBe(index + 1);
  expect(({} as Record<string, unknown>).pid).toBeUndefined();

  const view = viewOf(btf, id);
  view.bind(words, 0, 40);
  for (const [index, name] of names.entries()) expect(view.record[name]).toBe(index + 1);

  const bytes = new DataView(new ArrayBuffer(40));
  encoderOf(btf, id).encode(value, bytes, 0);
  expect(new Uint8Array(bytes.buffer)).toEqual(new Uint8Array(words.buffer, 0, 40));
});

it("does not take inherited properties for members", () => {
  const types = new Types();
  const id = types.record(4, [{ name: "toString", typeId: types.int(), bitOffset: 0 }]);
  const bytes = new DataView(new ArrayBuffer(4));
  encoderOf(types.build(), id).encode({}, bytes, 0);
  expect(bytes.getUint32(0, true)).toBe(0);
});

it.each<[string, (types: Types) => number]>([
  [
    "a struct in itself",
    (types) => types.record(4, [{ name: "again", typeId: types.builder.nextId, bitOffset: 0 }]),
  ],
  [
    "a member behind the end",
    (types) => types.record(4, [{ name: "a", typeId: types.int(), bitOffset: 32 }]),
  ],
  [
    "a member that ends behind the end",
    (types) => types.record(6, [{ name: "a", typeId: types.int(), bitOffset: 24 }]),
  ],
  [
    "a bitfield behind the end",
    (types) => types.record(1, [{ name: "a", typeId: types.int(), bitOffset: 4, bitSize: 5 }]),
  ],
  [
    "a bitfield wider than its type",
    (types) => types.record(8, [{ name: "a", typeId: types.int(1), bitOffset: 0, bitSize: 9 }]),
  ],
  [
    "a bitfield of structs",
    (types) => types.record(8, [{ name: "a", typeId: types.record(4, []), bitOffset: 0, bitSize: 3 }]),
  ],
  ["an array of 2^32 integers", (types) => types.array(types.int(), 0xffffffff)],
  ["arrays of arrays of 2^36 bytes", (types) => types.array(types.array(types.int(1), 1 << 18), 1 << 18)],
  ["2^25 values", (types) => types.array(types.int(1), 1 << 25)],
  [
    "a function",
    (types) => types.builder.add({ kind: BtfKind.FuncProto, name: "", returnId: 0, params: [] }),
  ],
  [
    "a type that is only declared",
    (types) => types.builder.add({ kind: BtfKind.Fwd, name: "later", union: false }),
  ],
  ["void", () => 0],
])("refuses %s", (_, build) => {
  const types = new Types();
  const id = build(types);
  const btf = types.build();
  expect(() => decoderOf(btf, id)).toThrow(MalformedError);
  expect(() => encoderOf(btf, id)).toThrow(MalformedError);
});

it("refuses unions that would double the work at each of 40 levels", () => {
  const types = new Types();
  let id = types.int();
  for (let level = 0; level < 40; level++)
    id = types.record(
      4,
      ["a", "b"].map((name) => ({ name, typeId: id, bitOffset: 0 })),
      BtfKind.Union,
    );
  expect(() => decoderOf(types.build(), id)).toThrow(MalformedError);
});

it("refuses anonymous unions that would double the members at each level", () => {
  const types = new Types();
  let id = types.record(4, [{ name: "x", typeId: types.int(), bitOffset: 0 }]);
  for (let level = 0; level < 30; level++)
    id = types.record(
      4,
      ["", ""].map((name) => ({ name, typeId: id, bitOffset: 0 })),
      BtfKind.Union,
    );
  expect(() => decoderOf(types.build(), id)).toThrow(MalformedError);
});

it("reads nothing from any number of elements without bytes", () => {
  const types = new Types();
  const empty = types.record(0, []);
  const id = types.array(types.array(empty, 0xffffffff), 0xffffffff);
  expect(decoderOf(types.build(), id).decode(words, 0, 64)).toEqual([]);
});

it("writes code that stays linear in the number of types", () => {
  const types = new Types();
  let id = types.int();
  for (let level = 0; level < 12; level++) {
    const size = 4 * 2 ** (level + 1);
    id = types.record(size, [
      { name: "a", typeId: id, bitOffset: 0 },
      { name: "b", typeId: id, bitOffset: size * 4 },
    ]);
  }
  const data = new DataView(new ArrayBuffer(4 * 4096));
  expect(decoderOf(types.build(), id).decode(data, 0, data.byteLength)).toHaveProperty(
    "a.b.a.b.a.b.a.b.a.b.a.b",
    0,
  );
});

it("answers any random struct with a value or an error of its own", () => {
  let seed = 12345;
  const random = (limit: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % limit;
  };
  for (let round = 0; round < 500; round++) {
    const types = new Types();
    const ids = [types.int(1), types.int(2), types.int(8), types.int(3), types.int(16)];
    for (let count = 0; count < 6; count++) {
      const pick = () => ids[random(ids.length)] ?? 0;
      if (random(3) === 0) ids.push(types.array(pick(), random(9)));
      else {
        const members = Array.from({ length: random(5) }, (_, index) => {
          const bitSize = random(4) === 0 ? random(40) : 0;
          return {
            name: random(4) === 0 ? "" : `m${index}`,
            typeId: pick(),
            bitOffset: random(16) * (bitSize ? 3 : 8),
            bitSize,
          };
        });
        ids.push(types.record(random(40), members, random(4) === 0 ? BtfKind.Union : BtfKind.Struct));
      }
    }
    const btf = types.build();
    for (const id of ids)
      try {
        const decoder = decoderOf(btf, id);
        if (decoder.size > 64) continue;
        const value = decoder.decode(words, 0, decoder.size);
        const bytes = new DataView(new ArrayBuffer(decoder.size));
        encoderOf(btf, id).encode(value, bytes, 0);
      } catch (error) {
        expect(error).toBeInstanceOf(BpfError);
      }
  }
});
