import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelTool } from "./model-tool.ts";
import { NativeProgram } from "./native.ts";
import { type Ended, runToEnd, table, trace } from "./trace.ts";

interface Signal {
  readonly pid: number;
  readonly uid: number;
  readonly sig: number;
  readonly code: number;
  readonly tpid: number;
  readonly ttid: number;
  readonly result: number;
  readonly comm: string;
  readonly tcomm: string;
  readonly via: string;
}

let signals: NativeProgram;

beforeAll(() => {
  signals = new NativeProgram("signals");
});

afterAll(() => signals[Symbol.dispose]());

/** Runs `native/signals.c`, whose child outlives it. */
async function sendAll(): Promise<Ended & { readonly child: number; readonly lines: readonly string[] }> {
  const process = spawn(signals.path, { stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  process.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  // Not "close": the child has standard output, too.
  await once(process, "exit");
  const deadline = Date.now() + 5000;
  while (!stdout.includes("child ") && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const lines = stdout.trim().split("\n");
  const child = Number(/child (\d+)/.exec(lines.pop() ?? "")?.[1]);
  execFileSync("kill", ["-KILL", String(child)]);
  return { pid: process.pid ?? -1, stdout, child, lines };
}

describe("sigsnoop", () => {
  it("shows every way to send a signal, real-time signals too, with sender, target and what came of it", async () => {
    let done = { pid: -1, child: -1, lines: [] as readonly string[] };
    const { events, stderr } = await trace<Signal>(["sigsnoop"], async () => {
      done = await sendAll();
      // Its end is one more signal.
      return (all) => all.some(({ pid, sig }) => pid === done.pid && sig === 17);
    });
    const ours = events.filter((event) => (event.pid === done.pid && event.sig !== 17) || event.sig === 14);
    const mine = ours.filter(({ tpid, via, sig }) => sig !== 14 || (via === "kernel" && tpid === done.pid));
    expect(mine.map(({ via, sig, tpid, result }) => `${via} ${sig} ${tpid} ${result}`)).toEqual(done.lines);
    for (const event of mine) {
      if (event.tpid === done.pid || event.tpid === done.child) expect(event.tcomm).toBe("signals");
      if (event.sig !== 14) expect(event.comm).toBe("signals");
    }
    // Not permitted, but there: the name is known.
    const denied = mine.find(({ tpid, result }) => tpid === process.pid && result === -1);
    expect(denied).toMatchObject({ uid: 65534, sig: 15 });
    expect(denied?.tcomm).not.toBe("");
    expect(mine.find(({ via }) => via === "rt_sigqueueinfo")?.code).toBe(-1);
    expect(stderr).toContain("0 lost");
  });

  it("names signals, results and errors in its table", async () => {
    const text = await table(["sigsnoop", "--comm", "signals"], async () => {
      const { pid } = await sendAll();
      return (all) => new RegExp(` ${pid} +signals +SIGCHLD`).test(all);
    });
    for (const row of [
      /signals +SIGRTMIN\+30 +\d+ +signals +DELIVERED +tgkill/,
      /signals +SIGUSR1 +\d+ +signals +ALREADY_PENDING +kill/,
      /signals +SIGUSR2 +\d+ +signals +IGNORED +kill/,
      /signals +SIGRTMIN\+9 +\d+ +signals +QUEUE_FULL +rt_sigqueueinfo/,
      /signals +0 +\d+ +signals +EXISTS +kill/,
      /signals +SIGTERM +4194305 +ESRCH +kill/,
      /signals +SIGTERM +\d+ +\S.* +EPERM +kill/,
      /signals +unknown:99 +\d+ +signals +EINVAL +kill/,
      /signals +SIGPIPE +\d+ +signals +DELIVERED +kernel/,
    ])
      expect(text).toMatch(row);
  });

  it("--signal, --target, --sent and --failed leave out the rest", async () => {
    let done = { pid: -1, child: -1 };
    const run = async (...args: string[]) => {
      const { events } = await trace<Signal>(["sigsnoop", ...args], async () => {
        done = await sendAll();
        return (all) => all.some(({ pid, sig }) => pid === done.pid && sig === 9);
      });
      return events;
    };
    const chosen = await run("--signal", "SIGRTMIN+3,SIGPIPE,9", "--comm", "signals");
    expect(chosen.map(({ sig, via }) => [sig, via])).toEqual([
      [37, "rt_tgsigqueueinfo"],
      [13, "kernel"],
      [9, "kill"],
    ]);
    const failed = await run("--failed", "--sent");
    const ours = failed.filter(({ pid }) => pid === done.pid);
    expect(ours).toHaveLength(8);
    expect(ours.every(({ result }) => result < 0 || result === 3)).toBe(true);

    const sleeper = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
    const target = await trace<Signal>(["sigsnoop", "--target", String(sleeper.pid), "--sent"], async () => {
      await runToEnd("/bin/sh", ["-c", "kill -0 $$"]);
      sleeper.kill("SIGTERM");
      await once(sleeper, "exit");
      return (all) => all.length > 0;
    });
    expect(target.events.map(({ sig, tpid, pid, tcomm }) => [sig, tpid, pid, tcomm])).toEqual([
      [15, sleeper.pid, process.pid, "sleep"],
    ]);
  });

  it("--target-comm shows signals to processes of this name, and -x, -k, -s, -t are the short forms", async () => {
    const sleeper = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
    const pid = String(sleeper.pid);
    const work = async () => {
      for (const name of ["0", "CONT", "URG"]) execFileSync("kill", [`-${name}`, pid]);
      execFileSync("sh", ["-c", "kill -CONT $$"]);
      return (all: readonly Signal[]) => all.some(({ sig, tpid }) => sig !== 17 && String(tpid) === pid);
    };
    try {
      const named = await trace<Signal>(["sigsnoop", "--target-comm", "sleep"], async () => {
        await work();
        return (all) => all.filter(({ tpid }) => tpid === sleeper.pid).length >= 3;
      });
      expect(named.events.every(({ tcomm }) => tcomm === "sleep")).toBe(true);
      expect(named.events.filter(({ tpid }) => tpid === sleeper.pid).map(({ sig }) => sig)).toEqual([
        0, 18, 23,
      ]);
      const short = await trace<Signal>(["sigsnoop", "-s", "CONT", "-t", pid, "-k"], work);
      expect(short.events.map(({ sig, tpid, via }) => [sig, tpid, via])).toEqual([[18, sleeper.pid, "kill"]]);
      const failed = await trace<Signal>(["sigsnoop", "-x", "-s", "USR2"], async () => {
        await work();
        expect(() => execFileSync("kill", ["-USR2", "4194303"], { stdio: "ignore" })).toThrow();
        return (all) => all.length > 0;
      });
      expect(failed.events.map(({ tpid, result }) => [tpid, result])).toEqual([[4194303, -3]]);
    } finally {
      sleeper.kill("SIGKILL");
    }
  });

  it("knows whom a process in a container means", async (context) => {
    try {
      execFileSync("unshare", ["-pf", "true"]);
    } catch {
      return context.skip("unshare(1) may not make a pid namespace here");
    }
    const { events } = await trace<Signal>(["sigsnoop", "--signal", "0", "--comm", "sh"], async () => {
      await runToEnd("unshare", ["-pf", "sh", "-c", "kill -0 $$; kill -0 77; true"]);
      return (all) => all.length >= 2;
    });
    // In there the shell is process 1, and so it says; from here it has another number.
    const [itself, nobody] = events;
    expect(itself).toMatchObject({ result: 5, tcomm: "sh" });
    expect(itself?.tpid).toBe(itself?.pid);
    expect(itself?.tpid).toBeGreaterThan(1);
    expect(nobody).toMatchObject({ result: -3, tcomm: "", tpid: 77 });
  });

  it("counts what the model tool counts", async (context) => {
    await using model = await ModelTool.start("sigsnoop", ["-n", "-p", String(process.pid)], "RESULT");
    if (model === undefined) return context.skip("no libbpf-tools here");
    const { events } = await trace<Signal>(["sigsnoop", "--pid", String(process.pid)], async () => {
      for (let count = 0; count < 100; count++) process.kill(process.pid, "SIGCONT");
      return (all) => all.filter(({ sig }) => sig === 18).length >= 100;
    });
    expect(events.filter(({ sig }) => sig === 18)).toHaveLength(100);
    expect(await model.count((row) => row.includes("SIGCONT"), 100)).toBeGreaterThanOrEqual(100);
  });
});
