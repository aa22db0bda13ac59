import { describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { BtfBuilder } from "../../src/btf/builder.ts";
import type { NewBtfType } from "../../src/btf/encode-type.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { CoreKind } from "../../src/relocate/core/kinds.ts";
import { CoreRelocator } from "../../src/relocate/core/relocate-core.ts";
import { typesAreCompatible } from "../../src/relocate/core/type-compatibility.ts";
import { typesMatch } from "../../src/relocate/core/type-match.ts";
import { plainInt } from "../btf/plain-int.ts";

type Member = readonly [name: string, typeId: number, bitOffset: number, bitSize?: number];

/** A small BTF, type by type; each call gives the id. */
class Types {
  readonly #builder = new BtfBuilder();
  add(type: NewBtfType): number {
    return this.#builder.add(type);
  }
  int(name: string, size: number, signed = false): number {
    return this.add(plainInt(name, size, signed));
  }
  pointer(typeId: number): number {
    return this.add({ kind: BtfKind.Ptr, name: "", typeId, kindFlag: false });
  }
  struct(name: string, size: number, ...members: Member[]): number {
    return this.composite(BtfKind.Struct, name, size, members);
  }
  union(name: string, size: number, ...members: Member[]): number {
    return this.composite(BtfKind.Union, name, size, members);
  }
  composite(
    kind: typeof BtfKind.Struct | typeof BtfKind.Union,
    name: string,
    size: number,
    list: Member[],
  ): number {
    const members = list.map(([name, typeId, bitOffset, bitSize = 0]) => ({
      name,
      typeId,
      bitOffset,
      bitSize,
    }));
    return this.add({ kind, name, size, kindFlag: list.some(([, , , bits]) => bits !== undefined), members });
  }
  enumeration(
    name: string,
    size: number,
    values: Record<string, bigint>,
    wide = false,
    signed = false,
  ): number {
    const list = Object.entries(values).map(([name, value]) => ({ name, value }));
    return this.add({ kind: wide ? BtfKind.Enum64 : BtfKind.Enum, name, size, signed, values: list });
  }
  fwd(name: string, union = false): number {
    return this.add({ kind: BtfKind.Fwd, name, union });
  }
  proto(returnId: number, ...params: number[]): number {
    return this.add({
      kind: BtfKind.FuncProto,
      name: "",
      returnId,
      params: params.map((typeId) => ({ name: "", typeId })),
    });
  }
  btf(): Btf {
    return Btf.parse(this.#builder.encode());
  }
}

/** Compares one type of each side with a predicate. */
function compare(
  predicate: typeof typesMatch,
  local: (types: Types) => number,
  target: (types: Types) => number,
): boolean {
  const [a, b] = [new Types(), new Types()];
  const [localId, targetId] = [local(a), target(b)];
  return predicate(a.btf(), localId, b.btf(), targetId);
}
const matches = (a: (t: Types) => number, b: (t: Types) => number) => compare(typesMatch, a, b);
const compatible = (a: (t: Types) => number, b: (t: Types) => number) => compare(typesAreCompatible, a, b);

describe("matching types", () => {
  const point = (t: Types) =>
    t.struct("point", 8, ["x", t.int("int", 4, true), 0], ["y", t.int("int", 4, true), 32]);

  it("wants every local member, at any offset", () => {
    const wider = (t: Types) => {
      const int = t.int("int", 4, true);
      return t.struct("point", 16, ["z", int, 0], ["y", int, 32], ["x", int, 64]);
    };
    expect(matches(point, wider)).toBe(true);
    expect(matches(wider, point)).toBe(false);
  });

  it("wants the size and the sign of integers, which compatibility does not", () => {
    expect(
      matches(
        (t) => t.int("int", 4, true),
        (t) => t.int("int", 4, false),
      ),
    ).toBe(false);
    expect(
      matches(
        (t) => t.int("int", 4, true),
        (t) => t.int("int", 8, true),
      ),
    ).toBe(false);
    expect(
      compatible(
        (t) => t.int("int", 4, true),
        (t) => t.int("long", 8, false),
      ),
    ).toBe(true);
  });

  it("looks only at name and kind behind a pointer", () => {
    const other = (t: Types) => t.struct("point", 1);
    expect(
      matches(
        (t) => t.pointer(point(t)),
        (t) => t.pointer(other(t)),
      ),
    ).toBe(true);
    expect(
      matches(
        (t) => t.pointer(point(t)),
        (t) => t.pointer(t.fwd("point")),
      ),
    ).toBe(true);
    expect(
      matches(
        (t) => t.pointer(point(t)),
        (t) => t.pointer(t.fwd("point", true)),
      ),
    ).toBe(false);
    expect(
      matches(
        (t) => t.pointer(point(t)),
        (t) => t.pointer(t.union("point", 8)),
      ),
    ).toBe(false);
    expect(matches(point, other)).toBe(false);
  });

  it("matches enumerators by name, whatever their number and width of declaration", () => {
    const colours = (t: Types) => t.enumeration("colour", 4, { RED: 1n, BLUE: 2n });
    expect(matches(colours, (t) => t.enumeration("colour", 4, { BLUE: 7n, GREEN: 8n, RED: 9n }))).toBe(true);
    expect(matches(colours, (t) => t.enumeration("colour", 4, { BLUE: 7n, RED: 9n }, true))).toBe(true);
    expect(matches(colours, (t) => t.enumeration("colour", 8, { BLUE: 7n, RED: 9n }, true))).toBe(false);
    expect(matches(colours, (t) => t.enumeration("colour", 4, { RED: 1n, GREEN: 2n }))).toBe(false);
  });

  it("compares arguments and results of functions", () => {
    const callback = (t: Types) => t.proto(t.int("int", 4, true), t.int("long", 8, true));
    expect(matches(callback, callback)).toBe(true);
    expect(matches(callback, (t) => t.proto(t.int("int", 4, true)))).toBe(false);
    expect(matches(callback, (t) => t.proto(t.int("int", 4, true), t.int("long", 4, true)))).toBe(false);
    expect(compatible(callback, (t) => t.proto(t.int("int", 4, true), t.int("long", 4, true)))).toBe(true);
  });

  it("gives up on a struct that holds itself, which only a forged BTF has", () => {
    const forged = (t: Types) => t.struct("again", 8, ["a", 1, 0], ["b", 1, 0], ["c", 1, 0]);
    expect(() => matches(forged, forged)).toThrow(/nests deeper/);
  });
});

describe("several types of one name", () => {
  const local = new Types();
  const int = local.int("int", 4, true);
  const sample = local.struct("sample", 8, ["a", int, 0], ["b", int, 32]);
  const relocator = (target: Btf) => new CoreRelocator(local.btf(), { kernel: target, modules: () => [] });
  const offset = (access: string) => ({ insn: 0, typeId: sample, access, kind: CoreKind.FieldByteOffset });

  it("are no trouble while they agree", () => {
    const types = new Types();
    const int = types.int("int", 4, true);
    types.struct("sample", 16, ["pad", int, 0], ["b", int, 64]);
    types.struct("sample___other", 32, ["b", int, 64]);
    expect(relocator(types.btf()).resolve(offset("0:1")).newValue).toBe(8n);
  });

  it("are an error when they do not", () => {
    const types = new Types();
    const int = types.int("int", 4, true);
    types.struct("sample", 16, ["b", int, 64]);
    types.struct("sample", 16, ["b", int, 96]);
    expect(() => relocator(types.btf()).resolve(offset("0:1"))).toThrow(
      /several types named sample .*bit offsets 64 and 96/,
    );
  });

  it("that were ruled out once stay out", () => {
    const types = new Types();
    const int = types.int("int", 4, true);
    types.struct("sample", 16, ["a", int, 0], ["b", int, 64]);
    types.struct("sample", 16, ["b", int, 96]);
    const core = relocator(types.btf());
    expect(core.resolve(offset("0:0")).newValue).toBe(0n);
    expect(core.resolve(offset("0:1")).newValue).toBe(8n);
  });
});

describe("values of enumerators", () => {
  const ask = (wide: boolean, value: bigint, signed = false) => {
    const local = new Types();
    const typeId = local.enumeration("e", 4, { V: 1n });
    const types = new Types();
    types.enumeration("e", wide ? 8 : 4, { V: value }, wide, signed);
    const core = new CoreRelocator(local.btf(), { kernel: types.btf(), modules: () => [] });
    return core.resolve({ insn: 0, typeId, access: "0", kind: CoreKind.EnumValue }).newValue;
  };

  it("are whole in 64 bits", () => {
    expect(ask(true, 0x1234_5678_9abc_def0n)).toBe(0x1234_5678_9abc_def0n);
    expect(ask(true, -2n, true)).toBe(0xffff_ffff_ffff_fffen);
  });

  it("are sign-extended from 32 bits as libbpf does, even when the enum is unsigned", () => {
    expect(ask(false, -3n, true)).toBe(0xffff_ffff_ffff_fffdn);
    expect(ask(false, 0xffff_ffffn)).toBe(0xffff_ffff_ffff_ffffn);
  });
});

describe("bitfields", () => {
  const ask = (kind: number, bitOffset: number, bitSize: number, size: number) => {
    const types = new Types();
    const int = types.int("int", size, true);
    const typeId = types.struct("s", 16, ["f", int, bitOffset, bitSize]);
    const btf = types.btf();
    return new CoreRelocator(btf, { kernel: btf, modules: () => [] }).resolve({
      insn: 0,
      typeId,
      access: "0:0",
      kind,
    });
  };

  it("are read with the smallest aligned unit that holds them, beginning with their declared type", () => {
    expect(ask(CoreKind.FieldByteOffset, 30, 4, 4)).toMatchObject({ newValue: 0n, validate: false });
    expect(ask(CoreKind.FieldByteSize, 30, 4, 4).newValue).toBe(8n);
    expect(ask(CoreKind.FieldByteOffset, 37, 3, 1).newValue).toBe(4n);
    expect(ask(CoreKind.FieldLShiftU64, 37, 3, 1).newValue).toBe(56n);
    expect(ask(CoreKind.FieldRShiftU64, 37, 3, 1)).toMatchObject({ newValue: 61n, validate: true });
  });

  it("that no load can hold are an error", () => {
    expect(() => ask(CoreKind.FieldByteOffset, 60, 20, 4)).toThrow(/cannot be read with one 64-bit load/);
  });
});
