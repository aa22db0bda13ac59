import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPprof } from "../../../runtime/test/profiles/pprof-file.ts";
import { SkepProcess } from "../skep-process.ts";
import { NativeProgram } from "./native.ts";

let leak: NativeProgram;
let directory: string;

beforeAll(() => {
  leak = new NativeProgram("leak", ["-fno-omit-frame-pointer"], "clang");
  directory = mkdtempSync(join(tmpdir(), "skep-memleak-"));
});

afterAll(() => {
  leak[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

interface Row {
  readonly key: number | { readonly pid: number };
  readonly value: { readonly bytes: number; readonly count: number };
  readonly stacks: { readonly kernel?: readonly string[]; readonly user?: readonly string[] };
}

/** Runs the tool until its command has ended: what is left is what it leaked. */
async function memleak(...args: readonly string[]) {
  await using skep = new SkepProcess(["run", "memleak", "--interval", "60", ...args]);
  const { code } = await skep.exit();
  expect(code, skep.stderr).toBe(0);
  return skep;
}

/** Bytes and allocations that came through a function. */
function through(rows: readonly Row[], name: string): readonly [number, number] {
  const ours = rows.filter(({ stacks }) => stacks.user?.some((frame) => frame.startsWith(name)));
  return [
    ours.reduce((sum, { value }) => sum + value.bytes, 0),
    ours.reduce((sum, { value }) => sum + value.count, 0),
  ];
}

describe("memleak", () => {
  it("finds every byte that a command leaked, at the function that did, and nothing that it freed", async () => {
    const skep = await memleak("--json", "--", leak.path);
    const rows = skep.events<Row>();
    expect(through(rows, "leak_small")).toEqual([6400, 100]);
    expect(through(rows, "free_small")).toEqual([0, 0]);
    expect(through(rows, "leak_zeroed")).toEqual([10_000, 10]);
    expect(through(rows, "leak_grown")).toEqual([5000, 1]);
    expect(through(rows, "leak_failed")).toEqual([300, 1]);
    expect(through(rows, "leak_aligned")).toEqual([3 * 4096, 3]);
    expect(through(rows, "leak_mapped")).toEqual([2 * 65_536 + 4096, 3]);
    expect(through(rows, "main")).toEqual([169_156, 118]);
    expect(skep.stderr).toContain(" 0 lost");
  });

  it("takes a command with arguments, of any length", async () => {
    const long = "x".repeat(3000);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell counts the letters
    const { stderr } = await memleak("--", "sh", "-c", 'echo "args: $#, $1, ${#2}"', "sh", "two words", long);
    expect(stderr).toContain("args: 2, two words, 3000");
    await using missing = new SkepProcess(["run", "memleak", "--", "/nowhere/program", "--flag"]);
    await missing.exit();
    expect(missing.stderr).toMatch(/\/nowhere\/program: not found[\s\S]*ended with code 127/);
  });

  it("shows the largest first, as many as --top says, with sizes between --min-size and --max-size", async () => {
    const top = await memleak("--top", "2", "--timestamp", "none", "--", leak.path);
    expect(
      [...top.stdout.matchAll(/^ {8}(\d+) bytes, count (\d+)$/gm)].map(([, bytes]) => Number(bytes)),
    ).toEqual([135_168, 12_288]);
    const between = await memleak("--min-size", "1000", "--max-size", "4k", "--json", "--", leak.path);
    expect(through(between.events<Row>(), "main")).toEqual([10_000 + 3 * 4096, 13]);
  });

  it("shows with --older only what is so old, and each allocation with its address to machines", async () => {
    const young = await memleak("--older", "1h", "--json", "--", leak.path);
    expect(young.events<Row>()).toEqual([]);
    const old = await memleak("--older", "1ns", "--json", "--", leak.path);
    const rows = old.events<Row>();
    expect(through(rows, "main")).toEqual([169_156, 118]);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(118);
  });

  it("estimates from a random sample, without a bias", async () => {
    const { stdout } = await memleak("--sample-rate", "10", "--json", "--", leak.path, "many", "40000");
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
    const [bytes, count] = through(rows, "leak_many");
    // Six standard deviations of 40,000 choices of one in ten.
    expect(Math.abs(count - 40_000)).toBeLessThan(6 * 10 * Math.sqrt(40_000 * 0.1 * 0.9));
    expect(bytes).toBe(count * 16);
  });

  it("looks at a running process, at intervals, until it ends", async () => {
    const child = spawn(leak.path, ["many", "5", "wait"], { stdio: ["pipe", "pipe", "ignore"] });
    const [pid] = await once(child.stdout!, "data");
    await using skep = await new SkepProcess([
      "run",
      "memleak",
      "--pid",
      String(Number(String(pid))),
      "--interval",
      "200ms",
    ]).attached();
    // What was there before is not known: nothing is made up.
    await skep.until(({ stdout }) => stdout.split("\n").length > 2);
    expect(skep.stdout).not.toContain("bytes, count");
    child.stdin?.end("\n");
    await once(child, "close");
    expect((await skep.end()).code).toBe(0);
  });

  it("knows who called operator new, though libstdc++ has no frames", async () => {
    const source = join(directory, "news.cpp");
    writeFileSync(
      source,
      `#define KEEP __attribute__((noinline))
       void *volatile kept;
       KEEP void leak_object() { kept = new long[7]; kept = new char; __asm__ volatile(""); }
       KEEP void free_object() { auto gone = new int[5]; kept = gone; delete[] gone; __asm__ volatile(""); }
       int main() { for (int i = 0; i < 20; i++) { leak_object(); free_object(); } }`,
    );
    const program = join(directory, "news");
    execFileSync("clang++", ["-O1", "-g", "-fno-builtin", "-fno-omit-frame-pointer", source, "-o", program]);
    const rows = (await memleak("--json", "--", program)).events<Row>();
    expect(through(rows, "leak_object")).toEqual([20 * 57, 40]);
    expect(through(rows, "free_object")).toEqual([0, 0]);
  });

  it("makes a pprof file in bytes", async () => {
    const file = join(directory, "heap.pprof");
    await memleak("-o", "pprof", "--output-file", file, "--", leak.path);
    const { types, samples, defaultType } = readPprof(execFileSync("cat", [file]));
    expect(types).toEqual([
      { type: "bytes", unit: "bytes" },
      { type: "count", unit: "count" },
    ]);
    expect(defaultType).toBe("bytes");
    const small = samples.find(({ functions }) => functions[0] === "leak_small");
    expect(small?.values).toEqual([6400, 100]);
    expect(small?.functions[1]).toBe("main");
  });

  it("looks at the kernel without --pid: pipes that stay open are there, and are gone when closed", async () => {
    const work =
      "import os, sys; p = [os.pipe() for _ in range(400)]; print('open', flush=True); sys.stdin.readline()";
    await using skep = await new SkepProcess(["run", "memleak", "--json", "--interval", "60"]).attached();
    const child = spawn("/usr/bin/python3", ["-c", work], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout!, "data");
    await skep.end();
    child.stdin?.end("\n");
    await once(child, "close");
    const pipes = skep
      .events<Row>()
      .filter(({ stacks }) => stacks.kernel?.some((frame) => frame.startsWith("alloc_pipe_info")));
    const count = pipes.reduce((sum, { value }) => sum + value.count, 0);
    // Two for each: the pipe and its buffers.
    expect(count).toBeGreaterThanOrEqual(800);
    expect(count).toBeLessThan(1000);
    expect(skep.stderr).toContain(" 0 lost");
  });
});
