import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Btf, BtfKind, NotFoundError, readElf } from "@skep/bpf";
import { compilePackage, defaultBtfhub, pruneForKernels, writeOutputs } from "@skep/compiler";
import { readArchive, tarFiles } from "@skep/package";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(root, { recursive: true }));

const SOURCE = `
#define __uint(name, val) int (*name)[val]
#define SEC(name) __attribute__((section(name), used))
struct task { int pid; long state; } __attribute__((preserve_access_index));
char LICENSE[] SEC("license") = "GPL";
SEC("raw_tp/sched_switch") int f(struct task **ctx) { return (*ctx)->pid; }
`;
/** What a kernel's BTF is to the source above. */
const KERNEL =
  "struct other { int a; }; struct task { long before; long state; int pid; struct other *o; } t;";

/** BTF of a C text, as a kernel would have it. */
function btfOf(text: string): Uint8Array {
  const source = join(root, "kernel.c");
  const object = join(root, "kernel.o");
  writeFileSync(source, text);
  execFileSync("clang", ["-g", "-O2", "-target", "bpf", "-c", source, "-o", object]);
  const elf = readElf(readFileSync(object));
  return elf.data(elf.section(".BTF")!);
}

describe("pruneForKernels", () => {
  const source = join(root, "probe.bpf.c");
  let compiled: Awaited<ReturnType<typeof compilePackage>>;
  let btf: Uint8Array;
  beforeAll(async () => {
    writeFileSync(source, SOURCE);
    compiled = await compilePackage(source);
    btf = btfOf(KERNEL);
  });
  let count = 0;
  const folder = () => {
    const path = join(root, `hub-${count++}`);
    mkdirSync(path);
    return path;
  };
  const put = (hub: string, name: string, bytes: Uint8Array) => {
    mkdirSync(dirname(join(hub, name)), { recursive: true });
    writeFileSync(join(hub, name), bytes);
  };
  const tarOf = (name: string, bytes: Uint8Array, ...flags: string[]) => {
    const inside = folder();
    put(inside, name, bytes);
    return new Uint8Array(execFileSync("tar", [...flags, "-c", "-C", inside, name], { maxBuffer: 1 << 28 }));
  };
  const expectPruned = (bytes: Uint8Array | undefined) => {
    const types = Btf.parse(bytes!);
    const task = types.type(types.find("task", BtfKind.Struct)!);
    expect(
      task.kind === BtfKind.Struct && task.members.map(({ name, bitOffset }) => [name, bitOffset]),
    ).toEqual([["pid", 128]]);
    expect(types.find("other", BtfKind.Struct)).toBeUndefined();
  };

  it("reads a folder in BTFHub's layout, whatever its files are packed with", async () => {
    const hub = folder();
    put(hub, "ubuntu/20.04/x86_64/5.4.0-1.btf", btf);
    put(hub, "ubuntu/20.04/x86_64/5.4.0-2.btf.tar.xz", tarOf("5.4.0-2.btf", btf, "-J"));
    put(hub, "ubuntu/20.04/arm64/5.4.0-2.btf.tar.gz", tarOf("./5.4.0-2.btf", btf, "-z"));
    put(hub, "debian/10/x86_64/4.19.0.btf.tar", tarOf("4.19.0.btf", btf));
    put(hub, "debian/10/x86_64/4.19.1.btf.gz", gzipSync(btf));
    put(hub, "debian/10/x86_64/4.19.2.btf.xz", execFileSync("xz", ["-c"], { input: btf }));
    put(hub, "debian/README.md", new Uint8Array());
    const { btf: pruned, warnings } = await pruneForKernels(compiled.package.object, hub);
    expect(warnings).toEqual([]);
    expect([...pruned.keys()]).toEqual([
      "debian/10/x86_64/4.19.0",
      "debian/10/x86_64/4.19.1",
      "debian/10/x86_64/4.19.2",
      "ubuntu/20.04/arm64/5.4.0-2",
      "ubuntu/20.04/x86_64/5.4.0-1",
      "ubuntu/20.04/x86_64/5.4.0-2",
    ]);
    for (const bytes of pruned.values()) expectPruned(bytes);
  });

  it.each([
    ["tar", []],
    ["tar.gz", ["-z"]],
    ["tar.xz", ["-J"]],
  ])("reads an archive: .%s", async (extension, flags) => {
    const hub = join(folder(), `archive.${extension}`);
    writeFileSync(hub, tarOf("btfhub-archive/fedora/34/x86_64/5.11.btf", btf, ...flags));
    const { btf: pruned } = await pruneForKernels(compiled.package.object, hub);
    expect([...pruned.keys()]).toEqual(["fedora/34/x86_64/5.11"]);
    expectPruned(pruned.get("fedora/34/x86_64/5.11"));
  });

  it("leaves out damaged files and says which", async () => {
    const hub = folder();
    put(hub, "a/1/x86_64/good.btf", btf);
    put(hub, "a/1/x86_64/short.btf", btf.subarray(0, 100));
    put(hub, "a/1/x86_64/noxz.btf.tar.xz", new Uint8Array(100));
    put(hub, "a/1/x86_64/empty.btf.tar.xz", tarOf("x", btf, "-J"));
    const { btf: pruned, warnings } = await pruneForKernels(compiled.package.object, hub);
    expect([...pruned.keys()]).toEqual(["a/1/x86_64/good"]);
    expect(warnings.map((warning) => warning.replace(`${hub}/a/1/x86_64/`, ""))).toEqual([
      expect.stringMatching(/^empty\.btf\.tar\.xz: warning: left out: .* holds no \.btf file$/),
      expect.stringMatching(/^noxz\.btf\.tar\.xz: warning: left out: .* is a damaged xz file$/),
      expect.stringMatching(/^short\.btf: warning: left out: /),
    ]);
  });

  it("says what is missing", async () => {
    const { object } = compiled.package;
    await expect(pruneForKernels(object, join(root, "none"))).rejects.toThrow(NotFoundError);
    await expect(pruneForKernels(object, folder())).rejects.toThrow(/holds no BTF in BTFHub's layout/);
    const hub = folder();
    put(hub, "a/1/x86_64/b.btf.xz", new Uint8Array(9));
    const path = process.env.PATH;
    process.env.PATH = "/nonexistent";
    try {
      await expect(pruneForKernels(object, hub)).rejects.toThrow(/packed with xz, and xz cannot be run here/);
    } finally {
      process.env.PATH = path;
    }
  });

  it("goes into a tar that readers of packages take", async () => {
    const hub = folder();
    put(hub, "ubuntu/20.04/x86_64/5.4.0-1.btf", btf);
    const { btf: kernelTypes } = await pruneForKernels(compiled.package.object, hub);
    const out = folder();
    await writeOutputs(compiled, out, { kernelTypes });
    const bytes = readFileSync(join(out, "probe.tar"));
    const files = await tarFiles(bytes);
    expect(files.map(({ name }) => name)).toEqual([
      "btfhub-archive/ubuntu/20.04/x86_64/5.4.0-1.btf",
      "package.json",
      "probe",
    ]);
    expect(files[1]?.data).toEqual(new Uint8Array(readFileSync(join(out, "package.json"))));
    const archive = await readArchive(bytes);
    expect(archive.package.object).toEqual(compiled.package.object);
    expectPruned(archive.btf.get("ubuntu/20.04/x86_64/5.4.0-1"));
    expect(execFileSync("tar", ["-tf", join(out, "probe.tar")]).toString()).toContain("package.json\n");
    await writeOutputs(compiled, out, { kernelTypes });
    expect(readFileSync(join(out, "probe.tar"))).toEqual(bytes);
  });

  it("is looked for where eunomia's compiler keeps it", () => {
    expect(defaultBtfhub({ EUNOMIA_HOME: "/e" })).toBe("/e/btfhub-archive");
    expect(defaultBtfhub({ XDG_DATA_HOME: "/d:/e" })).toBe("/d/eunomia/btfhub-archive");
    expect(defaultBtfhub({})).toMatch(/\/\.local\/share\/eunomia\/btfhub-archive$/);
    expect(existsSync(join(root, "none"))).toBe(false);
  });
});
