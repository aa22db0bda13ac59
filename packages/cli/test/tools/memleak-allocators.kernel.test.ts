import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { NativeProgram } from "./native.ts";

const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64"];
const libraryOf = (name: string) => LIBRARIES.map((folder) => join(folder, name)).find(existsSync);

let allocators: NativeProgram;
let directory: string;

beforeAll(() => {
  allocators = new NativeProgram("allocators", ["-fno-omit-frame-pointer"], "clang");
  directory = mkdtempSync(join(tmpdir(), "skep-allocators-"));
});

afterAll(() => {
  allocators[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

interface Row {
  readonly value: { readonly bytes: number; readonly count: number };
  readonly stacks: { readonly user?: readonly string[] };
}

/** Does all that the words say while memleak looks. */
async function memleak(
  helper: HelperProcess,
  words: readonly string[],
  ...args: readonly string[]
): Promise<readonly Row[]> {
  await helper.asleep();
  const pid = String(helper.pid);
  const all = ["run", "memleak", "--json", "--interval", "60", "--pid", pid, ...args];
  await using skep = await new SkepProcess(all).attached();
  for (const word of words) await helper.work(word);
  expect((await skep.end()).code, skep.stderr).toBe(0);
  expect(skep.stderr).toContain(" 0 lost");
  return skep.events<Row>();
}

/** Bytes and allocations that a function keeps. */
function keptBy(rows: readonly Row[], name: string): readonly [number, number] {
  const ours = rows.filter(({ stacks }) => stacks.user?.some((frame) => frame.startsWith(name)));
  const sum = (member: "bytes" | "count") => ours.reduce((total, { value }) => total + value[member], 0);
  return [sum("bytes"), sum("count")];
}

describe("memleak", () => {
  it("follows mremap from the old size to the new one, and adds up right when threads allocate at the same time", async () => {
    await using helper = new HelperProcess(allocators.path);
    const rows = await memleak(helper, ["move", "threads"]);
    expect(keptBy(rows, "keep_moved")).toEqual([65_536, 1]);
    expect(keptBy(rows, "keep_some")).toEqual([4 * 30 * 48, 4 * 30]);
  });

  it("sees the memory of Node.js that lies outside of its heap, and who asked for it", async () => {
    const script = `const { readSync, writeSync } = require("node:fs"), kept = [];
      while (readSync(0, new Uint8Array(16)) > 0) {
        for (let i = 0; i < 10; i++) kept.push(Buffer.allocUnsafeSlow(1 << 20));
        writeSync(1, "done\\n");
      }`;
    await using helper = new HelperProcess(process.execPath, ["-e", script]);
    const rows = await memleak(helper, ["go"], "--min-size", "1M");
    expect(keptBy(rows, "node::NodeArrayBufferAllocator")).toEqual([10 << 20, 10]);
    expect(keptBy(rows, "node::Buffer")).toEqual([10 << 20, 10]);
  });

  it("--binary takes a path of any length", async (context) => {
    const library = libraryOf("libc.so.6");
    if (library === undefined) return context.skip("the C library is not where it is looked for");
    // A C library of the program's own.
    const far = join(directory, "d".repeat(100), "e".repeat(100));
    mkdirSync(far, { recursive: true });
    copyFileSync(library, join(far, "libc.so.6"));
    await using helper = new HelperProcess("env", [`LD_LIBRARY_PATH=${far}`, allocators.path]);
    const rows = await memleak(helper, ["small"], "--binary", join(far, "libc.so.6"));
    expect(keptBy(rows, "keep_small")).toEqual([6400, 100]);
  });

  it("knows jemalloc's functions", async (context) => {
    const library = libraryOf("libjemalloc.so.2");
    if (library === undefined) return context.skip("there is no jemalloc here (Debian: libjemalloc2)");
    await using helper = new HelperProcess("env", [`LD_PRELOAD=${library}`, allocators.path]);
    const rows = await memleak(helper, ["small", "other"]);
    expect(keptBy(rows, "keep_small")).toEqual([6400, 100]);
    expect(keptBy(rows, "keep_other")).toEqual([500, 5]);
  });
});
