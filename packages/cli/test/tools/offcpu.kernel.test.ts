import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { NativeProgram } from "./native.ts";

let block: NativeProgram;

beforeAll(() => {
  block = new NativeProgram("block", ["-fno-omit-frame-pointer"], "clang");
});

afterAll(() => block[Symbol.dispose]());

interface Row {
  readonly key: { readonly pid: number; readonly tid: number; readonly comm: string };
  readonly value: { readonly total_ns: number; readonly count: number };
  readonly stacks: { readonly kernel?: readonly string[]; readonly user?: readonly string[] };
}

/** Runs the tool until its command has ended. */
async function offcpu(...args: readonly string[]) {
  await using skep = new SkepProcess(["run", "offcpu", ...args]);
  const { code } = await skep.exit();
  expect(code, skep.stderr).toBe(0);
  return skep;
}

function sum(rows: readonly Row[], through: string) {
  const ours = rows.filter(({ stacks }) => stacks.user?.some((frame) => frame.startsWith(`${through}+`)));
  return {
    total: ours.reduce((total, { value }) => total + value.total_ns, 0),
    count: ours.reduce((total, { value }) => total + value.count, 0),
  };
}

/** What `native/block.c` says it took, in nanoseconds. */
function told(text: string, word: string): number[] {
  return [...text.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].map(([, took]) => Number(took));
}

describe("offcpu", () => {
  it("sums up each wait of known length by the stack that led there", async () => {
    const skep = await offcpu("--json", "--", block.path, "8", "40");
    const rows = skep.events<Row>();
    const naps = told(skep.stderr, "nap");
    expect(naps.length).toBe(8);
    const nap = sum(rows, "main");
    // The program itself measures a little more: the way into the kernel and back.
    const { total, count } = sum(
      rows.filter(({ stacks }) => stacks.kernel?.some((frame) => frame.includes("nanosleep"))),
      "main",
    );
    // A sleeper may be woken in between, and goes on sleeping.
    expect(count).toBeGreaterThanOrEqual(8);
    expect(count).toBeLessThan(12);
    // On a busy machine a thread may be preempted on its way to sleep, which is no wait of its own choice.
    expect(total).toBeGreaterThan(8 * 40e6 * 0.6);
    expect(total).toBeLessThanOrEqual(naps.reduce((all, one) => all + one, 0));
    expect(nap.count).toBeGreaterThanOrEqual(8);
    expect(rows.some(({ stacks }) => stacks.kernel?.some((frame) => frame.startsWith("futex_wait")))).toBe(
      true,
    );
    expect(skep.stderr).toContain(" 0 lost");
  });

  it("begins stacks where the thread waits, not in the tracing", async () => {
    const { stdout } = await offcpu("-K", "-o", "folded", "--", block.path, "2", "20");
    for (const line of stdout.trimEnd().split("\n")) expect(line).toMatch(/;__schedule \d+$/);
    expect(stdout).toMatch(/^block;.*nanosleep.*;schedule;__schedule \d+$/m);
  });

  it("leaves out what is shorter than --min or longer than --max, and a thread that never blocks", async () => {
    const long = await offcpu("--min", "30ms", "--json", "--", block.path, "3", "40");
    expect(long.events<Row>().reduce((count, { value }) => count + value.count, 0)).toBeGreaterThanOrEqual(4);
    for (const { value } of long.events<Row>()) expect(value.total_ns / value.count).toBeGreaterThan(30e6);
    const short = await offcpu("--max", "30ms", "--json", "--", block.path, "3", "40");
    for (const { value } of short.events<Row>()) expect(value.total_ns / value.count).toBeLessThan(30e6);
    const busy = await offcpu(
      "--min",
      "100us",
      "-o",
      "folded",
      "--",
      "sh",
      "-c",
      "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done",
    );
    expect(busy.stdout.split("\n").filter((line) => /schedule_timeout|nanosleep/.test(line))).toEqual([]);
  });

  it("counts waits for a CPU only when asked", async () => {
    const busy = ["taskset", "-c", "0"];
    const rivals = [0, 1].map(() =>
      spawn("taskset", ["-c", "0", "sh", "-c", "while :; do :; done"], { stdio: "ignore" }),
    );
    try {
      const loop = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
      const asked = await offcpu("--preempted", "--json", "--", ...busy, "sh", "-c", loop);
      const not = await offcpu("--json", "--", ...busy, "sh", "-c", loop);
      const waited = (rows: readonly Row[]) => rows.reduce((total, { value }) => total + value.total_ns, 0);
      expect(waited(asked.events<Row>())).toBeGreaterThan(waited(not.events<Row>()));
    } finally {
      for (const rival of rivals) {
        rival.kill("SIGKILL");
        await once(rival, "close");
      }
    }
  });

  it("tells threads apart with --threads, and reads its time as a table", async () => {
    const { stdout } = await offcpu("--threads", "--min", "30ms", "--", block.path, "1", "40");
    const tids = new Set([...stdout.matchAll(/tid (\d+)$/gm)].map(([, tid]) => tid));
    expect(tids.size).toBe(2);
    expect(stdout).toMatch(/^ {8}4\d(?:\.\d+)?ms, count 1$/m);
  });

  it("sums up what the model tool sums up", async (context) => {
    if (!existsSync("/usr/sbin/offcputime")) return context.skip("no libbpf-tools here");
    const child = spawn("sh", ["-c", 'read -r _; exec "$@"', "sh", block.path, "5", "60"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const model = spawn("/usr/sbin/offcputime", ["-p", String(child.pid), "-m", "20000", "3"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    model.stdout.setEncoding("utf8").on("data", (data: string) => {
      text += data;
    });
    await using skep = await new SkepProcess([
      "run",
      "offcpu",
      "--pid",
      String(child.pid),
      "--min",
      "20ms",
      "--json",
    ]).attached();
    // The model says nothing when it is ready.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    child.stdin?.end("\n");
    await Promise.all([once(child, "close"), once(model, "close")]);
    await skep.end();
    const theirs = [...text.matchAll(/^ {8}(\d+)$/gm)].reduce((total, [, us]) => total + Number(us), 0);
    const rows = skep.events<Row>().filter(({ key }) => key.comm === "block");
    const ours = rows.reduce((total, { value }) => total + value.total_ns, 0) / 1000;
    expect(ours).toBeGreaterThan(5 * 60_000);
    // The model also counts how long the shell waited before it became the program.
    expect(theirs).toBeGreaterThan(ours * 0.9);
  });
});
