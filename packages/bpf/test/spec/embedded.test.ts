import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readElf } from "../../src/elf/read-elf.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { embeddedObjects } from "../embedded-objects.ts";

const objects = embeddedObjects();

/** What `bpftool gen skeleton`, that is libbpf, finds in an object. */
function skeletonOf(path: string, name: string): { maps: string[]; programs: string[] } {
  const text = execFileSync("bpftool", ["gen", "skeleton", path, "name", name], {
    encoding: "utf8",
    maxBuffer: 1 << 27,
  });
  const names = (kind: string) =>
    [...text.matchAll(new RegExp(`\\tstruct ${kind} \\*(\\w+);`, "g"))].map((m) => m[1]!);
  return { maps: names("bpf_map"), programs: names("bpf_program") };
}

describe.skipIf(objects.length === 0)("the objects inside libbpf-tools", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-embedded-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(objects.map((object) => [object.tool, object.bytes] as const))(
    "%s has the programs and maps that libbpf finds",
    (tool, bytes) => {
      const path = join(folder, `${tool}.o`);
      writeFileSync(path, bytes);
      const expected = skeletonOf(path, "obj_bpf");
      const spec = readSpec(bytes, { name: "obj_bpf" });
      expect(spec.programs.map((program) => program.name).sort()).toEqual(expected.programs.sort());
      const maps = spec.maps.map((map) =>
        map.data ? map.data.section.slice(1).replaceAll(".", "_") : map.name,
      );
      expect(maps.sort()).toEqual(expected.maps.sort());
      expect(spec.programs.filter((program) => program.definition === undefined)).toEqual([]);
    },
  );

  it.each(objects.map((object) => [object.tool, object.bytes] as const))(
    "%s keeps each relocation entry and each CO-RE record of its code",
    (_, bytes) => {
      const elf = readElf(bytes);
      const spec = readSpec(bytes);
      const functions = [...spec.programs, ...spec.subprograms];
      const code = new Set(functions.map((fn) => fn.section));
      const entries = elf.sections
        .filter((section) => section.type === 9 && code.has(elf.sections[section.info]!.name))
        .reduce((sum, section) => sum + elf.relocations(section).length, 0);
      const relocations = functions.flatMap((fn) => fn.relocations);
      expect(relocations.length).toBeGreaterThanOrEqual(entries);
      const local = relocations.filter(({ kind }) => kind === "call").length;
      expect(relocations.length - entries).toBeLessThanOrEqual(local);
      const slots = functions.reduce((sum, fn) => sum + fn.instructions.length, 0);
      const bytesOfCode = elf.sections.filter((s) => code.has(s.name)).reduce((sum, s) => sum + s.size, 0);
      expect(slots * 8).toBe(bytesOfCode);
      for (const fn of functions) {
        expect(fn.funcInfo[0]?.insn).toBe(0);
        expect(fn.lineInfo[0]?.insn).toBe(0);
        expect(spec.btf!.nameOf(fn.funcInfo[0]!.typeId)).toBe(fn.name);
      }
    },
  );
});
