import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BPF_MAP_TYPE_PERCPU_HASH, readSpec } from "@skep/bpf";
import { readPackage } from "@skep/package";
import { describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { type Look, looks } from "./looks.ts";

interface Runs {
  readonly count: number;
  readonly total_ns: number;
  readonly max_ns: number;
}

type Counts = ReadonlyMap<string, readonly number[]>;

/** Rows of /proc/interrupts and /proc/softirqs: a name (that of the handler, or of the vector) and a count for each CPU. */
function counts(file: string): Counts {
  const [head = "", ...rows] = readFileSync(file, "utf8").trim().split("\n");
  const cpus = head.trim().split(/\s+/).length;
  return new Map(
    rows.map((row) => {
      const words = row.trim().split(/\s+/);
      const name = file.endsWith("softirqs") ? words[0]?.replace(":", "").toLowerCase() : words.at(-1);
      return [name ?? "", words.slice(1, 1 + cpus).map(Number)];
    }),
  );
}

/** Reads from the disk, past the page cache, so that it interrupts. */
function disturb(): void {
  const directory = mkdtempSync(join(tmpdir(), "skep-irq-"));
  try {
    const path = join(directory, "file");
    writeFileSync(path, Buffer.alloc(1 << 20));
    spawnSync("sync", [path]);
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECT);
    const buffer = new Uint8Array(new SharedArrayBuffer(1 << 17));
    const at = (4096 - (Number(buffer.byteOffset) % 4096)) % 4096;
    try {
      for (let block = 0; block < 200; block++) readSync(fd, buffer, at, 4096, (block % 256) * 4096);
    } catch {
      // Not every file system reads past its cache, nor into every buffer.
    } finally {
      closeSync(fd);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * What the kernel itself has counted: at least what came while the tool was certainly at work, at most what came since before it
 * began. Handlers count in the file and in the tool at about the same moment, on each CPU.
 */
async function between<Key>(
  args: readonly string[],
  file: string,
): Promise<{ readonly entries: Look<Key, Runs>[]; readonly least: Counts; readonly most: Counts }> {
  const before = counts(file);
  let begin = before;
  let end = before;
  const entries = await looks<Key, Runs>(args, async () => {
    begin = counts(file);
    disturb();
    await new Promise((resolve) => setTimeout(resolve, 300));
    end = counts(file);
  });
  return { entries, least: difference(begin, end), most: difference(before, counts(file)) };
}

function difference(before: Counts, after: Counts): Counts {
  return new Map(
    [...after].map(([name, counts]) => [
      name,
      counts.map((count, cpu) => count - (before.get(name)?.[cpu] ?? 0)),
    ]),
  );
}

const sum = (counts: readonly number[] = []) => counts.reduce((total, count) => total + count, 0);

/** One more or less may be on its way at the moment of a look, on each CPU. */
const SLACK = 2;

/** Not every kernel shows what interrupts every task: see nearly.ts. */
const atLeast = (count: number) => Math.floor(count * 0.7) - SLACK;

/** `net_rx` for `SOFTIRQ_NET_RX(3)`. */
const vectorName = (text: string) => text.replace(/^SOFTIRQ_|\(\d+\)$/g, "").toLowerCase();

describe("softirqs", () => {
  it.each([["tp_btf"], ["raw_tp"]])("counts as the kernel does, through %s", async (rung) => {
    const args = ["softirqs", "--interval", "100ms", "--rung", `irq/${rung}`];
    const { entries, least, most } = await between<{ softirq: string }>(args, "/proc/softirqs");
    const vectors = new Map<string, number>();
    for (const { key, value } of entries) {
      const name = vectorName(key.softirq);
      vectors.set(name, (vectors.get(name) ?? 0) + value.count);
      expect(value.total_ns).toBeGreaterThanOrEqual(value.max_ns);
      expect(value.max_ns).toBeGreaterThan(0);
      expect(value.total_ns).toBeLessThanOrEqual(value.count * value.max_ns);
    }
    expect(vectors.size).toBeGreaterThan(0);
    for (const [name, count] of vectors) {
      expect(count, name).toBeGreaterThanOrEqual(atLeast(sum(least.get(name))));
      expect(count, name).toBeLessThanOrEqual(sum(most.get(name)) + SLACK);
    }
    for (const [name, counts] of least)
      if (sum(counts) > 10) expect(vectors.get(name), name).toBeGreaterThan(0);
  });

  it("tells CPUs apart, or looks at one", async () => {
    const { entries, least, most } = await between<{ softirq: string; cpu: number }>(
      ["softirqs", "--per-cpu"],
      "/proc/softirqs",
    );
    for (const cpu of [0, 1]) {
      const rcu = entries.filter(({ key }) => key.softirq.startsWith("SOFTIRQ_RCU") && key.cpu === cpu);
      const count = rcu.reduce((total, { value }) => total + value.count, 0);
      expect(count).toBeGreaterThanOrEqual(atLeast(least.get("rcu")?.[cpu] ?? 0));
      expect(count).toBeLessThanOrEqual((most.get("rcu")?.[cpu] ?? 0) + SLACK);
    }
    const one = await between<{ softirq: string; cpu: number }>(
      ["softirqs", "--per-cpu", "--cpu", "0"],
      "/proc/softirqs",
    );
    expect(one.entries.length).toBeGreaterThan(0);
    expect(one.entries.every(({ key }) => key.cpu === 0)).toBe(true);
  });

  it("shows the distribution for each vector, in nanoseconds or not", async () => {
    for (const unit of ["nsecs", "usecs"]) {
      const { entries, least, most } = await between<{ softirq: string }>(
        ["softirqs", "--dist", "--unit", unit],
        "/proc/softirqs",
      );
      const rcu = entries.filter(({ key }) => key.softirq.startsWith("SOFTIRQ_RCU"));
      const count = rcu.flatMap(({ buckets = [] }) => buckets).reduce((total, one) => total + one.count, 0);
      expect(count).toBeGreaterThanOrEqual(atLeast(sum(least.get("rcu"))));
      expect(count).toBeLessThanOrEqual(sum(most.get("rcu")) + SLACK);
      expect(entries.every((entry) => entry.unit === unit)).toBe(true);
    }
  });

  it("names vectors and durations for people", async () => {
    await using skep = await new SkepProcess(["run", "softirqs", "--interval", "200ms"]).attached();
    await skep.until(({ stdout }) => /^\S+ +\d+ +[\d.]+[nmuµ]?s +[\d.]+[nmuµ]?s$/m.test(stdout));
    await skep.end();
    expect(skep.stdout).toMatch(/^SOFTIRQ +COUNT +TOTAL +MAX$/m);
    expect(skep.stdout).toMatch(/^(rcu|timer|sched|net_rx|block|tasklet) /m);
  });
});

describe("hardirqs", () => {
  it.each([["tp_btf"], ["raw_tp"]])("counts each handler as the kernel does, through %s", async (rung) => {
    const args = ["hardirqs", "--interval", "100ms", "--rung", `irq/${rung}`];
    const { entries, least, most } = await between<{ irq: number; name: string }>(args, "/proc/interrupts");
    const handlers = new Map<string, number>();
    for (const { key, value } of entries) {
      handlers.set(key.name, (handlers.get(key.name) ?? 0) + value.count);
      // Nanoseconds: even the shortest handler takes some.
      expect(value.max_ns).toBeGreaterThan(0);
      expect(value.total_ns).toBeGreaterThanOrEqual(value.max_ns);
    }
    for (const [name, count] of handlers) {
      if (!most.has(name)) continue;
      expect(count, name).toBeGreaterThanOrEqual(atLeast(sum(least.get(name))));
      expect(count, name).toBeLessThanOrEqual(sum(most.get(name)) + SLACK);
    }
    const device = [...least].filter(
      ([name, counts]) => /^virtio\d|nvme|ahci/.test(name) && sum(counts) > 10,
    );
    for (const [name] of device) expect(handlers.get(name), name).toBeGreaterThan(0);
  });

  it("shows the distribution for each handler and CPU", async () => {
    const { entries, least, most } = await between<{ irq: number; cpu: number; name: string }>(
      ["hardirqs", "--dist", "--per-cpu"],
      "/proc/interrupts",
    );
    for (const { key, buckets = [] } of entries) {
      if (!most.has(key.name)) continue;
      const count = entries
        .filter((other) => other.key.name === key.name && other.key.cpu === key.cpu)
        .flatMap((other) => other.buckets ?? [])
        .reduce((total, bucket) => total + bucket.count, 0);
      expect(count).toBeGreaterThanOrEqual(atLeast(least.get(key.name)?.[key.cpu] ?? 0));
      expect(count).toBeLessThanOrEqual((most.get(key.name)?.[key.cpu] ?? 0) + SLACK);
      expect(buckets.length).toBeGreaterThan(0);
    }
  });
});

describe("hardirqs and softirqs", () => {
  it.each(["hardirqs", "softirqs"])("%s counts on each CPU by itself, of up to 1,024 handlers", (tool) => {
    const spec = readSpec(
      readPackage(readFileSync(new URL(`../../../../tools/${tool}/package.json`, import.meta.url))).object,
    );
    for (const name of ["handlers", "times"])
      expect(spec.maps.find((map) => map.name === name)).toMatchObject({
        type: BPF_MAP_TYPE_PERCPU_HASH,
        maxEntries: 1024,
      });
  });

  it.each(["hardirqs", "softirqs"])(
    "%s does not pretend that an interrupt belongs to a cgroup",
    async (tool) => {
      const skep = new SkepProcess(["run", tool, "--cgroup", "/"]);
      expect((await skep.exit()).code).toBe(64);
      expect(skep.stderr).toContain("--cgroup");
    },
  );

  it("--unit and -d are for histograms of each CPU, --sort and --cpu for the rows of one", async () => {
    for (const tool of ["hardirqs", "softirqs"]) {
      const { entries } = await between<{ cpu: number }>(
        [tool, "--per-cpu", "--cpu", "1", "--sort", "-count"],
        tool === "hardirqs" ? "/proc/interrupts" : "/proc/softirqs",
      );
      expect(entries.every(({ key }) => key.cpu === 1)).toBe(true);
      const { entries: slots } = await between<{ cpu?: number }>(
        [tool, "-d", "--unit", "msecs"],
        "/proc/softirqs",
      );
      expect(slots.length).toBeGreaterThan(0);
      for (const { unit, key } of slots) {
        expect(unit).toBe("msecs");
        expect(key.cpu).toBeUndefined();
      }
      // Hardly any runs for a millisecond: the first slot has them, from 0 on.
      expect(slots.some(({ buckets }) => (buckets?.[0]?.count ?? 0) > 0)).toBe(true);
    }
  });
});

/** Of a row for each handler, or of a histogram for each. */
function modelCounts(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  let name = "";
  for (const line of text.split("\n")) {
    name = /^softirq = (\S+)/.exec(line)?.[1] ?? name;
    const row = /^(?<handler>\S+) +(?<count>\d+)$|-> \d+ +: (?<slot>\d+)/.exec(line)?.groups;
    const handler = row?.handler ?? name;
    const count = row?.count ?? row?.slot;
    if (count !== undefined) counts.set(handler, (counts.get(handler) ?? 0) + Number(count));
  }
  return counts;
}

const withoutModel = spawnSync("softirqs", ["--version"]).error !== undefined;

describe.skipIf(withoutModel)("beside libbpf-tools", () => {
  it.each([
    ["hardirqs", "-C", "/proc/interrupts"],
    ["softirqs", "-d", "/proc/softirqs"],
  ])("%s counts what its model counts at the same time, and not less", async (tool, flag, file) => {
    await using skep = await new SkepProcess(["run", tool, "--json", "--interval", "30"]).attached();
    const before = counts(file);
    const peer = spawn(`/usr/sbin/${tool}`, [flag, "3", "1"], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    peer.stdout.setEncoding("utf8").on("data", (more: string) => {
      text += more;
    });
    const ended = once(peer, "close");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    disturb();
    await ended;
    const during = difference(before, counts(file));
    await skep.end();
    const ours = skep.events<Look<{ name?: string; softirq?: string }, Runs>>();
    const theirs = [...modelCounts(text)].filter(([name]) => during.has(name));
    expect(theirs.length, text).toBeGreaterThan(0);
    for (const [name, count] of theirs) {
      const own = ours.filter(({ key }) => (key.name ?? vectorName(key.softirq ?? "")) === name);
      const sum = own.reduce((total, { value }) => total + value.count, 0);
      expect(sum, name).toBeGreaterThanOrEqual(count - SLACK);
    }
  });
});
