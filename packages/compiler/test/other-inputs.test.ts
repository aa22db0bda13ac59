import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BtfKind, InvalidArgumentError, readSpec } from "@skep/bpf";
import { CompileError, compilePackage, writeOutputs } from "@skep/compiler";
import { writePackage } from "@skep/package";
import { afterAll, describe, expect, it } from "vitest";
import { validateLikeEunomia } from "../../package/test/eunomia-schema.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");
const root = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(root, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(root, name), text);
  return join(root, name);
};

describe("a header alone", () => {
  it("becomes a package with the types of its structs", async () => {
    const {
      name,
      package: content,
      warnings,
    } = await compilePackage(join(FIXTURES, "events.h"), undefined, {
      headerOnly: true,
    });
    expect(name).toBe("events");
    expect(warnings).toEqual([]);
    const { meta } = content;
    expect(meta.export_types?.map((type) => [type.name, type.size])).toEqual([
      ["stamp", 16],
      ["event", 144],
    ]);
    expect(meta.bpf_skel.progs).toEqual([]);
    expect(meta.bpf_skel.data_sections).toEqual([]);
    validateLikeEunomia(JSON.parse(Buffer.from(writePackage(content)).toString()));
  });

  it("needs a struct, and has to compile", async () => {
    const only = { headerOnly: true };
    await expect(compilePackage(file("a.h", "int f(void);\n"), undefined, only)).rejects.toThrow(
      InvalidArgumentError,
    );
    const error = await compilePackage(file("b.h", "struct b { missing_t a; };\n"), undefined, only).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(CompileError);
    expect((error as CompileError).diagnostics).toContain(
      `${root}/b.h:1:12: error: unknown type name 'missing_t'`,
    );
  });
});

describe("enums", () => {
  it("keep their signs, which clang left out of BTF until version 15", async () => {
    const source = file(
      "enums.bpf.c",
      `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
enum error { FAILED = -22, FINE, LAST = 7 };
enum bits { FIRST = 1, HIGHEST = 0x80000000, ALL = 0xffffffff };
typedef enum { NOBODY = -1, SOMEBODY } who;
struct event { enum error error; enum bits bits; };
const volatile who whom = NOBODY;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
char LICENSE[] SEC("license") = "GPL";
SEC("tp/sched/sched_switch")
int send(void *ctx)
{
	struct event event = { whom, FIRST };
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	return 0;
}
`,
    );
    const { btf } = readSpec((await compilePackage(source)).package.object);
    const types = Array.from({ length: btf!.endId - 1 }, (_, index) => btf!.type(index + 1));
    const enums = types.flatMap((type) =>
      type.kind === BtfKind.Enum
        ? [[type.signed, ...type.values.map(({ name, value }) => `${name} ${value}`)]]
        : [],
    );
    expect(enums).toHaveLength(3);
    expect(enums).toContainEqual([true, "FAILED -22", "FINE -21", "LAST 7"]);
    expect(enums).toContainEqual([true, "NOBODY -1", "SOMEBODY 0"]);
    expect(enums).toContainEqual([false, "FIRST 1", "HIGHEST 2147483648", "ALL 4294967295"]);
  });
});

describe("names of files", () => {
  const names = [
    "-dash.bpf.c",
    "@at.bpf.c",
    "without extension",
    String.raw`back\slash $HOME.bpf.c`,
    `'ünï' "quoted".bpf.c`,
  ];

  it.each(names)("may be anything: %s", async (name) => {
    const directory = join(root, `in ${name}`);
    mkdirSync(directory);
    const before = process.cwd();
    process.chdir(directory);
    try {
      copyFileSync(join(FIXTURES, "with-header.bpf.c"), name);
      copyFileSync(join(FIXTURES, "events.h"), "events.h");
      const { package: content, warnings } = await compilePackage(name);
      expect(warnings).toEqual([]);
      expect(content.meta.export_types?.map((type) => type.name)).toEqual(["event"]);
      const header = await compilePackage("events.h", undefined, { headerOnly: true });
      expect(header.package.meta.export_types).toHaveLength(2);
    } finally {
      process.chdir(before);
    }
  });
});

describe("a workspace", () => {
  it("has its own headers, its own vmlinux.h above all", async () => {
    const workspace = join(root, "workspace");
    const arch = process.arch === "x64" ? "x86" : process.arch;
    mkdirSync(join(workspace, "include/bpf"), { recursive: true });
    mkdirSync(join(workspace, "include/vmlinux", arch), { recursive: true });
    writeFileSync(
      join(workspace, "include/bpf/mine.h"),
      "#define SEC(x) __attribute__((section(x), used))\n",
    );
    writeFileSync(join(workspace, "include/vmlinux", arch, "vmlinux.h"), "typedef int only_here_t;\n");
    const source = file(
      "w.bpf.c",
      '#include "vmlinux.h"\n#include <bpf/mine.h>\nSEC("xdp") int f(void *c) { only_here_t a = 1; return a; }\n',
    );
    const { package: content } = await compilePackage(source, undefined, { workspace });
    expect(content.meta.bpf_skel.progs.map(({ name }) => name)).toEqual(["f"]);
  });

  it("is said to be missing when it is", async () => {
    await expect(
      compilePackage(join(FIXTURES, "minimal.bpf.c"), undefined, { workspace: join(root, "none") }),
    ).rejects.toThrow(InvalidArgumentError);
  });
});

describe("ewasm-skel.h", () => {
  it("is strict C that holds the package and the object", async () => {
    const compiled = await compilePackage(join(FIXTURES, "with-header.bpf.c"));
    const directory = join(root, "wasm");
    await writeOutputs(compiled, directory, { wasmHeader: true });
    const program = file(
      "wasm/print.c",
      `#include <stdio.h>
#include <string.h>
#include "ewasm-skel.h"
#include "ewasm-skel.h"

int main(int count, char **args)
{
	(void)args;
	if (count > 1)
		return fwrite(program_object, 1, program_object_size, stdout) != sizeof(program_object);
	return fwrite(program_data, 1, strlen(program_data), stdout) == 0;
}
`,
    );
    const binary = join(directory, "print");
    const strict = "-std=c11 -Wall -Wextra -Wpedantic -Werror".split(" ");
    execFileSync("clang", [...strict, program, "-o", binary]);
    expect(execFileSync(binary)).toEqual(readFileSync(join(directory, "package.json")));
    expect(execFileSync(binary, ["object"])).toEqual(readFileSync(join(directory, "with-header.bpf.o")));
  });
});
