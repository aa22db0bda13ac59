import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { looks, total } from "./looks.ts";
import { NativeProgram } from "./native.ts";

interface Key {
  readonly pid?: number;
}
interface Value {
  readonly comm?: string;
  readonly accesses: number;
  readonly added: number;
  readonly created: number;
  readonly dirtied: number;
}

const PAGES = 2048;
const TMPFS = 0x01021994;

let pages: NativeProgram;
let directory: string;
let file: string;

beforeAll(() => {
  pages = new NativeProgram("pages");
  directory = mkdtempSync(join(tmpdir(), "skep-cache-"));
  file = join(directory, "file");
  writeFileSync(file, Buffer.alloc(PAGES * 4096, 1));
});

afterAll(() => {
  pages[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

/** The table of one look at what a helper does. */
async function table(pid: number, work: () => Promise<void>): Promise<string> {
  const args = ["run", "cachestat", "--pid", String(pid), "--interval", "60"];
  await using skep = await new SkepProcess(args).attached();
  await work();
  await skep.end();
  return skep.stdout;
}

describe("cachestat", () => {
  it("tells what the cache has from what the disk must give", async (context) => {
    if (statfsSync(directory).type === TMPFS) return context.skip("a tmpfs has no disk behind it");
    await using helper = new HelperProcess(pages.path, [file]);
    await helper.work("warm");
    const args = ["cachestat", "--pid", String(helper.pid)];

    const cold = await looks<Key, Value>(args, () => helper.work("cold"));
    expect(total(cold, "accesses")).toBe(PAGES);
    expect(total(cold, "added")).toBe(PAGES);
    expect(total(cold, "created")).toBe(0);

    const warm = await looks<Key, Value>(args, () => helper.work("warm"));
    expect(total(warm, "accesses")).toBe(PAGES);
    expect(total(warm, "added")).toBe(0);

    expect(await table(helper.pid, () => helper.work("cold"))).toMatch(/^ +0 +2048 +0 +0\.0%$/m);
    expect(await table(helper.pid, () => helper.work("warm"))).toMatch(/^ +0 +0 +2048 +100\.0%$/m);
  });

  it("does not take for a miss what a write puts into the cache", async (context) => {
    if (statfsSync(directory).type === TMPFS) return context.skip("a tmpfs has no disk behind it");
    await using helper = new HelperProcess(pages.path, [join(directory, "new"), "300"]);
    await helper.asleep();
    const entries = await looks<Key, Value>(["cachestat", "--per", "process", "--comm", "pages"], () =>
      helper.work("write"),
    );
    expect(entries.every(({ key, value }) => key.pid === helper.pid && value.comm === "pages")).toBe(true);
    // Also of what the file system keeps about the file.
    expect(total(entries, "dirtied")).toBeGreaterThanOrEqual(300);
    expect(total(entries, "created")).toBeGreaterThanOrEqual(300);
    expect(total(entries, "added") - total(entries, "created")).toBeLessThan(10);
    expect(total(entries, "accesses")).toBe(0);
  });
});
