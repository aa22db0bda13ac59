import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readElf } from "../../src/elf/read-elf.ts";
import { InvalidArgumentError, NotImplementedError } from "../../src/errors.ts";
import { parseUsdtArguments, type UsdtArgument } from "../../src/links/usdt-arguments.ts";
import { usdtNotes } from "../../src/links/usdt-notes.ts";
import { encodeUsdtSpec, USDT_SPEC_BYTES } from "../../src/links/usdt-spec.ts";
import { hasSdtHeader } from "./native-program.ts";

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

/** `i32 [x29+104]`: the type, and the place by the names of the machine's registers. */
function armText({ size, signed, location }: UsdtArgument): string {
  const type = `${signed ? "i" : "u"}${size * 8}`;
  if (location.kind === "constant") return `${type} ${location.value}`;
  const number = location.register / 8;
  const register = number === 31 ? "sp" : `x${number}`;
  if (location.kind !== "memory") return `${type} ${register}`;
  return `${type} [${register}${location.offset < 0n ? "" : "+"}${location.offset}]`;
}

/** Notes alone matter, so that nothing is linked. */
function compileForArm64(): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "skep-arm64-"));
  try {
    const source = fileURLToPath(new URL("../fixtures/native/arm64-probes.c", import.meta.url));
    const output = join(directory, "probes.o");
    const headers = ["-I/usr/include/x86_64-linux-gnu", "-I/usr/include/aarch64-linux-gnu"];
    const flags = ["--target=aarch64-linux-gnu", "-ffreestanding", "-O2", ...headers];
    execFileSync("clang", [...flags, "-c", "-o", output, source]);
    return readFileSync(output);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

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

  /** As compilers write them, in programs and libraries of arm64 distributions. */
  it.each<[string, readonly string[]]>([
    ["8@x0 -4@w1 8@x30", ["u64 x0", "i32 x1", "u64 x30"]],
    ["8@x19 8@x0", ["u64 x19", "u64 x0"]],
    ["8@[x29, 104] 8@x21 -4@w3 1@[sp, 47]", ["u64 [x29+104]", "u64 x21", "i32 x3", "u8 [sp+47]"]],
    ["-8@[x29, -16] 8@[x0, #24] 4@[x2,0x10]", ["i64 [x29-16]", "u64 [x0+24]", "u32 [x2+16]"]],
    ["-4@[sp] -2@[ x3 ] 1@w28", ["i32 [sp+0]", "i16 [x3+0]", "u8 x28"]],
    ["-4@0 -4@-9 8@1099511627776 4@0x7f", ["i32 0", "i32 -9", "u64 1099511627776", "u32 127"]],
  ])("reads %s", (text, meant) => {
    expect(arm(text).map(armText)).toEqual(meant);
  });

  it.each([
    "8@x31",
    "8@v0",
    "8@d0",
    "8@[x31, 8]",
    "8@[x0, x1]",
    "-4@[x19, w0, sxtw 2]",
    "8@[x0, 8]!",
    "8@[12]",
    "8@[x0, #:lo12:counter]",
    "8@%rax",
    "8f@d0",
    "16@x0",
  ])("refuses %s in words", (text) => {
    expect(() => arm(text)).toThrow(NotImplementedError);
    expect(() => arm(text)).toThrow(`USDT argument "${text}"`);
  });

  it.skipIf(!hasSdtHeader)("reads the notes that clang leaves", () => {
    const notes = new Map(usdtNotes(readElf(compileForArm64())).map((note) => [note.name, note]));
    const types = (name: string) =>
      arm(notes.get(name)?.argumentText ?? "?").map((a) => [a.signed ? -a.size : a.size, a.location.kind]);
    expect([...notes.values()].map(({ provider }) => provider)).toEqual(Array(5).fill("skep"));
    expect(types("values").map(([size]) => size)).toEqual([-4, -8, 1, -2]);
    expect(types("memory")).toEqual([
      [-4, "memory"],
      [-8, "memory"],
      [-8, "memory"],
      [-4, "memory"],
    ]);
    expect(arm(notes.get("constants")?.argumentText ?? "").map(armText)).toEqual([
      "i32 7",
      "i32 -9",
      "i64 1099511627776",
    ]);
    expect(types("addressed").map(([size]) => size)).toEqual([-4, -4, 8]);
    expect(types("none")).toEqual([]);
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

  it("has the same layout on arm64", () => {
    const args = arm("-4@[sp, 60] 8@x19 2@513");
    const view = new DataView(
      encodeUsdtSpec(args, 7n, { scaledIndex: false, addressFromProbe: () => 0n }).buffer,
    );
    const record = (index: number) => [
      view.getBigInt64(16 * index, true),
      view.getUint32(16 * index + 8, true),
      view.getInt16(16 * index + 12, true),
      view.getUint8(16 * index + 14),
      view.getInt8(16 * index + 15),
    ];
    expect([0, 1, 2].map(record)).toEqual([
      [60n, 2, 31 * 8, 1, 32],
      [0n, 1, 19 * 8, 0, 0],
      [513n, 0, 0, 0, 48],
    ]);
    expect([view.getBigUint64(192, true), view.getInt16(200, true)]).toEqual([7n, 3]);
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
