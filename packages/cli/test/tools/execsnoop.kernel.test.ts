import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { mapsOf } from "./kernel-memory.ts";
import { ModelTool } from "./model-tool.ts";
import { NativeProgram } from "./native.ts";
import { runToEnd, table, trace } from "./trace.ts";

interface Exec {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly ret: number;
  readonly args_missing: number;
  readonly file: string;
  readonly args: readonly string[];
  readonly comm: string;
  readonly pcomm: string;
}

let execs: NativeProgram;

beforeAll(() => {
  execs = new NativeProgram("execs");
});

afterAll(() => execs[Symbol.dispose]());

describe("execsnoop", () => {
  it("shows every way to start a program, with all arguments, and what came of it", async () => {
    let done = { pid: -1, stdout: "" };
    let children: readonly (readonly [pid: number, how: string])[] = [];
    const { events, stderr } = await trace<Exec>(["execsnoop", "--failed"], async () => {
      done = await runToEnd(execs.path, ["/bin/true"]);
      children = done.stdout
        .trim()
        .split("\n")
        .map((line) => [Number(line.split(" ")[0]), line.split(" ")[1] ?? ""] as const);
      return (all) => children.every(([pid]) => all.some((event) => event.pid === pid));
    });
    const of = (how: string) => {
      const pid = children.find((child) => child[1] === how)?.[0];
      return events
        .filter((event) => event.pid === pid)
        .map(({ file, args, ret, args_missing, comm }) => ({ file, args, ret, args_missing, comm }));
    };
    const plain = ["plain", "two words", "", "quo'te", "line\nfeed"];
    const fine = { ret: 0, args_missing: 0 };
    expect(of("plain")).toEqual([{ ...fine, file: "/bin/true", args: plain, comm: "true" }]);
    expect(of("relative")).toEqual([
      { ...fine, file: "/usr/bin/./true", args: ["few", "relative"], comm: "true" },
    ]);
    // The kernel knows only the file that a descriptor stands for: /bin is a link to /usr/bin.
    const [at] = of("at");
    expect(at).toMatchObject({ ...fine, args: ["few", "at"] });
    expect(at?.file).toMatch(/^\/usr\/bin\/true$/);
    const [descriptor] = of("descriptor");
    expect(descriptor).toMatchObject({ ...fine, args: ["few", "descriptor"] });
    expect(descriptor?.file).toMatch(/^(\/usr)?\/bin\/true$/);
    expect(of("missing")).toEqual([
      { file: "/nowhere/at/all", args: plain, ret: -2, args_missing: 0, comm: "execs" },
    ]);
    expect(of("at-missing")).toMatchObject([{ file: "/usr/none", args: ["few", "at-missing"], ret: -2 }]);
    expect(of("denied")).toMatchObject([{ file: "/etc/passwd", args: ["few", "denied"], ret: -13 }]);
    expect(of("null")).toMatchObject([{ file: "/nowhere", args: [], ret: -2 }]);
    expect(of("threaded")).toMatchObject([{ ...fine, args: ["threaded", "threaded"] }]);
    const many = Array.from({ length: 1000 }, (_, index) => String(index));
    expect(of("many")).toMatchObject([{ ...fine, args: many }]);
    // 16384 bytes are shown; the rest is counted.
    const [long] = of("long");
    expect(long?.args[0]).toBe("0");
    expect(long?.args.join("").length).toBe(16384 - 1);
    expect(long?.args_missing).toBe("0".length + 1 + 20001 - 16384);
    const [manyMissing] = of("many-missing");
    expect(manyMissing).toMatchObject({ ret: -2, args: many.slice(0, 512), args_missing: 1 });

    for (const [pid] of children) {
      const event = events.find((one) => one.pid === pid);
      expect(event).toMatchObject({ ppid: done.pid, pcomm: "execs", uid: 0 });
    }
    expect(stderr).toContain("0 lost");
  });

  it("names results, quotes arguments and escapes control characters; marks what was cut", async () => {
    const text = await table(["execsnoop", "--ppid", String(process.pid)], async () => {
      await runToEnd("/bin/true", ["a b", "\u001b[2J\r\nfake 1 2"]);
      await runToEnd("/bin/true", ["y".repeat(30_000), "lost"]);
      return (all) => all.includes("…");
    });
    const [, first, second] = text.trimEnd().split("\n");
    expect(first).toMatch(/ node +root +0 +\/bin\/true 'a b' '\\x1b\[2J\\r\\nfake 1 2'$/);
    expect(second).toMatch(/ \/bin\/true y+ …$/);
  });

  it("keeps its columns below their headers, whatever the time and the columns that are asked for", async () => {
    for (const args of [[], ["--timestamp", "mono"], ["--timestamp", "wall"], ["--timestamp", "none"]]) {
      const all = ["run", "execsnoop", "--ppid", String(process.pid), ...args];
      await using skep = new SkepProcess(all);
      await skep.until(({ stdout }) => stdout.includes("ARGS"));
      await runToEnd("/bin/true", ["aligned"]);
      await skep.until(({ stdout }) => stdout.includes("aligned"));
      await skep.end();
      const text = skep.stdout;
      const [header = "", row = ""] = text.split("\n");
      expect(row.indexOf("/bin/true aligned"), text).toBe(header.indexOf("ARGS"));
      expect(row.indexOf(" root ") + 1).toBe(header.indexOf("UID"));
      expect(row.indexOf(` ${process.pid} `) + 1).toBe(header.indexOf("PPID"));
    }
  });

  it("--filter finds text in any argument", async () => {
    const args = ["--ppid", String(process.pid), "--filter", 'args.exists(a, a.contains("needle"))'];
    const { events } = await trace<Exec>(["execsnoop", ...args], async () => {
      await runToEnd("/bin/true", ["hay", "stack"]);
      await runToEnd("/bin/true", ["hay", "a needle"]);
      return (all) => all.length > 0;
    });
    expect(events.map(({ args }) => args)).toEqual([["/bin/true", "hay", "a needle"]]);
  });

  it("shows what a search through PATH found, and with --failed each place where it looked", async () => {
    const search = async (calls: number, ...args: string[]) => {
      const text = await table(["execsnoop", "--ppid", String(process.pid), ...args], async () => {
        await runToEnd("/usr/bin/env", ["-i", "PATH=/nowhere/a:/nowhere/b:/usr/bin", "true", "searched"]);
        return (all) => all.split(" searched\n").length > calls;
      });
      const [header = "", ...rows] = text.trimEnd().split("\n");
      const begin = header.indexOf("RESULT");
      return [header, ...rows].map((row) => row.slice(begin).replaceAll(/ +/g, " "));
    };
    const env = "env -i PATH=/nowhere/a:/nowhere/b:/usr/bin true searched";
    expect(await search(2)).toEqual(["RESULT ARGS", `0 /usr/bin/${env}`, "0 true searched"]);
    expect(await search(4, "--failed")).toEqual([
      "RESULT FILE ARGS",
      `0 /usr/bin/env /usr/bin/${env}`,
      "ENOENT /nowhere/a/true true searched",
      "ENOENT /nowhere/b/true true searched",
      "0 /usr/bin/true true searched",
    ]);
  });

  it("--failed, --started, --uid and --comm leave out the rest", async () => {
    const run = async (...args: string[]) => {
      const { events } = await trace<Exec>(["execsnoop", ...args], async () => {
        const { pid } = await runToEnd(execs.path, ["/bin/true"], { uid: 65534 });
        await runToEnd("/bin/echo", ["end"], { uid: 65534 });
        return (all) => pid > 0 && all.some(({ args }) => args.includes("end"));
      });
      return events;
    };
    const results = (events: readonly Exec[]) => {
      expect(events.every(({ uid }) => uid === 65534)).toBe(true);
      return events.filter(({ comm, ret }) => comm === "execs" && ret < 0).map(({ ret }) => ret);
    };
    // Only denied.
    expect(results(await run("--uid", "nobody"))).toEqual([-13]);
    // missing, at-missing, null, many-missing as well, in whatever order.
    const all = results(await run("--failed", "--uid", "nobody"));
    expect(all.toSorted((a, b) => a - b)).toEqual([-13, -2, -2, -2, -2]);
    const started = await run("--started", "--comm", "echo");
    expect(started.every(({ ret, comm }) => ret === 0 && comm === "echo")).toBe(true);
  });

  it("takes less than 2 MB of kernel memory", async () => {
    let memory = 0;
    await trace<Exec>(["execsnoop"], async () => {
      memory = mapsOf(["calls", "drafts", "path_buffers", "events", "cgroup"]);
      await runToEnd("/bin/true");
      return (all) => all.length > 0;
    });
    expect(memory).toBeGreaterThan(1 << 20);
    expect(memory).toBeLessThan(2 << 20);
  });

  it("counts what the model tool counts", async (context) => {
    await using model = await ModelTool.start("execsnoop", [], "ARGS");
    if (model === undefined) return context.skip("no libbpf-tools here");
    const { events } = await trace<Exec>(["execsnoop", "--ppid", String(process.pid)], async () => {
      for (let count = 0; count < 100; count++) await runToEnd("/bin/true", ["counted"]);
      return (all) => all.length >= 100;
    });
    expect(events.filter(({ args }) => args[1] === "counted")).toHaveLength(100);
    expect(await model.count((row) => row.includes("/bin/true counted"), 100)).toBeGreaterThanOrEqual(100);
  });
});
