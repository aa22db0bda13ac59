import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cgroupRoot } from "../../../runtime/src/attach/cgroup-root.ts";
import { readFolded } from "../../../runtime/src/profiles/folded.ts";
import { readPprof } from "../../../runtime/test/profiles/pprof-file.ts";
import { SkepProcess } from "../skep-process.ts";
import { mapsOf } from "./kernel-memory.ts";
import { NativeProgram } from "./native.ts";
import { runToEnd } from "./trace.ts";

const FREQUENCY = 499;

let burn: NativeProgram;
let directory: string;

beforeAll(() => {
  burn = new NativeProgram("burn", ["-fno-omit-frame-pointer"], "clang");
  directory = mkdtempSync(join(tmpdir(), "skep-profile-"));
});

afterAll(() => {
  burn[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

/** Runs the tool until its command has ended. */
async function profile(...args: readonly string[]) {
  await using skep = new SkepProcess(["run", "profile", "--freq", String(FREQUENCY), ...args]);
  const { code } = await skep.exit();
  expect(code, skep.stderr).toBe(0);
  return skep;
}

/** The tool while `work` happens. */
async function during(args: readonly string[], work: () => Promise<unknown>) {
  await using skep = await new SkepProcess([
    "run",
    "profile",
    "--freq",
    String(FREQUENCY),
    ...args,
  ]).attached();
  await work();
  const { code } = await skep.end();
  expect(code, skep.stderr).toBe(0);
  return skep;
}

function counts(text: string) {
  const stacks = readFolded(text);
  const sum = (wanted: (names: readonly string[]) => boolean) =>
    stacks.filter(({ names }) => wanted(names)).reduce((total, { count }) => total + Number(count), 0);
  return { stacks, total: sum(() => true), through: (name: string) => sum((names) => names.includes(name)) };
}

describe("profile", () => {
  it("counts as many samples as CPU time was spent, where it was spent", async () => {
    const skep = await profile("-o", "folded", "--", burn.path, "0.8");
    // What a command prints goes to standard error, beside what the tool says.
    const [, seconds] = /^\d+ (\d+\.\d+)$/m.exec(skep.stderr) ?? [];
    const { total, through } = counts(skep.stdout);
    expect(total / FREQUENCY).toBeGreaterThan(Number(seconds) * 0.75);
    expect(total / FREQUENCY).toBeLessThan(Number(seconds) * 1.25);
    expect(through("hot") / (through("hot") + through("cold"))).toBeGreaterThan(0.65);
    expect(through("hot") / (through("hot") + through("cold"))).toBeLessThan(0.85);
    expect(skep.stdout).toMatch(/^burn;(?:[^;]+;)*main;work;step;hot \d+$/m);
    expect(skep.stderr).toContain(" 0 lost");
  });

  it("counts every thread of a process, and tells them apart with --threads", async () => {
    const folded = await profile("-o", "folded", "--", burn.path, "0.6", "threads");
    expect(counts(folded.stdout).total / FREQUENCY).toBeGreaterThan(0.45);
    expect(folded.stdout).toMatch(/^burn;(?!.*main).*;work;step;hot \d+$/m);
    const rows = await profile("-t", "--json", "--", burn.path, "0.3", "threads");
    expect(new Set(rows.events<{ key: { tid: number } }>().map(({ key }) => key.tid)).size).toBe(2);
  });

  it("prints a table once at the end, with the functions that were sampled most first", async () => {
    const { stdout } = await profile("--user-only", "--top", "2", "--", burn.path, "0.5");
    const [first = "", second = "", ...rest] = stdout.trimEnd().split("\n\n");
    expect(first).toMatch(
      /^ {4}hot\n {4}step\n {4}work\n {4}main\n[\s\S]* {4}- {16}burn \(\d+\)\n {8}\d+ samples$/,
    );
    expect(second).toMatch(/^ {4}cold\n {4}step\n/);
    expect(rest).toEqual([]);
  });

  it("has names for processes that were gone before anybody looked", async () => {
    const { stdout } = await during(["--comm", "burn", "-U", "-o", "folded"], async () => {
      for (let count = 0; count < 6; count++) await runToEnd(burn.path, ["0.06"]);
    });
    const { total, through } = counts(stdout);
    expect(total).toBeGreaterThan(6 * 0.06 * FREQUENCY * 0.6);
    expect(through("main") / total).toBeGreaterThan(0.85);
  });

  it("keeps every stack of thousands, which the model tool's 1024 places do not", async () => {
    const skep = await during(["--comm", "burn", "-U", "-o", "folded"], () =>
      runToEnd(burn.path, ["2", "ways"]),
    );
    const { stacks, total } = counts(skep.stdout);
    expect(stacks.length).toBeGreaterThan(500);
    expect(total / FREQUENCY).toBeGreaterThan(1.4);
    expect(skep.stdout).not.toContain("[lost stack]");
    expect(skep.stderr).toContain(" 0 lost");
  });

  it("leaves out idle CPUs unless asked, and everything but what --pid, --pids, --tid, --comm and --cgroup name", async () => {
    type Row = { key: { pid: number; comm: string }; value: number; stacks: { user: string[] } };
    const sum = (rows: readonly Row[]) => rows.reduce((all, { value }) => all + value, 0);
    const pids = (rows: readonly Row[]) => new Set(rows.map(({ key }) => key.pid));
    const sleep = () => new Promise((resolve) => setTimeout(resolve, 300));
    const all = (await during(["--json", "--kernel-only"], sleep)).events<Row>();
    expect(pids(all).has(0)).toBe(false);
    expect(all.every(({ stacks }) => stacks.user.length === 0)).toBe(true);
    const idle = (await during(["--json", "--idle", "--cpu", "0"], sleep)).events<Row>();
    // One CPU, whether it has something to do or not, for three tenths of a second and the way there and back.
    expect(sum(idle)).toBeGreaterThan(0.2 * FREQUENCY);
    copyFileSync(burn.path, join(directory, "watched"));
    const waiting = 'read -r _; exec "$0" 0.6';
    const watched = spawn("sh", ["-c", waiting, join(directory, "watched")], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const pid = watched.pid ?? 0;
    const group = join(cgroupRoot(), `skep-profile-${process.pid}`);
    mkdirSync(group);
    writeFileSync(join(group, "cgroup.procs"), String(pid));
    const filters = [
      ["--pid", String(pid)],
      ["--pids", `1,${pid}`],
      ["--tid", String(pid)],
      ["--comm", "watched"],
      ["--cgroup", group],
    ];
    // All look at the same process, with another of its kind beside it.
    const runs = filters.map(
      (filter) => new SkepProcess(["run", "profile", "--freq", String(FREQUENCY), "--json", ...filter]),
    );
    let said = "";
    try {
      await Promise.all(runs.map((run) => run.attached()));
      watched.stdin.end("\n");
      [[said]] = await Promise.all([once(watched.stdout, "data"), runToEnd(burn.path, ["0.3"])]);
    } finally {
      watched.kill("SIGKILL");
      await Promise.all(runs.map((run) => run.end()));
      rmdirSync(group);
    }
    const seconds = Number(String(said).split(" ")[1]);
    for (const [index, run] of runs.entries()) {
      const rows = run.events<Row>();
      const filter = filters[index]?.join(" ");
      expect(pids(rows), filter).toEqual(new Set([pid]));
      expect(sum(rows) / FREQUENCY, filter).toBeGreaterThan(seconds * 0.75);
      expect(sum(rows) / FREQUENCY, filter).toBeLessThan(seconds * 1.25);
    }
  });

  it("writes pprof, speedscope and flame graph files, and compares two runs", async () => {
    const file = (name: string) => join(directory, name);
    await profile("-o", "folded", "--output-file", file("before"), "--", burn.path, "0.2");
    await profile("-o", "pprof", "--output-file", file("pprof"), "--", burn.path, "0.2");
    const { samples, types } = readPprof(readFileSync(file("pprof")));
    expect(types).toEqual([{ type: "samples", unit: "count" }]);
    expect(samples.some(({ functions }) => functions.slice(0, 4).join() === "hot,step,work,main")).toBe(true);
    expect(samples.some(({ mappings }) => mappings[0] === burn.path)).toBe(true);
    await profile("-o", "speedscope", "--output-file", file("speedscope"), "--", burn.path, "0.2");
    const { shared, profiles } = JSON.parse(readFileSync(file("speedscope"), "utf8"));
    expect(shared.frames.map(({ name }: { name: string }) => name)).toContain("hot");
    expect(profiles[0].endValue).toBeGreaterThan(0.2 * FREQUENCY * 0.6);
    const page = ["-o", "flamegraph", "--output-file", file("page.html"), "--compare", file("before")];
    await profile(...page, "--", burn.path, "0.2");
    const data = /id="data">(.*?)<\/script>/s.exec(readFileSync(file("page.html"), "utf8"))?.[1] ?? "";
    const { root, differential } = JSON.parse(data);
    expect(differential).toBe(true);
    expect(root[2]).toBeGreaterThan(0);
    expect(root[3]).toBe(counts(readFileSync(file("before"), "utf8")).total);
  });

  it("names the functions of C++ as they are written", async () => {
    const source = join(directory, "shapes.cpp");
    writeFileSync(
      source,
      `#include <ctime>
       namespace shapes { struct Circle { __attribute__((noinline)) void turn(long times) volatile {
         for (long i = 0; i < times; i++) angle += i; __asm__ volatile(""); } long angle; }; }
       int main() { volatile shapes::Circle circle{}; while (clock() < CLOCKS_PER_SEC / 5) circle.turn(100000); }`,
    );
    execFileSync("g++", ["-O1", "-fno-omit-frame-pointer", source, "-o", join(directory, "shapes")]);
    const { stdout } = await profile("-o", "folded", "--", join(directory, "shapes"));
    expect(stdout).toMatch(/shapes::Circle::turn\(long\)/);
  });

  it("names the functions of a Node.js program, which the model tool cannot", async () => {
    const script = join(directory, "page.js");
    writeFileSync(
      script,
      `function renderEverything(n) { let sum = 0; for (let i = 0; i < n; i++) sum += Math.sqrt(i) % 7; return sum; }
       const until = Date.now() + 800; let all = 0; while (Date.now() < until) all += renderEverything(1e5); console.log(all);`,
    );
    const log = ["--no-logfile-per-isolate", `--logfile=${join(directory, "v8.log")}`];
    const node = ["--perf-basic-prof", "--interpreted-frames-native-stack", ...log, script];
    const { stdout } = await profile("-o", "folded", "--", process.execPath, ...node);
    const { total, through, stacks } = counts(stdout);
    const named = stacks.flatMap(({ names }) => names).find((name) => name.includes("renderEverything"));
    // With its file and line.
    expect(named).toMatch(/renderEverything .*page\.js:1/);
    expect(through(named ?? "") / total).toBeGreaterThan(0.3);
  });

  it("takes no more of the kernel's memory than its page says", async () => {
    await using skep = await new SkepProcess(["run", "profile"]).attached();
    const maps = ["stacks", "stack_places", "counts", "pids", "told_processes", "processes"];
    expect(mapsOf(maps)).toBeLessThan(14 << 20);
    await skep.end();
  });

  it("says what is wrong with a command and with --compare", async () => {
    for (const [args, words] of [
      [["--"], "there is no command behind --"],
      [["--pid", "1", "--", "true"], "--pid and a command behind -- both say which process"],
      [["--compare", "/nowhere", "-o", "flamegraph"], "--compare: /nowhere cannot be read (ENOENT)"],
      [["--compare", "/nowhere"], "--compare colours a flame graph"],
      [["--output-file", "/nowhere/x"], "--output-file: /nowhere/x cannot be written (ENOENT)"],
    ] as const) {
      await using skep = new SkepProcess(["run", "profile", ...args]);
      expect((await skep.exit()).code).toBe(64);
      expect(skep.stderr).toContain(words);
    }
    await using missing = new SkepProcess(["run", "profile", "--", "/nowhere/program", "--flag"]);
    await missing.exit();
    expect(missing.stderr).toMatch(/\/nowhere\/program: not found[\s\S]*ended with code 127/);
  });
});
