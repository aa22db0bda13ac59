import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { looks, total } from "./looks.ts";
import { NativeProgram } from "./native.ts";

interface Key {
  readonly syscall?: number;
  readonly pid?: number;
}
interface Value {
  readonly comm?: string;
  readonly count: number;
  readonly errors: number;
  readonly total_ns: number;
}

let calls: NativeProgram;

beforeAll(() => {
  calls = new NativeProgram("calls");
});

afterAll(() => calls[Symbol.dispose]());

/** Numbers of the machine that this runs on. */
const NUMBERS =
  process.arch === "x64"
    ? { getppid: 110, close: 3, chdir: 80, clock_nanosleep: 230, execve: 59 }
    : { getppid: 173, close: 57, chdir: 49, clock_nanosleep: 115, execve: 221 };

describe("syscount", () => {
  it("counts the calls, errors and time of a process exactly, over several looks", async () => {
    await using helper = new HelperProcess(calls.path);
    await helper.asleep();
    const args = ["syscount", "--pid", String(helper.pid), "--interval", "50ms"];
    const entries = await looks<Key, Value>(args, () => helper.work());
    const of = (number: number) => entries.filter(({ key }) => key.syscall === number);
    const sums = (number: number) => [total(of(number), "count"), total(of(number), "errors")];
    expect(sums(NUMBERS.getppid)).toEqual([1000, 0]);
    expect(sums(NUMBERS.close)).toEqual([500, 500]);
    expect(sums(NUMBERS.chdir)).toEqual([70, 70]);
    expect(sums(NUMBERS.clock_nanosleep)).toEqual([5, 0]);
    expect(total(of(NUMBERS.clock_nanosleep), "total_ns")).toBeGreaterThanOrEqual(100e6);
    expect(total(of(NUMBERS.getppid), "total_ns")).toBeGreaterThan(0);
    for (const { key, value } of entries) {
      expect(Object.keys(key)).toEqual(["syscall"]);
      expect(value.comm).toBeUndefined();
    }
  });

  it("keeps only calls that failed, or failed with one error", async () => {
    await using helper = new HelperProcess(calls.path);
    await helper.asleep();
    const pid = ["--pid", String(helper.pid)];
    const failed = await looks<Key, Value>(["syscount", ...pid, "--failed"], () => helper.work());
    expect(failed.map(({ key }) => key.syscall).sort()).toEqual([NUMBERS.close, NUMBERS.chdir].sort());
    const missing = await looks<Key, Value>(["syscount", ...pid, "--errno", "ENOENT"], () => helper.work());
    expect(missing).toMatchObject([{ key: { syscall: NUMBERS.chdir }, value: { count: 70, errors: 70 } }]);
  });

  it("counts by process, and by both", async () => {
    await using helper = new HelperProcess(calls.path);
    await helper.asleep();
    const only = ["--filter", `pid == ${helper.pid}`];
    const processes = await looks<Key, Value>(["syscount", "--per", "process", ...only], () => helper.work());
    expect(processes.every(({ key, value }) => key.pid === helper.pid && value.comm === "calls")).toBe(true);
    expect(total(processes, "errors")).toBe(570);
    // What it is asked to do, and that it is done.
    expect(total(processes, "count")).toBe(1575 + 2);
    const both = await looks<Key, Value>(["syscount", "--per", "both", ...only], () => helper.work());
    const getppid = both.filter(({ key }) => key.syscall === NUMBERS.getppid);
    expect(getppid[0]?.key).toEqual({ syscall: NUMBERS.getppid, pid: helper.pid });
    expect(total(getppid, "count")).toBe(1000);
  });

  it("does not time the first return of a thread from when an ended one of its number entered its last call", async (context) => {
    const { pid } = spawnSync("/bin/true");
    const again = () => {
      writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
      return spawnSync("/bin/true").pid === pid;
    };
    let times = 0;
    const args = ["syscount", "--per", "both", "--top", "8192", "--filter", `pid == ${pid}`];
    const entries = await looks<Key, Value>(args, async () => {
      for (let attempt = 0; attempt < 20 && times < 2; attempt++) {
        if (again()) times++;
        await setTimeout(200);
      }
    });
    if (times < 2) return context.skip("others always took the number");
    expect(
      total(
        entries.filter(({ key }) => key.syscall === NUMBERS.execve),
        "count",
      ),
    ).toBe(2);
    expect(total(entries, "total_ns")).toBeLessThan(200e6);
  });

  it("shows the most frequent first, by name, and sorts otherwise when told to", async () => {
    await using helper = new HelperProcess(calls.path);
    await helper.asleep();
    const names = async (...more: string[]) => {
      const args = ["run", "syscount", "--pid", String(helper.pid), "--interval", "30", ...more];
      await using skep = await new SkepProcess(args).attached();
      await helper.work();
      await skep.end();
      return [...skep.stdout.matchAll(/^([a-z_0-9]+) +\d/gm)].map(([, name]) => name);
    };
    expect((await names()).slice(0, 4)).toEqual(["getppid", "close", "chdir", "clock_nanosleep"]);
    // The read that it sleeps in is longer than everything else; it was not seen to begin, though.
    expect((await names("--sort", "-total_ns"))[0]).toBe("clock_nanosleep");
  });
});
