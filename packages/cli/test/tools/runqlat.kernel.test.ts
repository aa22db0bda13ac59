import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readlinkSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { counted, looks } from "./looks.ts";
import { NativeProgram } from "./native.ts";
import { expectNearly } from "./nearly.ts";

let switches: NativeProgram;

beforeAll(() => {
  switches = new NativeProgram("switches");
});

afterAll(() => switches[Symbol.dispose]());

interface Key {
  readonly pid?: number;
  readonly tid?: number;
  readonly pidns?: number;
  readonly cgroup?: number;
}
interface Value {
  readonly comm?: string;
}

const CGROUPS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((root) =>
  existsSync(`${root}/cgroup.procs`),
);

describe("runqlat", () => {
  it.each([["tp_btf"], ["raw_tp"]])("counts every wait of a process once, through %s", async (rung) => {
    await using helper = new HelperProcess(switches.path, ["sleep", "300"]);
    await helper.asleep();
    let expected = 0;
    const args = ["runqlat", "--pid", String(helper.pid), "--rung", `sched/${rung}`, "--interval", "100ms"];
    const entries = await looks<Key, Value>(args, async () => {
      const before = helper.switches();
      await helper.work();
      expected = helper.switches() - before;
    });
    expect(expected).toBeGreaterThanOrEqual(300);
    expectNearly(counted(entries), expected);
    expect(entries.every(({ key, unit }) => Object.keys(key ?? {}).length === 0 && unit === "usecs")).toBe(
      true,
    );
  });

  it("counts a task that gives up its CPU and wants it back", async () => {
    await using helper = new HelperProcess(switches.path, ["yield", "2000", "0"]);
    await using other = new HelperProcess(switches.path, ["burn", "400", "0"]);
    await helper.asleep();
    await other.asleep();
    let expected = 0;
    const entries = await looks<Key, Value>(["runqlat", "--pid", String(helper.pid)], async () => {
      const before = helper.switches();
      await Promise.all([other.work(), helper.work()]);
      expected = helper.switches() - before;
    });
    expectNearly(counted(entries), expected, 0.5);
  });

  it("keeps histograms apart by process and by thread, under their present names", async () => {
    await using helper = new HelperProcess(switches.path, ["sleep", "50"]);
    await helper.asleep();
    for (const per of ["process", "thread"]) {
      let expected = 0;
      const args = ["runqlat", "--per", per, "--filter", `pid == ${helper.pid}`];
      const entries = await looks<Key, Value>(args, async () => {
        const before = helper.switches();
        await helper.work();
        expected = helper.switches() - before;
      });
      expectNearly(counted(entries), expected);
      for (const { key, value } of entries) {
        expect(key).toEqual(per === "thread" ? { pid: helper.pid, tid: helper.pid } : { pid: helper.pid });
        expect(value.comm).toBe("switches");
      }
    }
  });

  it("names a process by its main thread and each thread by itself, in the order of their numbers", async () => {
    const program = `import threading, time, sys, os
def nap():
    open('/proc/self/task/%d/comm' % threading.get_native_id(), 'w').write('napper')
    for _ in range(100): time.sleep(0.001)
sys.stdin.readline()
threads = [threading.Thread(target=nap) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
os.write(1, b'done\\n')
sys.stdin.readline()`;
    for (const per of ["process", "thread"]) {
      await using helper = new HelperProcess("/usr/bin/python3", ["-c", program]);
      await helper.asleep();
      // As many looks as come: the order is that within one.
      const entries = await looks<Key, Value>(
        ["runqlat", "--per", per, "--pid", String(helper.pid), "--interval", "10"],
        () => helper.work(),
      );
      expect(counted(entries)).toBeGreaterThanOrEqual(270);
      const tids = entries.map(({ key }) => key.tid ?? 0);
      expect(tids).toEqual([...tids].sort((a, b) => a - b));
      expect(entries).toHaveLength(per === "process" ? 1 : 4);
      for (const { key, value } of entries)
        expect(value.comm).toBe(per === "thread" && key.tid !== helper.pid ? "napper" : "python3");
    }
    // Not the first by its number, which is the main thread.
    await using busy = new HelperProcess("/usr/bin/python3", ["-c", program]);
    await busy.asleep();
    const most = ["runqlat", "--per", "thread", "--pid", String(busy.pid), "--interval", "10", "--top", "1"];
    const [first, ...others] = await looks<Key, Value>(most, () => busy.work());
    expect(others).toEqual([]);
    expect(first?.value.comm).toBe("napper");
    // Of its main thread alone, which waits for the others.
    await using helper = new HelperProcess("/usr/bin/python3", ["-c", program]);
    await helper.asleep();
    const args = ["runqlat", "--per", "thread", "--tid", String(helper.pid), "--interval", "10"];
    const entries = await looks<Key, Value>(args, () => helper.work());
    expect(entries.map(({ key }) => key.tid)).toEqual([helper.pid]);
    expect(counted(entries)).toBeLessThan(100);
  });

  it("asks for the cgroup of the task that waits, not of the one that wakes it or runs before it", async (context) => {
    if (CGROUPS === undefined) return context.skip("there is no cgroup v2 here");
    const group = `skep-runqlat-${process.pid}`;
    const path = `${CGROUPS}/${group}`;
    mkdirSync(`${path}/below`, { recursive: true });
    try {
      await using helper = new HelperProcess(switches.path, ["sleep", "200", "0"]);
      // Shares the CPU from outside of the cgroup.
      await using outside = new HelperProcess(switches.path, ["sleep", "200", "0"]);
      writeFileSync(`${path}/below/cgroup.procs`, String(helper.pid));
      await helper.asleep();
      await outside.asleep();
      let expected = 0;
      const args = ["runqlat", "--cgroup", `/${group}`, "--per", "cgroup"];
      const entries = await looks<Key, Value>(args, async () => {
        const before = helper.switches();
        await Promise.all([helper.work(), outside.work()]);
        expected = helper.switches() - before;
      });
      expectNearly(counted(entries), expected);
      for (const { key } of entries) expect(key.cgroup).toBe(statSync(`${path}/below`).ino);

      await using table = await new SkepProcess(["run", ...args]).attached();
      await helper.work();
      await table.end();
      expect(table.stdout).toContain(`cgroup = /${group}/below\n`);
    } finally {
      rmdirSync(`${path}/below`);
      rmdirSync(path);
    }
  });

  it("tells pid namespaces apart by the namespace that a task is in", async (context) => {
    if (spawnSync("unshare", ["--version"]).error !== undefined) return context.skip("no unshare(1) here");
    await using helper = new HelperProcess("unshare", ["--pid", "--fork", switches.path, "sleep", "100"]);
    // Its child is in the new namespace, and unshare(1) itself in the old one, with its next children in the new.
    const own = Number(/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0]);
    const entries = await looks<Key, Value>(["runqlat", "--per", "pidns"], async () => {
      await helper.finish();
    });
    const inner = entries.filter(({ key }) => key.pidns !== own);
    expect(counted(inner)).toBeGreaterThanOrEqual(80);
    expect(counted(entries.filter(({ key }) => key.pidns === own))).toBeGreaterThan(0);
  });

  it("counts in the unit that is asked for, and says below what most waits lie", async () => {
    await using helper = new HelperProcess(switches.path, ["sleep", "100"]);
    await helper.asleep();
    for (const [unit, low] of [
      ["nsecs", 256],
      ["msecs", 0],
    ] as const) {
      const args = ["runqlat", "--pid", String(helper.pid), "--unit", unit];
      const entries = await looks<Key, Value>(args, () => helper.work());
      expect(counted(entries)).toBeGreaterThan(0);
      expect(counted(entries, low)).toBe(counted(entries));
      for (const { unit: shown, percentiles = [], buckets = [] } of entries) {
        expect(shown).toBe(unit);
        expect(percentiles.map(({ percent }) => percent)).toEqual([50, 90, 99, 99.9]);
        const all = buckets.reduce((sum, { count }) => sum + count, 0);
        for (const { percent, most } of percentiles) {
          const within = buckets
            .filter(({ high }) => high <= most)
            .reduce((sum, { count }) => sum + count, 0);
          expect(within / all).toBeGreaterThanOrEqual(percent / 100);
        }
      }
    }
  });
});
