import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { NativeProgram } from "./native.ts";
import { expectNearly } from "./nearly.ts";
import { trace } from "./trace.ts";

interface Wait {
  readonly comm: string;
  readonly pid: number;
  readonly tid: number;
  readonly waited_ns: number;
  readonly prev_comm: string;
  readonly prev_tid: number;
  readonly cpu: number;
}

const CGROUPS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((root) =>
  existsSync(`${root}/cgroup.procs`),
);

let switches: NativeProgram;

beforeAll(() => {
  switches = new NativeProgram("switches");
});

afterAll(() => switches[Symbol.dispose]());

describe("runqslower", () => {
  it.each([["tp_btf"], ["raw_tp"]])(
    "shows every wait once when any is long enough, through %s",
    async (rung) => {
      await using helper = new HelperProcess(switches.path, ["sleep", "200", "1"]);
      await helper.asleep();
      let expected = -1;
      const args = ["runqslower", "--min", "0us", "--pid", String(helper.pid), "--rung", `sched/${rung}`];
      const { events } = await trace<Wait>(args, async () => {
        const before = helper.switches();
        await helper.work();
        expected = helper.switches() - before;
        return (all) => all.length >= expected * 0.9;
      });
      expectNearly(events.length, expected);
      for (const event of events)
        expect(event).toMatchObject({ comm: "switches", pid: helper.pid, tid: helper.pid, cpu: 1 });
    },
  );

  it("shows only waits that are long enough, and who had the CPU", async () => {
    await using slow = new HelperProcess(switches.path, ["burn", "300", "1"]);
    await using other = new HelperProcess(switches.path, ["burn", "300", "1"]);
    await slow.asleep();
    await other.asleep();
    const pids = [slow.pid, other.pid];
    const { events } = await trace<Wait>(["runqslower", "--min", "1500us"], async () => {
      await Promise.all([slow.work(), other.work()]);
      return (all) => pids.every((pid) => all.some((event) => event.pid === pid));
    });
    expect(events.every(({ waited_ns }) => waited_ns >= 1_500_000)).toBe(true);
    const ours = events.filter(({ pid }) => pids.includes(pid));
    // Two that want the same CPU all the time have it in turns.
    expect(ours.some(({ pid, prev_tid }) => pids.includes(prev_tid) && prev_tid !== pid)).toBe(true);
    for (const { pid, prev_tid, prev_comm } of ours)
      if (pids.includes(prev_tid) && prev_tid !== pid) expect(prev_comm).toBe("switches");
  });

  it("says what it lost on standard error, and nothing but rows on standard output", async () => {
    await using helper = new HelperProcess(switches.path, ["sleep", "50"]);
    await helper.asleep();
    await using skep = await new SkepProcess([
      ...["run", "runqslower", "--min", "0us", "--pid", String(helper.pid), "--tid", String(helper.pid)],
    ]).attached();
    await helper.work();
    await skep.until(({ stdout }) => stdout.split("\n").length > 40);
    await skep.end();
    const [header, ...rows] = skep.stdout.trimEnd().split("\n");
    expect(header).toMatch(/^TIME +COMM +PID +TID +WAITED +BEFORE +BEFORE_TID +CPU$/);
    for (const row of rows)
      expect(row).toMatch(/^\d\d:\d\d:\d\d switches +\d+ +\d+ +[\d.]+[mnu]?s +\S.* \d+ +\d$/);
    expect(skep.stderr).toMatch(new RegExp(`^runqslower: ${rows.length} events, 0 lost, `, "m"));
  });

  it("--tid and --cgroup mean the task that waits", async (context) => {
    if (CGROUPS === undefined) return context.skip("there is no cgroup v2 here");
    const group = `skep-runqslower-${process.pid}`;
    mkdirSync(`${CGROUPS}/${group}`);
    try {
      await using helper = new HelperProcess(switches.path, ["sleep", "50", "0"]);
      await using outside = new HelperProcess(switches.path, ["sleep", "50", "0"]);
      writeFileSync(`${CGROUPS}/${group}/cgroup.procs`, String(helper.pid));
      for (const filter of [
        ["--tid", String(helper.pid)],
        ["--cgroup", `/${group}`],
      ]) {
        await helper.asleep();
        await outside.asleep();
        let expected = 0;
        const { events } = await trace<Wait>(["runqslower", "--min", "0us", ...filter], async () => {
          const before = helper.switches();
          await Promise.all([helper.work(), outside.work()]);
          expected = helper.switches() - before;
          return (all) => all.length >= expected * 0.9;
        });
        expect(expected).toBeGreaterThanOrEqual(50);
        expectNearly(events.length, expected);
        expect(new Set(events.map(({ pid }) => pid))).toEqual(new Set([helper.pid]));
      }
    } finally {
      rmdirSync(`${CGROUPS}/${group}`);
    }
  });

  it("looks for the begin of a name", async () => {
    await using helper = new HelperProcess(switches.path, ["sleep", "20"]);
    await helper.asleep();
    const { events } = await trace<Wait>(["runqslower", "--min", "0us", "--comm", "switc"], async () => {
      await helper.work();
      return (all) => all.some(({ pid }) => pid === helper.pid);
    });
    expect(events.every(({ comm }) => comm.startsWith("switc"))).toBe(true);
  });

  it("keeps nothing of tasks that waited less, blocked or ended", { timeout: 60_000 }, async () => {
    await using helper = new HelperProcess(switches.path, ["fork", "13000"]);
    await helper.asleep();
    await using skep = await new SkepProcess(["run", "runqslower", "--min", "1h"]).attached();
    await helper.work();
    // The newest map of that name is ours, unless somebody else has just started the same tool.
    const maps = JSON.parse(execFileSync("bpftool", ["map", "show", "-j"], { encoding: "utf8" })) as {
      readonly id: number;
      readonly name?: string;
      readonly max_entries: number;
    }[];
    const map = maps.filter(({ name }) => name === "waiting").at(-1);
    const dump = execFileSync("bpftool", ["map", "dump", "id", String(map?.id), "-j"], { encoding: "utf8" });
    expect((JSON.parse(dump) as unknown[]).length).toBeLessThan(500);
    expect(map?.max_entries).toBe(10240);
    await skep.end();
    expect(skep.stderr).toContain(" 0 lost");
  });
});
