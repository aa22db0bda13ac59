import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { ModelTool } from "./model-tool.ts";
import { NativeProgram } from "./native.ts";
import { runToEnd, table, trace } from "./trace.ts";

interface Exit {
  readonly pid: number;
  readonly ppid: number;
  readonly tid: number;
  readonly uid: number;
  readonly status: number;
  readonly exit_code: number;
  readonly sig: number;
  readonly core_dumped: boolean;
  readonly duration_ns: number;
  readonly comm: string;
}

let directory: string;
let exits: NativeProgram;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "skep-exits-"));
  exits = new NativeProgram("exits");
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  exits[Symbol.dispose]();
});

/** What `native/exits.c` was told by wait(2). */
function waited(stdout: string) {
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [pid, status, lived, how = ""] = line.split(" ");
      return { pid: Number(pid), status: Number(status), lived: Number(lived), how };
    });
}

describe("exitsnoop", () => {
  it("tells of each process once what wait(2) tells its parent, and how long it really lived", async () => {
    let done = { pid: -1, stdout: "" };
    const { events, stderr } = await trace<Exit>(["exitsnoop"], async () => {
      done = await runToEnd(exits.path, [directory]);
      return (all) => all.some(({ pid }) => pid === done.pid);
    });
    const expected = waited(done.stdout);
    const ours = events.filter(({ ppid }) => ppid === done.pid);
    expect(ours.map(({ pid, status }) => ({ pid, status }))).toEqual(
      expected.map(({ pid, status }) => ({ pid, status })),
    );
    const of = (how: string) => ours[expected.findIndex((one) => one.how === how)];
    expect(of("code")).toMatchObject({ exit_code: 42, sig: 0, core_dumped: false, uid: 0, comm: "exits" });
    expect(of("high")).toMatchObject({ exit_code: 255, sig: 0 });
    expect(of("killed")).toMatchObject({ exit_code: 0, sig: 9, core_dumped: false });
    expect(of("no-core")).toMatchObject({ sig: 11, core_dumped: false });
    // Cores go to a file here; a pipe to a program may take them or not.
    if (!readFileSync("/proc/sys/kernel/core_pattern", "utf8").startsWith("|"))
      expect(of("core")).toMatchObject({ sig: 6, core_dumped: true });
    // Whose code counts when the main thread ends first depends on the kernel; wait(2) knows.
    expect([5, 7]).toContain(of("main-first")?.exit_code);
    expect(of("thread-exits")).toMatchObject({ exit_code: 9 });
    expect(of("slept")?.duration_ns).toBeGreaterThan(200e6);
    for (const [index, { lived }] of expected.entries()) expect(ours[index]?.duration_ns).toBeLessThan(lived);
    expect(stderr).toContain("0 lost");
  });

  it("names codes and signals in its table", async () => {
    const text = await table(["exitsnoop", "--comm", "exits"], async () => {
      const { pid } = await runToEnd(exits.path, [directory]);
      return (all) => all.includes(` ${pid} `);
    });
    const statuses = text
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.slice(line.search(/ (code|signal) /) + 1));
    const core = readFileSync("/proc/sys/kernel/core_pattern", "utf8").startsWith("|")
      ? /SIGABRT/
      : /^signal SIGABRT, core dumped$/;
    expect(statuses.slice(0, 7)).toEqual([
      "code 0",
      "code 42",
      "code 255",
      "signal SIGKILL",
      "signal SIGTERM",
      "signal SIGRTMIN+3",
      "signal SIGSEGV",
    ]);
    expect(statuses[7]).toMatch(core);
  });

  it("--threads has a row for every thread, each with its own life", async () => {
    let done = { pid: -1, stdout: "" };
    const { events } = await trace<Exit>(["exitsnoop", "--threads", "--comm", "exits"], async () => {
      done = await runToEnd(exits.path, [directory]);
      return (all) => all.some(({ pid }) => pid === done.pid);
    });
    const pidOf = (how: string) => waited(done.stdout).find((one) => one.how === how)?.pid;
    const many = events.filter(({ pid }) => pid === pidOf("many"));
    expect(new Set(many.map(({ tid }) => tid)).size).toBe(33);
    expect(many).toHaveLength(33);
    const [first, second] = events.filter(({ pid }) => pid === pidOf("main-first"));
    expect([first?.exit_code, second?.exit_code]).toEqual([5, 7]);
    expect(first?.tid).toBe(pidOf("main-first"));
    expect(second?.duration_ns).toBeGreaterThan(30e6);
  });

  it("--failed, --uid and --pid leave out the rest", async () => {
    const { events } = await trace<Exit>(["exitsnoop", "--failed", "--uid", "65534"], async () => {
      await runToEnd("/bin/true", [], { uid: 65534 });
      await runToEnd("/bin/false", []);
      await runToEnd("/bin/false", [], { uid: 65534 });
      return (all) => all.length > 0;
    });
    expect(events.map(({ comm, exit_code, uid }) => [comm, exit_code, uid])).toEqual([["false", 1, 65534]]);
    const child = spawn("/bin/sh", ["-c", "read go; exit 3"], { stdio: ["pipe", "ignore", "ignore"] });
    const own = await trace<Exit>(["exitsnoop", "--pid", String(child.pid)], async () => {
      await runToEnd("/bin/true");
      child.stdin.write("go\n");
      await once(child, "exit");
      return (all) => all.length > 0;
    });
    expect(own.events.map(({ pid, exit_code }) => [pid, exit_code])).toEqual([[child.pid, 3]]);
  });

  it("--threads --failed shows the threads that ended so, as --failed does processes", async () => {
    let done = { pid: -1, stdout: "" };
    const work = async () => {
      done = await runToEnd(exits.path, [directory]);
      // Fails, and is the last of all.
      const { pid } = await runToEnd("/bin/false");
      return (all: readonly Exit[]) => all.some((event) => event.pid === pid);
    };
    const { events } = await trace<Exit>(["exitsnoop", "--threads", "--failed"], work);
    const pids = new Map(waited(done.stdout).map(({ pid, how }) => [how, pid]));
    const of = (how: string) => events.filter(({ pid }) => pid === pids.get(how));
    expect(of("fine")).toEqual([]);
    // Its 33 threads end well.
    expect(of("many")).toEqual([]);
    expect(of("main-first").map(({ exit_code }) => exit_code)).toEqual([5, 7]);
    // exit_group(2) ends the thread that waits as well.
    expect(of("thread-exits").map(({ exit_code }) => exit_code)).toEqual([9, 9]);
    const processes = await trace<Exit>(["exitsnoop", "--failed"], work);
    const failed = waited(done.stdout).filter(({ status }) => status !== 0);
    expect(
      processes.events.filter(({ ppid }) => ppid === done.pid).map(({ pid, status }) => [pid, status]),
    ).toEqual(failed.map(({ pid, status }) => [pid, status]));
  });

  it("--duration ends it by itself", async () => {
    await using skep = new SkepProcess(["run", "exitsnoop", "--duration", "200ms"]);
    expect((await skep.exit()).code, skep.stderr).toBe(0);
    expect(skep.stderr).toMatch(/, 0 lost, in 0\.[2-9] s/);
  });

  it("counts what the model tool counts", async (context) => {
    await using model = await ModelTool.start("exitsnoop", [], "PCOMM");
    if (model === undefined) return context.skip("no libbpf-tools here");
    const { events } = await trace<Exit>(["exitsnoop", "--comm", "true"], async () => {
      for (let count = 0; count < 100; count++) await runToEnd("/bin/true");
      return (all) => all.filter(({ ppid }) => ppid === process.pid).length >= 100;
    });
    expect(events.filter(({ ppid }) => ppid === process.pid)).toHaveLength(100);
    const ours = new RegExp(`^true +\\d+ +${process.pid} `);
    expect(await model.count((row) => ours.test(row), 100)).toBeGreaterThanOrEqual(100);
  });
});
