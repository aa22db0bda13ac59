import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { counted, type Look, looks } from "./looks.ts";
import { expectNearly } from "./nearly.ts";

interface Key {
  readonly disk?: string;
  readonly operation?: string;
  readonly flags?: unknown;
}

let directory: string;
/** A disk of our own: a file behind a loop device. Undefined where there is none to be had. */
let disk: string | undefined;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "skep-disk-"));
  const file = join(directory, "disk");
  writeFileSync(file, "");
  truncateSync(file, 16 << 20);
  const made = spawnSync("losetup", ["--find", "--show", file], { encoding: "utf8" });
  disk = made.status === 0 ? made.stdout.trim() : undefined;
});

afterAll(() => {
  if (disk !== undefined) execFileSync("losetup", ["--detach", disk]);
  rmSync(directory, { recursive: true });
});

/** Reads and writes that the kernel says the disk has completed (Documentation/admin-guide/iostats.rst). */
function completed(): { readonly reads: number; readonly writes: number } {
  const words = readFileSync(`/sys/block/${basename(disk ?? "")}/stat`, "utf8")
    .trim()
    .split(/\s+/);
  return { reads: Number(words[0]), writes: Number(words[4]) };
}

function read(count: number): void {
  execFileSync("dd", [
    `if=${disk}`,
    "of=/dev/null",
    "bs=4k",
    `count=${count}`,
    "iflag=direct",
    "status=none",
  ]);
}

function write(count: number): void {
  execFileSync("dd", [
    "if=/dev/zero",
    `of=${disk}`,
    "bs=4k",
    `count=${count}`,
    "oflag=direct",
    "status=none",
  ]);
}

describe("biolatency", () => {
  it("counts requests as the disk does, by disk and kind", async (context) => {
    if (disk === undefined) return context.skip("no loop device to be had");
    const name = basename(disk);
    let before = completed();
    let after = before;
    const args = ["biolatency", "--disks", "--flags", "--disk", name, "--interval", "100ms"];
    const entries = await looks<Key, unknown>(args, async () => {
      before = completed();
      read(200);
      write(100);
      after = completed();
    });
    expect(entries.every(({ key }) => key.disk === name)).toBe(true);
    const of = (operation: string) => entries.filter(({ key }) => key.operation?.startsWith(operation));
    expectNearly(counted(of("IO_READ")), after.reads - before.reads);
    expect(counted(of("IO_READ"))).toBeGreaterThanOrEqual(180);
    expectNearly(counted(of("IO_WRITE(")), after.writes - before.writes);
    expect(counted(of("IO_WRITE("))).toBeGreaterThanOrEqual(90);
  });

  it("puts all disks and kinds into one histogram when nobody asks, also with the time in the queue", async (context) => {
    if (disk === undefined) return context.skip("no loop device to be had");
    const args = ["biolatency", "--disk", basename(disk), "--queued", "--unit", "nsecs"];
    let before = completed();
    let after = before;
    const entries = await looks<Key, unknown>(args, async () => {
      before = completed();
      read(50);
      after = completed();
    });
    expectNearly(counted(entries), after.reads - before.reads + after.writes - before.writes);
    // No disk answers within a microsecond.
    expect(counted(entries, 1024)).toBe(counted(entries));
    expect(entries.every(({ key }) => key === undefined || Object.keys(key).length === 0)).toBe(true);
  });

  it("names disks and kinds for people", async (context) => {
    if (disk === undefined) return context.skip("no loop device to be had");
    const args = ["run", "biolatency", "-D", "-F", "--disk", basename(disk)];
    await using skep = await new SkepProcess(args).attached();
    write(10);
    await skep.end();
    expect(skep.stdout).toMatch(new RegExp(`^disk = ${basename(disk)}, operation = write, `, "m"));
    expect(skep.stdout).toContain("     usecs               : count    distribution");
    expect(skep.stdout).toMatch(/^ {5}50% <= \d+, 90% <= \d+, 99% <= \d+, 99.9% <= \d+$/m);
  });

  it("counts what biolatency of libbpf-tools counts at the same time", async (context) => {
    if (disk === undefined) return context.skip("no loop device to be had");
    if (spawnSync("biolatency", ["--version"]).error !== undefined)
      return context.skip("libbpf-tools are not installed");
    await using skep = await new SkepProcess([
      "run",
      "biolatency",
      "--disk",
      basename(disk),
      "--json",
    ]).attached();
    const peer = execFileSync(
      "bash",
      [
        "-c",
        `biolatency -d ${basename(disk)} 3 1 & sleep 1.5; dd if=${disk} of=/dev/null bs=4k count=300 iflag=direct status=none; wait`,
      ],
      { encoding: "utf8" },
    );
    await skep.end();
    const theirs = [...peer.matchAll(/-> \d+ +: (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    const ours = counted(skep.events<Look<Key, unknown>>());
    expect(theirs).toBeGreaterThanOrEqual(270);
    expect(ours).toBeGreaterThanOrEqual(theirs);
    expect(ours - theirs).toBeLessThanOrEqual(5);
  });
});
