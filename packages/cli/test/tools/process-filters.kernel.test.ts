import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { type Look, total } from "./looks.ts";
import { NativeProgram } from "./native.ts";
import { table, trace } from "./trace.ts";

const NOBODY = 65534;
const TMPFS = 0x01021994;
const GETPPID = process.arch === "x64" ? 110 : 173;
/** What a helper does, of which its main thread does a part. */
const ALL = 80;
const OF_MAIN = 30;
const CHILDREN = 4;
const PAGES = 200;

const CGROUPS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((root) =>
  existsSync(`${root}/cgroup.procs`),
);
const group = `skep-filters-${process.pid}`;

let deeds: NativeProgram;
let directory: string;
let file: string;
/** The same program under another name. */
let others: string;

beforeAll(() => {
  deeds = new NativeProgram("deeds");
  directory = mkdtempSync(join(tmpdir(), "skep-filters-"));
  chmodSync(directory, 0o755);
  file = join(directory, "file");
  writeFileSync(file, Buffer.alloc(PAGES * 4096, 1));
  others = join(directory, "others");
  symlinkSync(deeds.path, others);
  if (CGROUPS !== undefined) mkdirSync(`${CGROUPS}/${group}/below`, { recursive: true });
});

afterAll(() => {
  deeds[Symbol.dispose]();
  rmSync(directory, { recursive: true });
  if (CGROUPS === undefined) return;
  rmdirSync(`${CGROUPS}/${group}/below`);
  rmdirSync(`${CGROUPS}/${group}`);
});

/** Root's, named `deeds`, in a cgroup below `group`. */
async function ours(): Promise<HelperProcess> {
  const helper = new HelperProcess(deeds.path, [file]);
  await helper.asleep();
  if (CGROUPS !== undefined) writeFileSync(`${CGROUPS}/${group}/below/cgroup.procs`, String(helper.pid));
  return helper;
}

/** Nobody's, named `others`, in another cgroup. */
async function another(): Promise<HelperProcess> {
  const helper = new HelperProcess("setpriv", [`--reuid=${NOBODY}`, "--clear-groups", others, file]);
  await helper.asleep();
  return helper;
}

/** Runs a tool once for each list of arguments, all at the same time, while both work once. */
async function runs<T>(
  tool: readonly string[],
  lists: readonly (readonly string[])[],
  helpers: readonly HelperProcess[],
): Promise<T[][]> {
  const started = lists.map((args) => new SkepProcess(["run", ...tool, ...args, "--json"]));
  try {
    await Promise.all(started.map((skep) => skep.attached()));
    for (const helper of helpers) await helper.work();
    // What they did last is read with the next wake-up, or in the last look.
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const skep of started) expect((await skep.end()).code, skep.stderr).toBe(0);
    for (const skep of started) expect(skep.stderr).toMatch(/, 0 lost, /);
    return started.map((skep) => skep.events<T>());
  } finally {
    for (const skep of started) await skep[Symbol.asyncDispose]();
  }
}

interface Row {
  readonly path?: string;
  readonly sig?: number;
  readonly via?: string;
}
type Entries = readonly Look<
  { readonly syscall?: number },
  { readonly count: number; readonly calls: number; readonly accesses: number }
>[];

const TOOLS: readonly {
  readonly name: string;
  args(): readonly string[];
  count(events: readonly never[]): number;
}[] = [
  {
    name: "opensnoop",
    args: () => ["opensnoop"],
    count: (events: readonly Row[]) => events.filter(({ path }) => path === "/nowhere/deed").length,
  },
  {
    name: "sigsnoop",
    args: () => ["sigsnoop"],
    count: (events: readonly Row[]) => events.filter(({ sig, via }) => sig === 0 && via === "kill").length,
  },
  {
    name: "syscount",
    args: () => ["syscount"],
    count: (events: Entries) =>
      total(
        events.filter(({ key }) => key.syscall === GETPPID),
        "count",
      ),
  },
  {
    name: "funclatency",
    args: () => ["funclatency", "--binary", deeds.path, "--function", "deed"],
    count: (events: Entries) => total(events, "calls"),
  },
  {
    name: "cachestat",
    args: () => ["cachestat"],
    // Pages of the programs themselves come on top, fewer than are read at once.
    count: (events: Entries) => Math.floor(total(events, "accesses") / PAGES),
  },
];

describe("--pid, --tid, --uid, --comm and --cgroup", () => {
  it.for(TOOLS)("of $name leave out all else", async ({ name, args, count }, context) => {
    if (name === "cachestat" && statfsSync(directory).type === TMPFS)
      return context.skip("a tmpfs has no page cache behind it");
    await using helper = await ours();
    await using other = await another();
    // Pages of the programs are there from now on.
    for (const one of [helper, other]) await one.work();
    const pid = String(helper.pid);
    const lists = [
      [["--pid", pid], ALL],
      [["--tid", pid], OF_MAIN],
      [["--uid", "nobody", "--comm", "others"], ALL],
      [["--comm", "deeds"], ALL],
      [["--uid", "nobody", "--pid", pid], 0],
      ...(CGROUPS === undefined ? [] : ([[["--cgroup", `/${group}`], ALL]] as const)),
    ] as const;
    const seen = await runs<never>(
      args(),
      lists.map(([list]) => list),
      [helper, other],
    );
    for (const [index, [list, expected]] of lists.entries())
      expect(count(seen[index] ?? []), list.join(" ")).toBe(expected);
  });

  it("and the column of the cgroup are of the same one: its path in tables, its id in JSON", async (context) => {
    if (CGROUPS === undefined) return context.skip("there is no cgroup v2 here");
    await using helper = await ours();
    await using other = await another();
    const args = ["--cgroup", `/${group}`, "--fields", "comm,cgroup"];
    const [events] = await runs<{ readonly cgroup: number }>(["opensnoop"], [args], [helper, other]);
    expect(new Set(events?.map(({ cgroup }) => cgroup))).toEqual(
      new Set([statSync(`${CGROUPS}/${group}/below`).ino]),
    );
    const text = await table(["opensnoop", ...args], async () => {
      await helper.work();
      return (all) => all.includes("deeds");
    });
    expect(text).toMatch(new RegExp(`^\\S+ deeds +/${group}/below$`, "m"));
  });

  it("of exitsnoop leave out all else", async () => {
    interface Exit {
      readonly pid: number;
      readonly tid: number;
      readonly ppid: number;
      readonly comm: string;
    }
    await using helper = await ours();
    await using other = await another();
    const pid = String(helper.pid);
    const [threads, user, name, nobodys, cgroup] = await runs<Exit>(
      ["exitsnoop"],
      [
        ["--threads", "--pid", pid],
        ["--uid", "nobody"],
        ["--comm", "true"],
        ["--uid", "nobody", "--cgroup", `/${group}`],
        CGROUPS === undefined ? ["--uid", "0"] : ["--cgroup", `/${group}`],
      ],
      [helper, other],
    );
    expect(threads).toHaveLength(1);
    expect(threads?.[0]?.tid).not.toBe(helper.pid);
    const of = (events: readonly Exit[] = [], parent: number) =>
      events.filter(({ ppid }) => ppid === parent).length;
    expect([of(user, helper.pid), of(user, other.pid)]).toEqual([0, CHILDREN]);
    expect([of(name, helper.pid), of(name, other.pid)]).toEqual([CHILDREN, CHILDREN]);
    expect(name?.every(({ comm }) => comm === "true")).toBe(true);
    expect(nobodys).toEqual([]);
    expect([of(cgroup, helper.pid), of(cgroup, other.pid)]).toEqual([CHILDREN, 0]);
    const main = await trace<Exit>(["exitsnoop", "--threads", "--tid", pid], async () => {
      await helper.finish();
      return (all) => all.length > 0;
    });
    expect(main.events.map((event) => [event.pid, event.tid])).toEqual([[helper.pid, helper.pid]]);
  });

  it("and --ppid of execsnoop leave out all else", async () => {
    interface Exec {
      readonly pid: number;
      readonly ppid: number;
      readonly comm: string;
    }
    await using helper = await ours();
    await using other = await another();
    const [parent, user, name, cgroup] = await runs<Exec>(
      ["execsnoop"],
      [
        ["--ppid", String(other.pid)],
        ["--uid", "nobody"],
        ["--comm", "true"],
        CGROUPS === undefined ? ["--uid", "0"] : ["--cgroup", `/${group}`],
      ],
      [helper, other],
    );
    const of = (events: readonly Exec[] = [], ppid: number) =>
      events.filter((event) => event.ppid === ppid).length;
    expect(parent).toHaveLength(CHILDREN);
    expect(of(parent, other.pid)).toBe(CHILDREN);
    expect([of(user, helper.pid), of(user, other.pid)]).toEqual([0, CHILDREN]);
    expect([of(name, helper.pid), of(name, other.pid)]).toEqual([CHILDREN, CHILDREN]);
    expect(name?.every(({ comm }) => comm === "true")).toBe(true);
    expect([of(cgroup, helper.pid), of(cgroup, other.pid)]).toEqual([CHILDREN, 0]);
    // A process becomes another program, and keeps its number.
    await using shell = new HelperProcess("/bin/sh", ["-c", "read go; exec /bin/true of-it"]);
    await shell.asleep();
    const own = await trace<Exec>(["execsnoop", "--pid", String(shell.pid)], async () => {
      await helper.work();
      await shell.finish();
      return (all) => all.length > 0;
    });
    expect(own.events.map(({ pid, comm }) => [pid, comm])).toEqual([[shell.pid, "true"]]);
  });
});
