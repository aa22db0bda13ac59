import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type Btf, readSpec } from "@skep/bpf";
import { compilePackage } from "@skep/compiler";
import { metaJson, type PackageMeta, readPackage, writeJson, writePackage } from "@skep/package";
import { describe, expect, it } from "vitest";
import { validateLikeEunomia } from "../../package/test/eunomia-schema.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");
const fixture = (name: string) => join(FIXTURES, name);
const compile = (name: string, header?: string) =>
  compilePackage(fixture(name), header === undefined ? undefined : fixture(header));

/** Ids depend on the compiler: the golden text has the type's name in place of its id. */
function golden(meta: PackageMeta, btf: Btf): string {
  const named = JSON.stringify(
    JSON.parse(writeJson(metaJson(meta))),
    (key, value) => (key === "type_id" || key === "btf_type_id" ? typeName(btf, value) : value),
    2,
  );
  return `${named}\n`;
}

function typeName(btf: Btf, id: number): string {
  const type = btf.type(id);
  return `${type.name || "anonymous"}, ${btf.sizeOf(id)} bytes`;
}

describe("compilePackage", () => {
  const sources = readdirSync(FIXTURES).filter((name) => name.endsWith(".bpf.c"));
  it.each([
    ...sources.map((source) => [source, undefined] as const),
    ["with-header.bpf.c", "events.h"] as const,
  ])("describes %s (header %s) as agreed, in a package that every reader takes", async (source, header) => {
    const { name, package: content, warnings, diagnostics } = await compile(source, header);
    const spec = readSpec(content.object, { name: content.meta.bpf_skel.obj_name });
    const text = `${golden(content.meta, spec.btf!)}${warnings.map((line) => `${line}\n`).join("")}`;
    await expect(text.replaceAll(`${FIXTURES}/`, "")).toMatchFileSnapshot(
      `golden/${name}${header === undefined ? "" : `.${header}`}.txt`,
    );
    expect(diagnostics).toBe("");
    const bytes = writePackage(content);
    expect(readPackage(bytes).object).toEqual(content.object);
    validateLikeEunomia(JSON.parse(Buffer.from(bytes).toString()));
  });

  it("describes the smallest program byte for byte as ecc 0.3.4 does", async () => {
    const { package: content } = await compile("minimal.bpf.c");
    expect(writeJson(metaJson(content.meta))).toBe(
      '{"bpf_skel":{"data_sections":[{"name":".rodata","variables":[{"name":"pid_filter","type":"pid_t"}]}],"maps":[{"ident":"rodata","mmaped":true,"name":"minimal_.rodata"},{"ident":"rodata_str1_1","name":".rodata.str1.1"}],"obj_name":"minimal_bpf","progs":[{"attach":"tp/syscalls/sys_enter_write","link":true,"name":"handle_tp"}]},"eunomia_version":"0.3.4"}',
    );
  });

  it("gives the same bytes wherever the source lies and however it is named", async () => {
    const absolute = await compile("with-header.bpf.c", "events.h");
    const before = process.cwd();
    try {
      process.chdir(FIXTURES);
      const relative = await compilePackage("with-header.bpf.c", "events.h");
      process.chdir("..");
      const deeper = await compilePackage(join(basename(FIXTURES), "with-header.bpf.c"));
      expect(relative.package.object).toEqual(absolute.package.object);
      expect(deeper.package.object).toEqual(absolute.package.object);
    } finally {
      process.chdir(before);
    }
    expect(Buffer.from(absolute.package.object).includes(FIXTURES)).toBe(false);
  });

  it("keeps the source lines that the kernel quotes when it rejects a program", async () => {
    const { package: content } = await compile("with-header.bpf.c");
    const { btf, programs } = readSpec(content.object);
    const lines = programs[0]!.lineInfo.map(({ lineOffset }) => btf!.string(lineOffset).trim());
    expect(lines).toContain("e->pid = bpf_get_current_pid_tgid() >> 32;");
    const files = programs[0]!.lineInfo.map(({ fileNameOffset }) => btf!.string(fileNameOffset));
    expect(new Set(files)).toEqual(new Set(["./with-header.bpf.c"]));
  });

  it("leaves no DWARF, and the BTF of the program without additions to its data", async () => {
    const { package: content } = await compile("with-header.bpf.c", "events.h");
    const text = Buffer.from(content.object).toString("latin1");
    expect(text).not.toContain(".debug_");
    expect(text).not.toContain("skep_type");
    expect(content.meta.bpf_skel.data_sections).toEqual([]);
  });
});
