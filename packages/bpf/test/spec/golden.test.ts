import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";
import { printSpec } from "./print-spec.ts";

/** Another clang makes other code of the same source. */
const goldenClang = "14";
const clang = /version (\d+)/.exec(execFileSync("clang", ["--version"], { encoding: "utf8" }))?.[1];
const fixtures = ["minimal", "references", "map-declarations", "struct-ops", "statics"];

describe("the spec of a fixture", () => {
  for (const name of fixtures) {
    it(`${name} is what it was`, async (ctx) => {
      if (clang !== goldenClang)
        return ctx.skip(`the golden files are of clang ${goldenClang}, this is ${clang}`);
      const spec = readSpec(compileFixture(`${name}.bpf.c`), { name });
      await expect(printSpec(spec)).toMatchFileSnapshot(`golden/${name}.txt`);
    });

    it(`${name} differs in big-endian form only in byte order and initial values`, () => {
      const lines = (target: "bpfel" | "bpfeb") =>
        printSpec(readSpec(compileFixture(`${name}.bpf.c`, { target }), { name }))
          .replace(/ (little|big)-endian/, "")
          .replace(/ = [0-9a-f]+$/gm, "")
          .split("\n");
      expect(lines("bpfeb")).toEqual(lines("bpfel"));
    });
  }

  it("minimal keeps its code and data maps without BTF", () => {
    const spec = readSpec(compileFixture("minimal.bpf.c", { debug: false }), { name: "minimal" });
    expect(spec.btf).toBeUndefined();
    expect(spec.programs.map((program) => program.name)).toEqual(["handle_write"]);
    expect(spec.programs[0]!.relocations.map((relocation) => relocation.kind)).toContain("map-value");
    // Symbols have names and places of variables, no types; without types nothing can be mapped (BPF_F_MMAPABLE).
    const untyped = { linkage: "global", size: 4, offset: 0, typeId: 0 };
    expect(spec.maps.map(({ name, flags, data }) => [name, flags & 0x400, data!.variables])).toEqual([
      ["minimal.rodata", 0, [{ ...untyped, name: "my_pid" }]],
      ["minimal.bss", 0, [{ ...untyped, name: expect.any(String), size: expect.any(Number) }]],
    ]);
  });
});
