import { describe, expect, it } from "vitest";
import type { Instruction } from "../../src/asm/instruction.ts";
import { Btf } from "../../src/btf/btf.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { POISON_HELPER } from "../../src/relocate/core/patch.ts";
import { CoreRelocator, type Poisoned } from "../../src/relocate/core/relocate-core.ts";
import type { ProgramSpec } from "../../src/spec/object-spec.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";

const local = readSpec(compileFixture("core/local.bpf.c"));
const target = readSpec(compileFixture("core/target.bpf.c")).btf!;

function relocate(name: string): { code: Instruction[]; poisoned: Poisoned[] } {
  const program = local.programs.find((candidate) => candidate.name === name)!;
  const core = new CoreRelocator(local.btf!, { kernel: target, modules: () => [] });
  const code = program.instructions.map((insn) => ({ ...insn }));
  return { code, poisoned: core.relocate(program, code, program.coreRelocations) };
}

/** The constant that `r0 = N; exit` returns, in 32 or 64 bits. */
function returned(code: readonly Instruction[]): bigint {
  const [first, second] = code;
  if (first?.code === 0x18) return BigInt.asIntN(64, (BigInt(second!.imm) << 32n) | BigInt(first.imm >>> 0));
  return BigInt(first!.imm);
}

function named(prefix: string): ProgramSpec[] {
  return local.programs.filter(({ name }) => name.startsWith(prefix));
}

describe("CO-RE against types of another layout", () => {
  it.each(named("expect_").map(({ name }) => name))("%s", (name) => {
    const [, sign, digits] = /^expect_(m?)(\d+)_/.exec(name)!;
    const { code, poisoned } = relocate(name);
    expect(poisoned).toEqual([]);
    expect(returned(code)).toBe(BigInt(digits!) * (sign === "m" ? -1n : 1n));
  });

  it.each(named("fails_").map(({ name }) => name))("%s", (name) => {
    const { code, poisoned } = relocate(name);
    expect(poisoned).toHaveLength(1);
    expect(code[poisoned[0]!.insn]).toEqual({ code: 0x85, dst: 0, src: 0, off: 0, imm: POISON_HELPER });
  });

  it("says in C what the kernel lacks", () => {
    expect(relocate("fails_field_that_is_gone").poisoned[0]?.what).toBe("struct moved.b (0:1)");
    expect(relocate("fails_element_past_the_end").poisoned[0]?.what).toBe("struct arrays.fixed[3] (0:0:3)");
    expect(relocate("fails_enumerator_that_is_gone").poisoned[0]?.what).toBe("enum numbers::LOST");
    expect(relocate("fails_field_that_is_gone").poisoned[0]?.resized).toBeUndefined();
  });

  it("says what the kernel has in another size", () => {
    const sizes = (name: string) => relocate(name).poisoned[0]?.resized;
    expect(sizes("fails_load_of_a_signed_field_that_grew")).toEqual({ program: 4, kernel: 8 });
    expect(sizes("fails_load_of_a_bitfield_that_is_plain_now")).toEqual({ program: "bitfield", kernel: 1 });
  });

  it("gives the ids of types in either BTF", () => {
    const own = local.btf!.find("gone", BtfKind.Struct)!;
    expect(returned(relocate("target_id_of_moved").code)).toBe(BigInt(target.find("moved", BtfKind.Struct)!));
    expect(returned(relocate("local_id_of_gone").code)).toBe(BigInt(own));
  });

  it("reads an unsigned integer in its new width", () => {
    expect(relocate("load_shrunk").code[0]).toMatchObject({ code: 0x61, off: 8 }); // u32 instead of u64
    expect(relocate("load_pointer").code[0]).toMatchObject({ code: 0x79, off: 24 });
    expect(relocate("load_text").code[0]).toMatchObject({ code: 0x71, off: 34 });
  });

  it("poisons both slots of a wide load", () => {
    const { code } = relocate("fails_enumerator_that_is_gone");
    const slots = code.filter((insn) => insn.imm === POISON_HELPER);
    expect(slots.every((insn) => insn.code === 0x85)).toBe(true);
    expect(slots.length).toBe(
      local.programs.find(({ name }) => name === "fails_enumerator_that_is_gone")!.instructions[0]!.code ===
        0x18
        ? 2
        : 1,
    );
  });

  it("refuses code that does not hold what the object's types say", () => {
    const program = local.programs.find(({ name }) => name === "expect_16_moved_field")!;
    const core = new CoreRelocator(local.btf!, { kernel: target, modules: () => [] });
    const code = program.instructions.map((insn) => ({ ...insn, imm: insn.imm + 1 }));
    expect(() => core.relocate(program, code, program.coreRelocations)).toThrow(
      /holds .* where the object's types say/,
    );
  });

  it("refuses forged access strings", () => {
    const core = new CoreRelocator(local.btf!, { kernel: target, modules: () => [] });
    const typeId = local.btf!.find("moved", BtfKind.Struct)!;
    for (const access of ["", ":", "0:", "-1", "0:99", "0:0:0", "0:4294967296", "0:1".repeat(100)]) {
      expect(() => core.resolve({ insn: 0, typeId, access, kind: 0 })).toThrow(/CO-RE access/);
    }
    expect(() => core.resolve({ insn: 0, typeId, access: "0", kind: 13 })).toThrow(/kind 13 is unknown/);
  });

  it("looks at modules only for types that the kernel itself lacks", () => {
    const empty = Btf.parse(emptyBtf());
    let asked = 0;
    const modules = () => {
      asked += 1;
      return [target];
    };
    const core = new CoreRelocator(local.btf!, { kernel: empty, modules });
    const typeId = local.btf!.find("moved", BtfKind.Struct)!;
    expect(core.resolve({ insn: 0, typeId, access: "0:0", kind: 0 }).newValue).toBe(16n);
    expect(asked).toBe(1);
  });
});

function emptyBtf(): Uint8Array {
  const bytes = new Uint8Array(25);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, 24, true);
  view.setUint32(20, 1, true);
  return bytes;
}
