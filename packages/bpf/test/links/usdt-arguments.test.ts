import { describe, expect, it } from "vitest";
import { InvalidArgumentError, NotImplementedError } from "../../src/errors.ts";
import { parseUsdtArguments } from "../../src/links/usdt-arguments.ts";
import { encodeUsdtSpec, USDT_SPEC_BYTES } from "../../src/links/usdt-spec.ts";

const x86 = (text: string) => parseUsdtArguments(text, "x86_64");
const arm = (text: string) => parseUsdtArguments(text, "aarch64");
const [RBP, RAX, RBX, RDI, RDX, R8, RIP] = [32, 80, 40, 112, 96, 72, 128];

describe("USDT arguments of x86-64", () => {
  it("reads registers of every width as the register that contains them", () => {
    expect(x86("8@%rax -4@%eax 2@%ax 1@%al").map((a) => a.location)).toEqual(
      Array(4).fill({ kind: "register", register: RAX }),
    );
    expect(x86("1@%dil -4@%r8d 2@%r8w 1@%r8b").map((a) => a.location)).toEqual([
      { kind: "register", register: RDI },
      ...Array(3).fill({ kind: "register", register: R8 }),
    ]);
  });

  it("reads size and signedness from the number before the @", () => {
    expect(x86("-4@%esi 2@%ax").map((a) => [a.size, a.signed])).toEqual([
      [4, true],
      [2, false],
    ]);
  });

  it("reads constants, negative and hexadecimal too", () => {
    expect(x86("-4@$-9 4@$0x10 8@$18446744073709551615").map((a) => a.location)).toEqual([
      { kind: "constant", value: -9n },
      { kind: "constant", value: 16n },
      { kind: "constant", value: 18446744073709551615n },
    ]);
  });

  it("reads memory behind a register, with and without an offset", () => {
    expect(x86("-4@-1204(%rbp) 8@(%rdx) 8@0x18(%rbx)").map((a) => a.location)).toEqual([
      { kind: "memory", register: RBP, offset: -1204n },
      { kind: "memory", register: RDX, offset: 0n },
      { kind: "memory", register: RBX, offset: 24n },
    ]);
  });

  it("reads base, index and scale", () => {
    expect(x86("8@16(%rax,%rbx,4) 8@(%rax,%rbx)").map((a) => a.location)).toEqual([
      { kind: "scaled-index", register: RAX, index: RBX, shift: 2, offset: 16n },
      { kind: "scaled-index", register: RAX, index: RBX, shift: 0, offset: 0n },
    ]);
  });

  it("reads variables addressed from the program counter", () => {
    expect(x86("4@counter(%rip) 4@table+8(%rip) 4@4+table(%rip)").map((a) => a.location)).toEqual([
      { kind: "variable", register: RIP, symbol: "counter", offset: 0n },
      { kind: "variable", register: RIP, symbol: "table", offset: 8n },
      { kind: "variable", register: RIP, symbol: "table", offset: 4n },
    ]);
  });

  it("gives no arguments for an empty string", () => {
    expect(x86("")).toEqual([]);
    expect(x86("  ")).toEqual([]);
  });

  it.each([
    "8@%xmm0",
    "8f@%xmm0",
    "1@%ah",
    "3@%rax",
    "rax",
    "8@12(%rip)",
    "8@(%rax,%rbx,3)",
    "@%rax",
    "8@",
    "8@()",
  ])("refuses %s in words", (text) => {
    expect(() => x86(text)).toThrow(NotImplementedError);
  });

  it("refuses more arguments than a program can read", () => {
    expect(() => x86(Array(13).fill("8@%rax").join(" "))).toThrow(InvalidArgumentError);
  });
});

describe("USDT arguments of arm64", () => {
  it("reads registers, memory with blanks inside the brackets, and constants", () => {
    expect(arm("-4@[sp, 60] 8@[x19] 8@x1 -4@w2 -4@5 4@-1").map((a) => a.location)).toEqual([
      { kind: "memory", register: 248, offset: 60n },
      { kind: "memory", register: 152, offset: 0n },
      { kind: "register", register: 8 },
      { kind: "register", register: 16 },
      { kind: "constant", value: 5n },
      { kind: "constant", value: -1n },
    ]);
  });

  it("refuses registers that do not exist", () => {
    expect(() => arm("8@x31")).toThrow(NotImplementedError);
    expect(() => arm("8@v0")).toThrow(NotImplementedError);
  });
});

it("refuses the arguments of a machine it does not know", () => {
  expect(() => parseUsdtArguments("8@%r2", "s390x")).toThrow(NotImplementedError);
  expect(parseUsdtArguments("", "s390x")).toEqual([]);
});

describe("the record that bpf_usdt_arg() reads", () => {
  const encode = (text: string, scaledIndex = false) =>
    new DataView(encodeUsdtSpec(x86(text), 0x1122n, { scaledIndex, addressFromProbe: () => -0x100n }).buffer);

  it("has the layout of usdt.bpf.h", () => {
    const view = encode("-4@-8(%rbp) 1@%al");
    expect(view.byteLength).toBe(USDT_SPEC_BYTES);
    expect(USDT_SPEC_BYTES).toBe(208);
    expect([view.getBigInt64(0, true), view.getUint32(8, true), view.getInt16(12, true)]).toEqual([
      -8n,
      2,
      RBP,
    ]);
    expect([view.getUint8(14), view.getInt8(15)]).toEqual([1, 32]);
    expect([view.getUint32(24, true), view.getInt16(28, true), view.getInt8(31)]).toEqual([1, RAX, 56]);
    expect([view.getBigUint64(192, true), view.getInt16(200, true)]).toEqual([0x1122n, 2]);
  });

  it("packs a scaled index into the bytes of the type", () => {
    const view = encode("8@16(%rax,%rbx,4)", true);
    expect(view.getUint32(8, true)).toBe(3 | (RBX << 8) | (2 << 20));
    expect(() => encode("8@16(%rax,%rbx,4)")).toThrow(NotImplementedError);
  });

  it("turns a variable into a distance from the probe", () => {
    expect(encode("4@counter+4(%rip)").getBigInt64(0, true)).toBe(-0xfcn);
  });
});
