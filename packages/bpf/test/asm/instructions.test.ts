import { describe, expect, it } from "vitest";
import { decodeInstructions } from "../../src/asm/decode.ts";
import { disassemble, disassembleAll } from "../../src/asm/disassemble.ts";
import { encodeInstructions } from "../../src/asm/encode.ts";
import { helperName } from "../../src/asm/helper-names.ts";
import type { Instruction } from "../../src/asm/instruction.ts";
import { InvalidArgumentError, MalformedError } from "../../src/errors.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

describe("decoding and encoding", () => {
  it("decodes both byte orders to the same fields", () => {
    const expected = { code: 0x61, dst: 1, src: 2, off: -8, imm: -2 };
    expect(decodeInstructions(bytesOf("61 21 f8 ff fe ff ff ff"), true)).toEqual([expected]);
    expect(decodeInstructions(bytesOf("61 12 ff f8 ff ff ff fe"), false)).toEqual([expected]);
  });

  it.each([true, false])("gives back the bytes it read (little endian: %s)", (littleEndian) => {
    const bytes = Uint8Array.from({ length: 8 * 256 }, (_, at) => (at * 167 + 13) & 0xff);
    expect(encodeInstructions(decodeInstructions(bytes, littleEndian), littleEndian)).toEqual(bytes);
  });

  it("refuses half an instruction", () => {
    expect(() => decodeInstructions(new Uint8Array(12), true)).toThrow(MalformedError);
  });

  it.each([{ code: 256 }, { dst: 16 }, { src: -1 }, { off: 32768 }, { imm: 2 ** 31 }, { imm: 0.5 }])(
    "refuses to encode %j",
    (wrong) => {
      const instruction: Instruction = { code: 0xb7, dst: 0, src: 0, off: 0, imm: 0, ...wrong };
      expect(() => encodeInstructions([instruction], true)).toThrow(InvalidArgumentError);
    },
  );
});

describe("helper names", () => {
  it("knows helpers by id", () => {
    expect(helperName(1)).toBe("bpf_map_lookup_elem");
    expect(helperName(130)).toBe("bpf_ringbuf_output");
    expect(helperName(0)).toBeUndefined();
    expect(helperName(9999)).toBeUndefined();
  });
});

describe("disassembly", () => {
  it.each([
    ["b7 01 00 00 2a 00 00 00", "r1 = 42"],
    ["b4 01 00 00 ff ff ff ff", "w1 = -1"],
    ["bf 21 00 00 00 00 00 00", "r1 = r2"],
    ["bf 21 08 00 00 00 00 00", "r1 = (s8)r2"],
    ["0f 21 00 00 00 00 00 00", "r1 += r2"],
    ["c7 01 00 00 20 00 00 00", "r1 s>>= 32"],
    ["3f 21 01 00 00 00 00 00", "r1 s/= r2"],
    ["87 03 00 00 00 00 00 00", "r3 = -r3"],
    ["dc 01 00 00 10 00 00 00", "r1 = be16 r1"],
    ["d7 01 00 00 40 00 00 00", "r1 = bswap64 r1"],
    ["61 11 08 00 00 00 00 00", "r1 = *(u32 *)(r1 +8)"],
    ["99 21 f8 ff 00 00 00 00", "r1 = *(s64 *)(r2 -8)"],
    ["63 1a fc ff 00 00 00 00", "*(u32 *)(r10 -4) = r1"],
    ["7a 0a f8 ff 05 00 00 00", "*(u64 *)(r10 -8) = 5"],
    ["db 10 00 00 00 00 00 00", "lock *(u64 *)(r0 +0) += r1"],
    ["db 10 00 00 01 00 00 00", "r1 = atomic64_fetch_add((u64 *)(r0 +0), r1)"],
    ["c3 10 08 00 f1 00 00 00", "r0 = atomic_cmpxchg((u32 *)(r0 +8), r0, r1)"],
    ["15 00 03 00 00 00 00 00", "if r0 == 0x0 goto pc+3"],
    ["ad 21 fe ff 00 00 00 00", "if r1 < r2 goto pc-2"],
    ["56 01 01 00 ff ff ff ff", "if w1 != 0xffffffff goto pc+1"],
    ["05 00 05 00 00 00 00 00", "goto pc+5"],
    ["85 00 00 00 0e 00 00 00", "call bpf_get_current_pid_tgid#14"],
    ["85 10 00 00 07 00 00 00", "call pc+7"],
    ["85 20 00 00 07 00 00 00", "call kernel-function#7"],
    ["95 00 00 00 00 00 00 00", "exit"],
    ["ff 00 00 00 00 00 00 00", "BUG_ff"],
  ])("%s is %s", (hex, text) => {
    expect(disassemble(decodeInstructions(bytesOf(hex), true)[0]!)).toBe(text);
  });

  it("joins the two halves of a 64-bit load", () => {
    const code = decodeInstructions(
      bytesOf("18 01 00 00 88 77 66 f5 00 00 00 00 44 33 22 f1 95 00 00 00 00 00 00 00"),
      true,
    );
    expect(disassembleAll(code)).toEqual(["0: r1 = 0xf1223344f5667788", "2: exit"]);
  });

  it("has a word for everything that clang writes", () => {
    const spec = readSpec(compileFixture("references.bpf.c"));
    const lines = [...spec.programs, ...spec.subprograms].flatMap((fn) => disassembleAll(fn.instructions));
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((line) => line.includes("BUG") || line.includes("undefined"))).toEqual([]);
  });

  it("prints something for every possible code", () => {
    for (let code = 0; code < 256; code++) {
      for (const imm of [0, 1, 0xe1, -1]) {
        expect(disassemble({ code, dst: 1, src: 2, off: 1, imm })).toMatch(/^[\w*(]/);
      }
    }
  });
});
