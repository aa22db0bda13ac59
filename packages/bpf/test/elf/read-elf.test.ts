import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { definedFunctions, fileOffsetOf } from "../../src/elf/function-symbols.ts";
import { readElf } from "../../src/elf/read-elf.ts";
import { MalformedError, NotImplementedError } from "../../src/errors.ts";
import { compileFixture } from "../compile-fixture.ts";

const libc = "/lib/x86_64-linux-gnu/libc.so.6";
const python = "/usr/bin/python3.11";
const readelf = (...args: string[]) =>
  execFileSync("readelf", ["-W", ...args], { encoding: "utf8", maxBuffer: 1 << 27 });

describe("readElf", () => {
  it("reads the sections of an object as readelf does", () => {
    const path = "minimal.bpf.c";
    const elf = readElf(compileFixture(path));
    expect(elf.header).toMatchObject({ littleEndian: true, machine: 247, type: 1 });
    const names = elf.sections.map((section) => section.name);
    expect(names).toContain("tp/syscalls/sys_enter_write");
    expect(names).toContain(".BTF.ext");
    const license = elf.data(elf.section("license")!);
    expect(Buffer.from(license).toString()).toBe("Dual BSD/GPL\0");
    const relocations = elf.relocations(elf.section(".reltp/syscalls/sys_enter_write")!);
    const symbols = relocations.map(({ symbolIndex }) => elf.symbols.at(symbolIndex).name);
    expect(new Set(symbols)).toEqual(new Set(["my_pid", "hits"]));
  });

  it("reads a big-endian object", () => {
    const little = readElf(compileFixture("minimal.bpf.c"));
    const big = readElf(compileFixture("minimal.bpf.c", { target: "bpfeb" }));
    expect(big.header.littleEndian).toBe(false);
    const named = (elf: typeof big) =>
      [...elf.symbols].map((s) => `${s.name} ${s.type} ${s.binding} ${s.size}`);
    expect(named(big)).toEqual(named(little));
    const relocated = (elf: typeof big) =>
      elf.relocations(elf.sections.find((s) => s.name.startsWith(".reltp"))!);
    expect(relocated(big)).toEqual(relocated(little));
  });

  it("refuses what is no 64-bit ELF file, by name", () => {
    expect(() => readElf(new Uint8Array(0))).toThrow(MalformedError);
    expect(() => readElf(Buffer.from("#!/bin/sh\n"))).toThrow(/no ELF file/);
    const bytes = compileFixture("minimal.bpf.c").slice();
    bytes[4] = 1;
    expect(() => readElf(bytes)).toThrow(NotImplementedError);
  });

  it("refuses a file cut off anywhere with a MalformedError", () => {
    const bytes = compileFixture("minimal.bpf.c");
    for (let length = 0; length < bytes.length; length += 13) {
      expect(() => readElf(bytes.subarray(0, length))).toThrow(MalformedError);
    }
  });
});

describe("functions of an executable", () => {
  it("finds the file offset of a function that readelf also finds", () => {
    const elf = readElf(readFileSync(libc));
    const line = readelf("--dyn-syms", libc)
      .split("\n")
      .find((text) => / malloc@@/.test(text))!;
    const address = Number.parseInt(line.trim().split(/\s+/)[1]!, 16);
    const [location, ...others] = definedFunctions(elf).filter(({ name }) => name === "malloc");
    expect(others).toEqual([]);
    expect(location).toMatchObject({ name: "malloc", address, fileOffset: fileOffsetOf(elf, address) });
    expect(fileOffsetOf(elf, 2 ** 47)).toBeUndefined();
  });

  it("lists as many defined dynamic functions as readelf", () => {
    const elf = readElf(readFileSync(libc));
    const expected = new Set(
      readelf("--dyn-syms", libc)
        .split("\n")
        .map((text) => text.trim().split(/\s+/))
        .filter((f) => (f[3] === "FUNC" || f[3] === "IFUNC") && f[6] !== "UND")
        .map((f) => `${f[7]!.split("@")[0]} ${Number.parseInt(f[1]!, 16)}`),
    );
    const found = definedFunctions(elf).map((f) => `${f.name} ${f.address}`);
    expect(new Set(found)).toEqual(expected);
  });
});

describe("notes", () => {
  it("finds the USDT probes and the build id", (ctx) => {
    if (!existsSync(python)) return ctx.skip(`${python} is not installed`);
    const notes = readElf(readFileSync(python)).notes();
    const probes = notes.filter((note) => note.name === "stapsdt");
    expect(probes.length).toBe((readelf("-n", python).match(/Provider: /g) ?? []).length);
    expect(probes.every((note) => note.section === ".note.stapsdt")).toBe(true);
    const [id] = notes.filter((note) => note.name === "GNU" && note.type === 3);
    expect(readelf("-n", python)).toContain(`Build ID: ${Buffer.from(id!.description).toString("hex")}`);
  });
});
