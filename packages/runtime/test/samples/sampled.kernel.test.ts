import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject, Package } from "@skep/package";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileTool, RunningPackage } from "../running-package.ts";

/** A process that does not exist (PID_MAX_LIMIT is 4194304): signals to it reach nobody. */
const TARGET = 1_999_998_000 - (process.pid % 1000);

function kill(...signals: readonly number[]): void {
  for (const signal of signals)
    try {
      process.kill(TARGET, signal);
    } catch {
      // ESRCH: as meant.
    }
}

let tool: Package;
const directory = mkdtempSync(join(tmpdir(), "skep-sampled-"));
beforeAll(async () => {
  tool = await compileTool("sampled.bpf.c");
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The package with the sampling of these maps only. */
function sampling(...maps: readonly string[]): Package {
  const { meta } = tool;
  const kept = meta.bpf_skel.maps.map((map) => {
    const { sample, ...rest } = map;
    return maps.includes(map.name) ? map : { ...rest, ident: map.ident, name: map.name };
  });
  return { ...tool, meta: { ...meta, bpf_skel: { ...meta.bpf_skel, maps: kept } } };
}

const run = (maps: readonly string[], ...args: readonly string[]) =>
  new RunningPackage(sampling(...maps), ["--target", String(TARGET), ...args]);

/** What one look shows of signals that are sent before it. */
async function look(maps: readonly string[], signals: readonly number[], ...args: readonly string[]) {
  await using running = await run(maps, "--interval", "400ms", "--count", "1", ...args).attached();
  kill(...signals);
  await running.end;
  return running.stdout;
}

interface Row {
  readonly buffer: string;
  readonly key: number;
  readonly cpu?: number;
  readonly value: { readonly slots?: readonly number[]; readonly calls?: number } & number;
}

const rowsOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);

describe("a log2 histogram of known values", () => {
  it("is printed as libbpf-tools and eunomia print it", async () => {
    const text = await look(["powers"], [0, 1, 2, 3, 3, 9, 15], "--timestamp", "none");
    const [key, comm, ...lines] = text.split("\n");
    expect(key).toBe("key =  0");
    expect(comm).toMatch(/^comm = \S/);
    expect(lines).toEqual([
      "     signals             : count    distribution",
      "         0 -> 1          : 2        |**************************              |",
      "         2 -> 3          : 3        |****************************************|",
      "         4 -> 7          : 0        |                                        |",
      "         8 -> 15         : 2        |**************************              |",
      "",
      "",
    ]);
  });

  it("has its entry, unit and buckets in JSON", async () => {
    const [row] = rowsOf(await look(["powers"], [5, 5], "-o", "json"));
    expect(row).toMatchObject({
      key: 0,
      value: { slots: [0, 0, 2, 0, 0, 0, 0, 0] },
      unit: "signals",
      buckets: [
        { low: 0, high: 1, count: 0 },
        { low: 2, high: 3, count: 0 },
        { low: 4, high: 7, count: 2 },
      ],
    });
  });

  it("says nothing where nothing was counted", async () => {
    expect(await look(["powers"], [])).toMatch(/^\d\d:\d\d:\d\d\n$/);
  });
});

describe("histograms as a picture", () => {
  /** What the bars tell under the mouse. */
  const told = (svg: string) =>
    [...svg.matchAll(/<g class="slot"><title>(.*?)<\/title>/g)].map(([, text]) => text);

  it("are those of the whole run, whether looks clear the map or not, on one page for all maps", async () => {
    await using running = await run(
      ["powers", "linear"],
      "--interval",
      "100ms",
      "--count",
      "6",
      "-o",
      "svg",
      "--output-file",
      join(directory, "hist.svg"),
    ).attached();
    for (const signal of [2, 3, 9]) {
      kill(signal);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await running.end;
    const svg = readFileSync(join(directory, "hist.svg"), "utf8");
    expect(running.stdout).toBe("");
    expect(told(svg)).toEqual([
      ...["2 to 3 signals: 2", "4 to 7 signals: 0", "8 to 15 signals: 1"],
      ...["0 to 4 signals: 2", "5 to 9 signals: 1"],
    ]);
    expect(svg).toContain("comm = ");
    expect(svg.match(/<svg /g)?.length).toBe(1);
  });

  it("are refused for maps that hold none", async () => {
    await using running = run(["powers", "counts"], "-o", "svg", "--count", "1");
    await expect(running.end).rejects.toThrow("--output svg is for histograms, which counts holds none of");
  });

  it("are refused while a condition hides them, which is said", async () => {
    const pkg = sampling("powers", "counts");
    const maps = pkg.meta.bpf_skel.maps.map((map) =>
      map.name === "powers" ? { ...map, sample: { ...(map.sample as JsonObject), when: "weight=7" } } : map,
    );
    const hiding = { ...pkg, meta: { ...pkg.meta, bpf_skel: { ...pkg.meta.bpf_skel, maps } } };
    const refusal = await new RunningPackage(hiding, ["-o", "svg"]).end.catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      next: "there are some with weight=7; else give table, json, csv or yaml",
    });
  });
});

describe("a linear histogram of known values", () => {
  it("counts in steps from the first slot that counted anything", async () => {
    expect(await look(["linear"], [7, 9, 10, 21], "--timestamp", "none")).toBe(
      [
        "key =  0",
        "     signals             : count    distribution",
        "         5 -> 9          : 2        |****************************************|",
        "        10 -> 14         : 1        |********************                    |",
        "        15 -> 19         : 0        |                                        |",
        "        20 -> 24         : 1        |********************                    |",
        "",
        "",
      ].join("\n"),
    );
  });
});

describe("an array of counters", () => {
  it("is one histogram, and counts on where the kernel's 32 bits wrap around", async () => {
    const running = run(["weights"], "--interval", "100ms", "-o", "json", "--weight", String(0x6000_0000));
    await using _ = await running.attached();
    const last = () =>
      rowsOf(running.stdout).at(-1) as unknown as { value: number[]; key: number } | undefined;
    for (let times = 1; times <= 6; times++) {
      kill(4);
      await running.until(() => (last()?.value[2] ?? 0) >= times * 0x6000_0000);
    }
    expect(last()).toMatchObject({ key: 0, value: [0, 0, 6 * 0x6000_0000, 0, 0, 0, 0, 0] });
  });
});

describe("keys and values", () => {
  it("are columns below the time, in the order of the keys, through the formats of the map", async () => {
    const lines = (await look(["counts"], [9, 9, 1])).split("\n");
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(lines.slice(1)).toEqual(["KEY     VALUE", "SIGHUP      1", "SIGKILL     2", "", ""]);
  });

  it("are records for machines: JSON, CSV, YAML", async () => {
    const send = [9, 9, 1];
    expect(await look(["counts"], send, "-o", "json")).toBe('{"key":1,"value":1}\n{"key":9,"value":2}\n');
    expect(await look(["counts"], send, "-o", "csv")).toBe("key,value,lost\n1,1,\n9,2,\n");
    expect(await look(["counts"], send, "-o", "yaml")).toBe("- key: 1\n  value: 1\n- key: 9\n  value: 2\n");
  });

  it("are sorted, filtered and chosen by the command line", async () => {
    const send = [9, 9, 1, 3, 3, 3];
    const sorted = await look(["counts"], send, "-o", "json", "--sort", "-value");
    expect(rowsOf(sorted).map(({ key }) => key)).toEqual([3, 9, 1]);
    const filtered = await look(["counts"], send, "-o", "json", "--filter", "value > 1 && key != 9");
    expect(rowsOf(filtered).map(({ key }) => key)).toEqual([3]);
    expect(await look(["counts"], send, "--timestamp", "none", "--fields", "value", "--sort", "value")).toBe(
      "VALUE\n    1\n    2\n    3\n\n",
    );
  });

  it("of a per-CPU map are summed, or shown for each CPU", async () => {
    const rows = rowsOf(await look(["cpu_counts", "senders"], [2, 2, 2], "-o", "json"));
    const cpus = rows.filter(({ buffer }) => buffer === "cpu_counts");
    expect(cpus.length).toBeGreaterThan(0);
    expect(cpus.map(({ cpu }) => cpu)).toEqual(cpus.map((_, index) => index));
    expect(cpus.reduce((sum, { value }) => sum + value, 0)).toBe(3);
    expect(rows.find(({ buffer }) => buffer === "senders")?.value).toEqual({ calls: 3, total_ns: 3000 });
  });

  it("appear once after each interval, and what came since at the end", async () => {
    const running = run(["counts"], "--interval", "300ms", "-o", "json");
    await using _ = await running.attached();
    kill(1);
    await running.until(() => running.stdout.includes('"key":1'));
    kill(2, 2);
    process.emit("SIGINT");
    await running.end;
    expect(running.stdout).toBe('{"key":1,"value":1}\n{"key":2,"value":2}\n');
    expect(running.stderr).toMatch(/: \d+ looks?, 0 lost, in/);
  });
});

describe("top", () => {
  it("is appended when piped: the largest entries, no more than the package says", async () => {
    const text = await look(["senders"], [1, 2, 2, 2, 3, 3], "--timestamp", "none");
    const [header, ...rows] = text.split("\n");
    expect(header?.split(/ +/)).toEqual(["SIGNAL", "COMM", "CALLS", "TOTAL_NS"]);
    expect(rows.map((row) => [row.split(/ +/)[0], ...row.split(/ +/).slice(-2)])).toEqual([
      ["2", "3", "3000"],
      ["3", "2", "2000"],
      ["", ""],
      ["", ""],
    ]);
  });
});

const HAMMER = `
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
static int target, times;
static void *send(void *signal)
{
	for (int i = 0; i < times; i++)
		kill(target, (int)(long)signal);
	return 0;
}
int main(int argc, char **argv)
{
	pthread_t threads[4];
	target = atoi(argv[1]);
	times = atoi(argv[2]);
	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], 0, send, (void *)(i / 2 + 1));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], 0);
}
`;

describe("maps that are cleared while they are counted in", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-samples-"));
    writeFileSync(join(folder, "hammer.c"), HAMMER);
    execFileSync("clang", ["-O1", "-pthread", join(folder, "hammer.c"), "-o", join(folder, "hammer")]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("lose nothing and count nothing twice, however often they are looked at", async () => {
    const maps = ["counts", "cpu_counts", "senders", "powers"];
    const running = run(maps, "--interval", "5ms", "-o", "json");
    const times = 100_000;
    await using _ = await running.attached();
    // Counters go up and down again: entries come, go idle, are taken out, and come again.
    for (let round = 0; round < 3; round++) {
      await once(spawn(join(folder, "hammer"), [String(TARGET), String(times)]), "close");
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    process.emit("SIGINT");
    await running.end;
    const rows = rowsOf(running.stdout);
    const total = (buffer: string, count: (row: Row) => number) =>
      rows.filter((row) => row.buffer === buffer).reduce((sum, row) => sum + count(row), 0);
    const each = 3 * 2 * times;
    for (const buffer of ["counts", "cpu_counts"])
      for (const signal of [1, 2])
        expect(
          total(buffer, ({ key, value }) => (key === signal ? value : 0)),
          `${buffer} ${signal}`,
        ).toBe(each);
    expect(total("senders", ({ value }) => value.calls ?? 0)).toBe(2 * each);
    expect(total("powers", ({ value }) => value.slots?.[0] ?? 0)).toBe(each);
    expect(total("powers", ({ value }) => value.slots?.[1] ?? 0)).toBe(each);
    expect(rows.filter(({ buffer }) => buffer === "counts").length).toBeGreaterThan(10);
  });
});

describe("what cannot be sampled", () => {
  const broken = (name: string, sample: object) => {
    const { meta } = tool;
    const maps = meta.bpf_skel.maps.map((map) => (map.name === name ? { ...map, sample } : map));
    return new RunningPackage(
      { ...tool, meta: { ...meta, bpf_skel: { ...meta.bpf_skel, maps: maps as typeof meta.bpf_skel.maps } } },
      [],
    ).end;
  };

  it("is said with the map, the reason and what to do", async () => {
    await expect(broken("senders", { type: "log2_hist" })).rejects.toThrow(
      "map senders cannot be shown as log2_hist: its value has no counts",
    );
    await expect(broken("senders", { type: "stacks" })).rejects.toThrow(
      "map senders cannot be shown as stacks: no member of its key or value is one",
    );
    await expect(broken("counts", { type: "pie" })).rejects.toThrow(
      '@sample of map counts has the type "pie"',
    );
  });

  it("folded lines are for stacks", async () => {
    await expect(run(["counts"], "-o", "folded").end).rejects.toThrow("--output folded is for stacks");
  });
});
