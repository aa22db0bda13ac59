import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** To be attached to a process and to leave it takes seconds: what one run shows several tests look at. */
const LONG_WORD = "x".repeat(3000);

describe("memleak", () => {
  let whole: SkepProcess;

  beforeAll(async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell counts the letters
    const script = 'echo "args: $#, $1, ${#2}"; exec "$0"';
    whole = await memleak("--json", "--", "sh", "-c", script, leak.path, "two words", LONG_WORD);
  });

  it("finds every byte that a command leaked, at the function that did, and nothing that it freed", () => {
    const rows = whole.events<Row>();
    expect(through(rows, "leak_small")).toEqual([6400, 100]);
    expect(through(rows, "free_small")).toEqual([0, 0]);
    expect(through(rows, "leak_zeroed")).toEqual([10_000, 10]);
    expect(through(rows, "leak_grown")).toEqual([5000, 1]);
    expect(through(rows, "leak_failed")).toEqual([300, 1]);
    expect(through(rows, "leak_aligned")).toEqual([3 * 4096, 3]);
    expect(through(rows, "leak_mapped")).toEqual([2 * 65_536 + 4096, 3]);
    expect(through(rows, "main")).toEqual([169_156, 118]);
    expect(whole.stderr).toContain(" 0 lost");
  });

  it("takes a command with arguments, of any length", () => {
    expect(whole.stderr).toContain("args: 2, two words, 3000");
  });

  it("shows the largest first, as many as --top says, with sizes between --min-size and --max-size", async () => {
    const sizes = ["--min-size", "100", "--max-size", "4k"];
    const { stdout } = await memleak(...sizes, "--top", "2", "--timestamp", "none", "--", leak.path);
    // Not those of 65,536 bytes, of 5000 and of 64; the 300 are third.
    const shown = [...stdout.matchAll(/^ {8}(\d+) bytes, count (\d+)$/gm)];
    expect(stdout).toMatch(/^ {4}- {16}process \d+$/m);
    expect(shown.map(([, bytes, count]) => [Number(bytes), Number(count)])).toEqual([
      [3 * 4096, 3],
      [10_000, 10],
    ]);
  });

  it("shows with --older only what is so old, and each allocation with its address to machines", async () => {
    await using young = new SkepProcess(["run", "memleak", "--older", "1h", "--json", "--duration", "300ms"]);
    expect((await young.exit()).code, young.stderr).toBe(0);
    expect(young.events<Row>()).toEqual([]);
    const old = await memleak("--older", "1ns", "--json", "--", leak.path);
    const rows = old.events<Row>();
    expect(through(rows, "main")).toEqual([169_156, 118]);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(118);
  });

  it("estimates from a random sample, without a bias", async () => {
    const skep = await memleak("--sample-rate", "10", "--json", "--", leak.path, "many", "40000");
    const [bytes, count] = through(skep.events<Row>(), "leak_many");
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

  it("takes nothing for a leak that is freed while probe after probe is taken off", async () => {
    const child = spawn(leak.path, ["nothing"], { stdio: ["pipe", "pipe", "ignore"] });
    const [pid] = await once(child.stdout!, "data");
    await using skep = new SkepProcess([
      ...[
        "run",
        "memleak",
        "--json",
        "--interval",
        "60",
        "--duration",
        "500ms",
        "--pid",
        String(Number(pid)),
      ],
    ]);
    expect((await skep.exit()).code, skep.stderr).toBe(0);
    child.stdin?.end("\n");
    await once(child, "close");
    // What it holds at the moment of the look is one allocation at most.
    expect(through(skep.events<Row>(), "churn")[1]).toBeLessThanOrEqual(1);
    expect(skep.stderr).toContain(" 0 lost");
  });

  it("knows who called operator new, though libstdc++ has no frames; makes a pprof file in bytes", async () => {
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
    const file = join(directory, "heap.pprof");
    await memleak("-o", "pprof", "--output-file", file, "--", program);
    const { types, samples, defaultType } = readPprof(readFileSync(file));
    expect(types).toEqual([
      { type: "bytes", unit: "bytes" },
      { type: "count", unit: "count" },
    ]);
    expect(defaultType).toBe("bytes");
    const kept = samples.filter(({ functions }) => functions.includes("leak_object()"));
    const sum = (index: number) => kept.reduce((all, { values }) => all + (values[index] ?? 0), 0);
    expect([sum(0), sum(1)]).toEqual([20 * 57, 40]);
    for (const { functions } of kept) expect(functions[functions.indexOf("leak_object()") + 1]).toBe("main");
    expect(samples.flatMap(({ functions }) => functions)).not.toContain("free_object()");
  });

  it("looks at the kernel without --pid: pipes that stay open are there, and are gone when closed", async () => {
    using pipes = new NativeProgram("kernel-leak");
    await using skep = await new SkepProcess(["run", "memleak", "--json", "--interval", "60"]).attached();
    const child = spawn(pipes.path, { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await skep.end();
    child.stdin.end("\n");
    await once(child, "close");
    const count = skep
      .events<Row>()
      .filter(({ stacks }) => stacks.kernel?.[1]?.startsWith("alloc_pipe_info"))
      .reduce((sum, { value }) => sum + value.count, 0);
    // Two for each of 250 of the 400, and some of whatever else runs: exactly so in sampling-rungs.vm.test.ts.
    expect(count).toBeGreaterThanOrEqual(500);
    expect(count).toBeLessThan(700);
    expect(skep.stderr).toContain(" 0 lost");
  });
});
