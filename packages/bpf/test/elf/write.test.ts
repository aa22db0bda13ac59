import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readElf } from "../../src/elf/read-elf.ts";
import { stripDebug } from "../../src/elf/write.ts";
import { NotImplementedError } from "../../src/errors.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";
import { printSpec } from "../spec/print-spec.ts";

const fixtures = ["minimal", "references", "map-declarations", "struct-ops"];

describe("stripDebug", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-strip-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const target of ["bpfel", "bpfeb"] as const) {
    it.each(fixtures)(`leaves the spec of %s as it was (${target})`, (name) => {
      const original = compileFixture(`${name}.bpf.c`, { target });
      const stripped = stripDebug(original);
      expect(stripped.length).toBeLessThan(original.length);
      expect(printSpec(readSpec(stripped))).toBe(printSpec(readSpec(original)));
    });
  }

  it.each(fixtures)("makes of %s an object that libbpf, llvm and binutils read without complaint", (name) => {
    const path = join(folder, `${name}.o`);
    writeFileSync(path, stripDebug(compileFixture(`${name}.bpf.c`)));
    const skeleton = execFileSync("bpftool", ["gen", "skeleton", path], { encoding: "utf8", stdio: "pipe" });
    expect(skeleton).toContain("struct bpf_program *");
    const relocations = execFileSync("llvm-objdump", ["-r", path], { encoding: "utf8", stdio: "pipe" });
    expect(relocations).not.toContain("BTF");
    const complaints = execFileSync("sh", ["-c", `readelf -aW "${path}" 2>&1 >/dev/null`], {
      encoding: "utf8",
    });
    expect(complaints).toBe("");
  });

  it("is no larger than what llvm-strip -g leaves", () => {
    const path = join(folder, "references-llvm.o");
    writeFileSync(path, compileFixture("references.bpf.c"));
    execFileSync("llvm-strip", ["-g", path]);
    const size = Number(execFileSync("stat", ["-c", "%s", path], { encoding: "utf8" }));
    expect(stripDebug(compileFixture("references.bpf.c")).length).toBeLessThanOrEqual(size);
  });

  it("replaces the contents of a section", () => {
    const replacement = Uint8Array.from([77, 73, 84, 0]);
    const stripped = stripDebug(compileFixture("minimal.bpf.c"), {
      replace: new Map([["license", replacement]]),
    });
    const elf = readElf(stripped);
    expect(elf.data(elf.section("license")!)).toEqual(replacement);
    expect(readSpec(compileFixture("minimal.bpf.c")).license).toBe("Dual BSD/GPL");
  });

  it("strips a stripped object to the same bytes", () => {
    const once = stripDebug(compileFixture("references.bpf.c"));
    expect(stripDebug(once)).toEqual(once);
  });

  it("refuses a program that is linked", () => {
    expect(() => stripDebug(execFileSync("cat", ["/bin/true"]))).toThrow(NotImplementedError);
  });
});
