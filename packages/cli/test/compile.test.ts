import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  it("answers --help, --version and a missing argument", async () => {
    expect((await run("--help")).text).toContain("Usage: ecc [options] <source> [header]");
    expect((await run("-V")).text).toMatch(/^ecc \d+\.\d+\.\d+\n$/);
    await expect(run()).rejects.toThrow(/missing required argument 'source'/);
  });
});
