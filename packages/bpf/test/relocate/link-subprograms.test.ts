import { describe, expect, it } from "vitest";
import type { Instruction } from "../../src/asm/instruction.ts";
import { CodeTable } from "../../src/relocate/code.ts";
import { linkSubprograms } from "../../src/relocate/link-subprograms.ts";
import { useOlderProbeRead, usesNewProbeRead } from "../../src/relocate/older-helpers.ts";
import { type References, resolveReferences } from "../../src/relocate/resolve-references.ts";
import type { FunctionSpec, Relocation } from "../../src/spec/object-spec.ts";

const insn = (code: number, fields: Partial<Instruction> = {}): Instruction => ({
  code,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
});
const EXIT = insn(0x95);
const call = (imm = -1) => insn(0x85, { src: 1, imm });
const wide = (imm = 0) => [insn(0x18, { imm }), insn(0)];

function fn(
  name: string,
  section: string,
  sectionOffset: number,
  instructions: Instruction[],
  relocations: Relocation[] = [],
  info = true,
): FunctionSpec {
  const funcInfo = info ? [{ insn: 0, typeId: 100 + sectionOffset }] : [];
  const lineInfo = info ? [{ insn: 0, fileNameOffset: 1, lineOffset: 2, lineColumn: 3 }] : [];
  return {
    name,
    section,
    sectionOffset,
    linkage: "static",
    instructions,
    relocations,
    coreRelocations: [],
    funcInfo,
    lineInfo,
  };
}

function link(main: FunctionSpec, ...others: FunctionSpec[]) {
  const table = new CodeTable([main, ...others], undefined);
  return linkSubprograms(table.of(main), table);
}

const toText = (insn: number, offset: number): Relocation => ({
  kind: "call",
  insn,
  target: { section: ".text", offset },
});

/** Neither maps nor externs. */
const nothing: References = {
  mapFd: () => undefined,
  mapIndex: () => -1,
  extern: () => ({ kind: "missing" }),
  externIndex: () => -1,
};

describe("linking called functions", () => {
  it("appends each function once, in the order in which calls are met, depth first", () => {
    // main calls b and a; b calls a. Expected: main, b, a.
    const a = fn("a", ".text", 0, [insn(0xb7, { imm: 1 }), EXIT]);
    const b = fn("b", ".text", 16, [call(-3), EXIT]);
    const main = fn("main", "tp", 0, [call(), call(), EXIT], [toText(0, 16), toText(1, 0)]);
    const { instructions, funcInfo, lineInfo } = link(main, a, b);
    expect(instructions.map(({ code, imm }) => [code, imm])).toEqual([
      [0x85, 2],
      [0x85, 3],
      [0x95, 0],
      [0x85, 1],
      [0x95, 0],
      [0xb7, 1],
      [0x95, 0],
    ]);
    expect(funcInfo).toEqual([
      { insn: 0, typeId: 100 },
      { insn: 3, typeId: 116 },
      { insn: 5, typeId: 100 },
    ]);
    expect(lineInfo.map(({ insn }) => insn)).toEqual([0, 3, 5]);
  });

  it("leaves the originals alone, so that every program gets its own copy", () => {
    const a = fn("a", ".text", 0, [EXIT]);
    const main = fn("main", "tp", 0, [insn(0xb7), call(), EXIT], [toText(1, 0)]);
    const table = new CodeTable([main, a], undefined);
    const first = linkSubprograms(table.of(main), table);
    first.instructions[0]!.imm = 99;
    expect(linkSubprograms(table.of(main), table).instructions[0]!.imm).toBe(0);
    expect(main.instructions[1]!.imm).toBe(-1);
  });

  it("marks the addresses of callbacks", () => {
    const a = fn("a", ".text", 0, [EXIT]);
    const main = fn(
      "main",
      "tp",
      0,
      [...wide(), EXIT],
      [{ kind: "function", insn: 0, target: { section: ".text", offset: 0 } }],
    );
    expect(link(main, a).instructions[0]).toMatchObject({ src: 4, imm: 2 });
  });

  it("gives the kernel information about all functions or none", () => {
    const a = fn("a", ".text", 0, [EXIT], [], false);
    const main = fn("main", "tp", 0, [call(), EXIT], [toText(0, 0)]);
    expect(link(main, a)).toMatchObject({ funcInfo: [], lineInfo: [] });
  });

  it("survives functions that call each other, and leaves the judgement to the verifier", () => {
    const a = fn("a", ".text", 0, [call(1), EXIT]);
    const b = fn("b", ".text", 16, [call(-3), EXIT]);
    const main = fn("main", "tp", 0, [call(), EXIT], [toText(0, 0)]);
    expect(link(main, a, b).instructions).toHaveLength(6);
  });

  it("refuses a call into the middle of nowhere", () => {
    expect(() => link(fn("main", "tp", 0, [call(5), EXIT]))).toThrow(
      /main, instruction 0: calls byte 48 of section tp/,
    );
  });

  it("moves references along with the function that makes them", () => {
    const a = fn(
      "a",
      ".text",
      0,
      [...wide(4), EXIT],
      [{ kind: "map-value", insn: 0, map: "data", offset: 12 }],
    );
    const main = fn("main", "tp", 0, [call(), EXIT], [toText(0, 0)]);
    const linked = link(main, a);
    const missing = resolveReferences(linked, { ...nothing, mapFd: () => 7 });
    expect(missing).toEqual([]);
    expect(linked.instructions.slice(2, 4)).toMatchObject([{ src: 2, imm: 7 }, { imm: 12 }]);
  });
});

describe("references to what does not exist", () => {
  it("are poisoned with a number that leads back to their name", () => {
    const main = fn(
      "main",
      "tp",
      0,
      [...wide(), insn(0x85, { src: 2 }), EXIT],
      [
        { kind: "map", insn: 0, map: "absent" },
        { kind: "extern-call", insn: 2, name: "no_kfunc" },
      ],
    );
    const linked = link(main);
    const missing = resolveReferences(linked, { ...nothing, mapIndex: () => 3, externIndex: () => 5 });
    expect(missing.map(({ what }) => what)).toEqual([
      "map absent, which was not created",
      "kernel function no_kfunc()",
    ]);
    expect(linked.instructions.slice(0, 3).map(({ code, imm }) => [code, imm])).toEqual([
      [0x85, 2001000003],
      [0x85, 2001000003],
      [0x85, 2002000005],
    ]);
  });

  it("read as zero when they are weak variables", () => {
    const main = fn("main", "tp", 0, [...wide(5), EXIT], [{ kind: "extern", insn: 0, name: "weak" }]);
    const linked = link(main);
    resolveReferences(linked, nothing);
    expect(linked.instructions[0]).toMatchObject({ code: 0x18, src: 0, imm: 0 });
  });
});

describe("helpers of older kernels", () => {
  it("take the place of the newer ones", () => {
    const code = [112, 113, 114, 115, 1].map((imm) => insn(0x85, { imm }));
    expect(usesNewProbeRead(code)).toBe(true);
    useOlderProbeRead(code);
    expect(code.map(({ imm }) => imm)).toEqual([4, 4, 45, 45, 1]);
    expect(usesNewProbeRead(code)).toBe(false);
  });
});
