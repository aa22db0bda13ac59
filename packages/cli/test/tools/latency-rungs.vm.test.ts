import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runScriptInVm, VM_KERNELS, vmUnavailable } from "../../../../test/vm.ts";
import type { Plan, Report, Work, WorkReport } from "./in-vm/with-helpers.ts";
import { counted, type Look, total } from "./looks.ts";
import { NativeProgram } from "./native.ts";

const script = fileURLToPath(new URL("in-vm/with-helpers.ts", import.meta.url));

/** Programs are those of `native/`, by name. */
interface Case extends Work {
  readonly name: string;
  /** Works on a disk with a file system. */
  readonly disk?: true;
  /** Where the rung is; everywhere when left out. */
  readonly kernels?: readonly string[];
  check(report: WorkReport): void;
}

const PROGRAMS = ["switches", "calls", "functions", "pages", "load-module"] as const;
const programs = new Map<string, NativeProgram>();

beforeAll(() => {
  for (const name of PROGRAMS) programs.set(name, new NativeProgram(name));
});

afterAll(() => {
  for (const program of programs.values()) program[Symbol.dispose]();
});

type Looks<Value> = readonly Look<{ readonly syscall?: number; readonly pid?: number }, Value>[];
const GETPPID = 110;

/** Of the helper's file of 2 MiB, in pages. */
const PAGES = 512;

function cachestat(rung: string, word: "cold" | "warm", kernels: readonly string[]): Case {
  return {
    name: `cachestat ${rung} ${word}`,
    args: ["cachestat", "--pid", "PID", "--rung", `accesses/${rung}`],
    helper: ["pages", "/tmp/disk/file"],
    words: [word],
    disk: true,
    kernels,
    check({ events }) {
      const looks = events as Looks<{ readonly accesses: number; readonly added: number }>;
      // The program itself consists of pages.
      expect(total(looks, "accesses")).toBeGreaterThanOrEqual(PAGES);
      expect(total(looks, "accesses")).toBeLessThan(PAGES + 20);
      const added = total(looks, "added");
      // And the file system reads what it knows about the file.
      if (word === "cold") expect(added).toBeGreaterThanOrEqual(PAGES);
      expect(added).toBeLessThan((word === "cold" ? PAGES : 0) + 20);
    },
  };
}

/** One start of a virtual machine does for all tools. */
const CASES: readonly Case[] = [
  {
    name: "runqlat tp_btf, of a pid namespace",
    args: ["runqlat", "--pid", "PID", "--rung", "sched/tp_btf", "--per", "pidns"],
    helper: ["switches", "sleep", "100"],
    check({ events, switches }) {
      // A sleep that is over before the CPU is given away is none: the machine below takes its time.
      expect(switches).toBeGreaterThan(90);
      expect(counted(events)).toBe(switches);
      // PROC_PID_INIT_INO, include/linux/proc_ns.h
      for (const { key } of events) expect(key).toEqual({ pidns: 0xeffffffc });
    },
  },
  {
    name: "runqlat raw_tp, of a cgroup",
    args: ["runqlat", "--pid", "PID", "--rung", "sched/raw_tp", "--per", "cgroup", "--cgroup", "/outer"],
    cgroup: "outer/inner",
    helper: ["switches", "yield", "300", "0"],
    check({ events, switches }) {
      expect(counted(events)).toBe(switches);
      for (const { key } of events) expect(key.cgroup).toBeGreaterThan(0);
    },
  },
  {
    name: "runqslower",
    args: ["runqslower", "--min", "0us", "--pid", "PID", "--rung", "sched/raw_tp"],
    helper: ["switches", "sleep", "50"],
    check({ events, switches, pid }) {
      expect(events).toHaveLength(switches);
      for (const event of events) expect(event).toMatchObject({ comm: "switches", tid: pid });
    },
  },
  ...[
    ["hardirqs", "tp_btf"],
    ["softirqs", "raw_tp"],
  ].map(
    ([tool = "", rung = ""]): Case => ({
      name: `${tool} ${rung}`,
      args: [tool, "--rung", `irq/${rung}`],
      // Files come over a device that interrupts.
      shell: "ls -lR /etc",
      check({ events }) {
        expect(events.length).toBeGreaterThan(0);
        for (const { value } of events) {
          expect(value.max_ns).toBeGreaterThan(0);
          expect(value.total_ns).toBeGreaterThanOrEqual(value.max_ns);
          expect(value.total_ns).toBeLessThanOrEqual(value.count * value.max_ns);
        }
      },
    }),
  ),
  {
    name: "syscount",
    args: ["syscount", "--pid", "PID"],
    helper: ["calls"],
    check({ events }) {
      const calls = (events as Looks<{ count: number }>).filter(({ key }) => key.syscall === GETPPID);
      expect(total(calls, "count")).toBe(1000);
    },
  },
  {
    name: "biolatency",
    args: ["biolatency", "--disks", "--flags", "--disk", "loop0"],
    shell: "dd if=/dev/loop0 of=/dev/null bs=4k count=100 iflag=direct",
    disk: true,
    check({ events }) {
      const reads = events.filter(({ key }) => /^IO_READ/.test(key.operation));
      expect(counted(reads)).toBeGreaterThanOrEqual(100);
      expect(counted(reads)).toBeLessThanOrEqual(110);
    },
  },
  cachestat("fentry", "cold", ["6.1", "6.12"]),
  cachestat("kprobe", "warm", ["6.1", "6.12"]),
  cachestat("fentry-5.10", "cold", ["5.10"]),
  cachestat("kprobe-5.10", "warm", ["5.10"]),
  cachestat("tracepoints", "warm", ["6.12"]),
  ...["fentry", "kprobe"].map(
    (rung): Case => ({
      name: `funclatency ${rung}`,
      args: ["funclatency", "--function", "__x64_sys_chdir", "--pid", "PID", "--rung", `latency/${rung}`],
      helper: ["calls"],
      check({ events }) {
        expect(total(events as Looks<{ calls: number }>, "calls")).toBe(70);
        expect(counted(events)).toBe(70);
      },
    }),
  ),
  {
    name: "funclatency uprobe",
    args: ["funclatency", "--binary", "functions", "--function", "leaves", "--pid", "PID"],
    helper: ["functions"],
    check({ events }) {
      expect(total(events as Looks<{ calls: number }>, "calls")).toBe(7);
    },
  },
];

const pathOf = (name: string) => programs.get(name)?.path ?? name;

function located({ args, helper, ...work }: Work): Work {
  return { ...work, args: args.map(pathOf), ...(helper === undefined ? {} : { helper: helper.map(pathOf) }) };
}

describe.each(VM_KERNELS)("rungs of the tools on Linux %s", (kernel) => {
  it("tell the truth", async (context) => {
    const reason = await vmUnavailable(kernel);
    if (reason !== undefined) return context.skip(reason);
    const here = CASES.filter(({ kernels }) => kernels === undefined || kernels.includes(kernel));
    const plan: Plan = {
      cases: Object.fromEntries(
        here.map(({ name, check: _, disk: _disk, kernels: _kernels, ...work }) => [name, located(work)]),
      ),
      loadModule: pathOf("load-module"),
    };
    const { noDisk, reports } = await runScriptInVm<Report>(kernel, script, plan);
    const problems = here.flatMap(({ name, disk, check }) => {
      const report = reports[name];
      if (disk === true && noDisk !== undefined) return [`${name}: no disk: ${noDisk}`];
      try {
        expect(report?.code, report?.stderr).toBe(0);
        if (report !== undefined) check(report);
        return [];
      } catch (error) {
        return [`${name}: ${(error as Error).message}\n${report?.stderr}`];
      }
    });
    expect(problems, problems.join("\n\n")).toEqual([]);
  });
});
