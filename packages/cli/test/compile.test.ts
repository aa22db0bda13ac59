import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ecc } from "../src/ecc-main.ts";

const root = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(root, { recursive: true }));

const SOURCE = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
#ifdef EXTRA
SEC("xdp") int extra(struct xdp_md *ctx) { return EXTRA; }
#endif
SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }
`;

describe("ecc", () => {
  let directory = "";
  let source = "";
  beforeEach(() => {
    directory = mkdtempSync(join(root, "run-"));
    source = join(directory, "probe.bpf.c");
    writeFileSync(source, SOURCE);
  });

  async function run(...args: string[]): Promise<{ code: number; text: string }> {
    let text = "";
    const capture = (chunk: unknown): boolean => {
      text += String(chunk);
      return true;
    };
    const spies = [process.stderr, process.stdout].map((stream) =>
      vi.spyOn(stream, "write").mockImplementation(capture),
    );
    const before = process.exitCode;
    try {
      return { code: await ecc(args), text };
    } finally {
      process.exitCode = before;
      for (const spy of spies) spy.mockRestore();
    }
  }

  it("writes three files next to the source and says so", async () => {
    const { code, text } = await run(source);
    expect(code).toBe(0);
    expect(text.split("\n").filter((line) => line.startsWith("wrote "))).toHaveLength(3);
    expect(readdirSync(directory).sort()).toEqual([
      "package.json",
      "probe.bpf.c",
      "probe.bpf.o",
      "probe.skel.json",
    ]);
  });

  it.each([
    [["-a=-DEXTRA=1"]],
    [["-a", "-DEXTRA=1"]],
    [["--additional-cflags=-DEXTRA=1"]],
    [["-a=-DOTHER", "-a=-DEXTRA=1"]],
  ])("passes flags to clang: %j", async (flags) => {
    const { code, text } = await run(source, ...flags, "-n", "-v");
    expect(code).toBe(0);
    expect(text).toMatch(/^\$ clang\S* .* -DEXTRA=1 /m);
    expect(existsSync(join(directory, "package.json"))).toBe(false);
  });

  it("takes a clang by name, and an llvm-strip that it does not need", async () => {
    const { code, text } = await run(source, "-c", "clang", "-l", "/no/such/llvm-strip", "-n");
    expect(code).toBe(0);
    expect(text).toContain("note: --llvm-strip-bin is not used");
    await expect(run(source, "-c", "/no/such/clang")).rejects.toThrow(/is not a clang that can be run/);
  });

  it("writes to the directory asked for, as YAML if asked", async () => {
    expect((await run(source, "-o", join(directory, "out"), "-y")).code).toBe(0);
    expect(readdirSync(join(directory, "out")).sort()).toEqual([
      "package.yaml",
      "probe.bpf.o",
      "probe.skel.yaml",
    ]);
  });

  it("shows clang's errors as they are, with a hint, and ends with 1", async () => {
    writeFileSync(source, "__u64 count;\n");
    const { code, text } = await run(source);
    expect(code).toBe(1);
    expect(text).toContain(`${source}:1:1: error: unknown type name '__u64'`);
    expect(text).toContain("\nhint: __u64 is defined by vmlinux.h");
  });

  it("refuses npm's package.json before it compiles", async () => {
    writeFileSync(join(directory, "package.json"), '{"name": "mine"}');
    await expect(run(source)).rejects.toThrow(/not overwritten/);
    expect(readdirSync(directory).sort()).toEqual(["package.json", "probe.bpf.c"]);
  });

  it("writes a header for WebAssembly and an archive with kernels' types when asked", async () => {
    const hub = join(directory, "hub/debian/12/x86_64");
    mkdirSync(hub, { recursive: true });
    writeFileSync(join(hub, "6.1.0.btf"), readFileSync("/sys/kernel/btf/vmlinux"));
    const { code, text } = await run(
      source,
      "--wasm-header",
      "-b",
      "--btfhub-archive",
      join(directory, "hub"),
    );
    expect(code).toBe(0);
    expect(text).toContain(`types of 1 kernel from ${join(directory, "hub")}\n`);
    expect(readdirSync(directory)).toEqual(
      expect.arrayContaining(["ewasm-skel.h", "probe.tar", "package.json"]),
    );
  });

  it("says where kernels' types were looked for, and fetches none", async () => {
    const before = process.env.EUNOMIA_HOME;
    process.env.EUNOMIA_HOME = directory;
    try {
      await expect(run(source, "--btfgen")).rejects.toThrow(
        `there are no kernel types at ${join(directory, "btfhub-archive")}`,
      );
    } finally {
      if (before === undefined) delete process.env.EUNOMIA_HOME;
      else process.env.EUNOMIA_HOME = before;
    }
  });

  it("takes a header alone, and headers of a workspace", async () => {
    const header = join(directory, "types.h");
    writeFileSync(header, "struct event { int pid; };\n");
    expect((await run(header, "--header-only")).code).toBe(0);
    expect(readdirSync(directory)).toContain("types.skel.json");
    await expect(run(source, "-w", directory)).rejects.toThrow(/has no folder include/);
    mkdirSync(join(directory, "include"));
    expect((await run(source, "--workspace-path", directory, "-l", "llvm-strip", "-c", "clang")).code).toBe(
      0,
    );
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("leaves no files when %s ends it", async (signal) => {
    const clang = join(directory, "clang");
    const script = `#!/bin/sh\ncase "$*" in *object.o*) kill -s ${signal.slice(3)} $PPID; sleep 1;; esac\nexec clang "$@"\n`;
    writeFileSync(clang, script, { mode: 0o755 });
    const spare = join(directory, "tmp");
    mkdirSync(spare);
    const bin = fileURLToPath(new URL("../bin/ecc.cjs", import.meta.url));
    const env = { ...process.env, TMPDIR: spare };
    const child = spawn(process.execPath, [bin, source, "--clang-bin", clang], { env, stdio: "ignore" });
    expect(await once(child, "exit")).toEqual([null, signal]);
    expect(readdirSync(spare)).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(["clang", "probe.bpf.c", "tmp"]);
  });

  it("shows warnings with file and line", async () => {
    writeFileSync(source, `/// @verison 1\nint x;${SOURCE}`);
    const { code, text } = await run(source);
    expect(code).toBe(0);
    expect(text).toContain(`${source}:1: warning: `);
  });

  it("refuses a standalone program without a package", async () => {
    await expect(run(source, "-s", "-n")).rejects.toThrow(/cannot be used with/);
  });

  it("answers --help, --version and a missing argument", async () => {
    expect((await run("--help")).text).toContain("Usage: ecc [options] <source> [header]");
    expect((await run("-V")).text).toMatch(/^ecc \d+\.\d+\.\d+\n$/);
    await expect(run()).rejects.toThrow(/missing required argument 'source'/);
  });
});
