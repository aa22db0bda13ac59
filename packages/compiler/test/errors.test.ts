import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError, NotFoundError } from "@skep/bpf";
import { CompileError, compilePackage, findClang } from "@skep/compiler";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { hintsFor } from "../src/clang-hints.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-test-"));
const path = process.env.PATH;
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => {
  process.env.PATH = path;
});

function source(text: string): string {
  const file = join(directory, "probe.bpf.c");
  writeFileSync(file, text);
  return file;
}

async function failure(text: string): Promise<CompileError> {
  const error = await compilePackage(source(text)).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(CompileError);
  return error as CompileError;
}

const HELPERS = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n";

/** A program that answers like a clang of some version. */
function fakeClang(name: string, version: number): void {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\necho "some clang version ${version}.0.1" >&2\n`);
  chmodSync(join(bin, name), 0o755);
  process.env.PATH = bin;
}

describe("a source with errors", () => {
  it("is answered in clang's words, with the user's path and line", async () => {
    const error = await failure("int ok;\nint broken(void) { return 1 +; }\n");
    expect(error.diagnostics).toContain(`${directory}/probe.bpf.c:2:30: error: expected expression`);
    expect(error.diagnostics).toContain("int broken(void) { return 1 +; }");
    expect(error.diagnostics).not.toContain("In file included from");
    expect(error.message).toContain("error: expected expression");
  });

  it.each([
    [
      "a header that libbpf does not have",
      "#include <bpf/bpf_nothing.h>",
      /bpf\/bpf_nothing\.h is not one of libbpf's headers/,
    ],
    [
      "a name that the kernel has taken",
      '#include "vmlinux.h"\nstruct key { int pid; };\nenum mine { BPF_MAP_TYPE_HASH };',
      /the kernel has a key of its own[\s\S]*the kernel has a BPF_MAP_TYPE_HASH of its own/,
    ],
    [
      "another header that is not there",
      '#include "nothing.h"',
      /nothing\.h is not in the source's directory/,
    ],
    ["fixed-width types without vmlinux.h", "__u64 count;", /put #include "vmlinux.h" before/],
    [
      "a struct that this kernel does not have",
      '#include "vmlinux.h"\nint f(struct gone *g) { return g->x; }',
      /struct gone is not in this kernel's types/,
    ],
    [
      "a member that this kernel does not have",
      '#include "vmlinux.h"\nint f(struct task_struct *t) { return t->gone; }',
      /this kernel's struct task_struct has no gone/,
    ],
    [
      "kernel headers next to vmlinux.h",
      '#include "vmlinux.h"\n#include <linux/if_ether.h>\n#include <linux/types.h>\n#include <linux/in.h>',
      /do not include linux/,
    ],
    ["libbpf's headers without their folder", '#include "bpf_helpers.h"', /#include <bpf\/bpf_helpers\.h>/],
    ["bool without a header", "bool yes;", /<stdbool\.h>/],
    [
      "SEC() without its header",
      '#include <linux/bpf.h>\nSEC("xdp") int f(void *c) { return 0; }',
      /#include <bpf\/bpf_helpers\.h>/,
    ],
    [
      "BPF_PROG() without its header",
      `${HELPERS}SEC("tp_btf/sched_switch")\nint BPF_PROG(f, int a) { return 0; }`,
      /BPF_PROG\(\) is defined by libbpf: #include <bpf\/bpf_tracing\.h>/,
    ],
    [
      "functions of libc",
      `${HELPERS}SEC("xdp") int f(void *c) { return printf("x"); }`,
      /print with bpf_printk\(\)/,
    ],
    [
      "functions that nobody defines",
      `${HELPERS}SEC("xdp") int f(void *c) { return nowhere(1); }`,
      /nobody defines nowhere\(\)/,
    ],
    [
      "macros without their header",
      `${HELPERS}SEC("xdp") int f(struct xdp_md *c) { return bpf_ntohs(c->data); }`,
      /bpf_ntohs\(\) is defined by libbpf: #include <bpf\/bpf_endian\.h>/,
    ],
    [
      "lengths that vary",
      `${HELPERS}SEC("xdp") int f(struct xdp_md *c) { char b[99]; __builtin_memset(b, 0, c->data & 63); return b[5]; }`,
      /give memset a constant, small length/,
    ],
    [
      "more than five arguments",
      `${HELPERS}__attribute__((noinline)) int g(int a, int b, int c, int d, int e, int f) { return a + f; }
SEC("xdp") int f(struct xdp_md *c) { return g(1, 2, 3, 4, 5, c->data); }`,
      /at most five arguments/,
    ],
    ["floating point", "double f(double x) { return x * 2; }", /no floating point/],
  ])("is given a hint about %s", async (_what, text, hint) => {
    expect((await failure(text)).hints.join("\n")).toMatch(hint);
  });

  it("is given a hint when libbpf's headers are not installed", () => {
    expect(hintsFor("a.c:1:10: fatal error: 'bpf/bpf_helpers.h' file not found\n")).toEqual([
      "libbpf's headers are missing: install libbpf-dev (Debian, Ubuntu) or libbpf-devel (Fedora)",
    ]);
  });

  it("is given each hint once, and no hint without a cause we know", () => {
    const line = "a.c:1:1: error: unknown type name '__u32'\n__u32 a;\n";
    expect(hintsFor(line.repeat(5))).toHaveLength(1);
    expect(hintsFor("a.c:1:1: error: something new\n")).toEqual([]);
    expect(hintsFor("a.c:1:1: warning: unknown type name '__u32'\n")).toEqual([]);
    expect(
      hintsFor("\u001b[1ma.c:1:1: \u001b[0;1;31merror: \u001b[0munknown type name '__u32'\u001b[0m\n"),
    ).toHaveLength(1);
  });

  it("leaves no file behind", async () => {
    // A directory of its own: others compile at the same time.
    const temporary = mkdtempSync(join(tmpdir(), "skep-errors-"));
    vi.stubEnv("TMPDIR", temporary);
    await failure("broken");
    vi.unstubAllEnvs();
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
    expect(readdirSync(directory).filter((name) => name !== "bin")).toEqual(["probe.bpf.c"]);
  });

  it("that does not exist is a file not found", async () => {
    await expect(compilePackage(join(directory, "no.bpf.c"))).rejects.toThrow(InvalidArgumentError);
    await expect(compilePackage(source("int x;"), join(directory, "no.h"))).rejects.toThrow(
      InvalidArgumentError,
    );
  });
});

describe("findClang", () => {
  beforeAll(() => mkdirSync(join(directory, "empty"), { recursive: true }));

  it("finds this machine's clang and its include directories", async () => {
    const clang = await findClang();
    expect(clang.version).toBeGreaterThanOrEqual(14);
    expect(clang.systemIncludes).toContain("/usr/include");
  });

  it("says what to install when there is none", async () => {
    process.env.PATH = join(directory, "empty");
    await expect(findClang()).rejects.toThrow(NotFoundError);
    await expect(findClang()).rejects.toMatchObject({ next: expect.stringContaining("apt install clang") });
  });

  it("passes over a clang that is too old, for a newer one with its version in the name", async () => {
    fakeClang("clang", 11);
    await expect(findClang()).rejects.toThrow(/clang here is version 11/);
    fakeClang("clang-16", 16);
    expect(await findClang()).toMatchObject({ command: "clang-16", version: 16 });
  });

  it("takes the one asked for or none", async () => {
    fakeClang("old", 13);
    await expect(findClang("old")).rejects.toThrow(InvalidArgumentError);
    await expect(findClang(join(directory, "nothing"))).rejects.toThrow(NotFoundError);
    await expect(findClang("")).rejects.toThrow("an empty name is not a clang");
    fakeClang("new", 99);
    expect((await findClang("new")).version).toBe(99);
  });
});
