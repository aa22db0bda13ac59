import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";
import { HelperProcess } from "./helper-process.ts";
import { counted, type Look, total } from "./looks.ts";
import { NativeProgram } from "./native.ts";

const programs = new Map<string, NativeProgram>();

beforeAll(() => {
  for (const name of ["switches", "calls", "functions"]) programs.set(name, new NativeProgram(name));
});

afterAll(() => {
  for (const program of programs.values()) program[Symbol.dispose]();
});

type Calls = readonly Look<{ readonly syscall?: number }, { readonly count: number }>[];

/** All counts of a histogram as BCC's tools print it. */
const histogramTotal = (text: string) =>
  [...text.matchAll(/-> \d+ +: (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);

/** A tool and its model look at the same process doing the same thing at the same time. */
const PAIRS: readonly {
  readonly tool: string;
  readonly helper: readonly [program: string, ...args: string[]];
  ours(pid: string, path: string): readonly string[];
  theirs(pid: string, path: string): readonly [program: string, ...args: string[]];
  /** Another of the kind, which works at the same time. */
  readonly beside?: true;
  /** What is compared. */
  count(events: readonly Look<never, never>[]): number;
  peerCount(text: string): number;
}[] = [
  {
    tool: "runqlat",
    helper: ["switches", "sleep", "200"],
    ours: (pid) => ["runqlat", "--pid", pid],
    theirs: (pid) => ["runqlat", "-p", pid],
    count: (events) => counted(events),
    peerCount: histogramTotal,
  },
  {
    tool: "runqslower",
    // Two that want one CPU have it in turns, for milliseconds.
    helper: ["switches", "burn", "1500", "1"],
    beside: true,
    ours: (pid) => ["runqslower", "--pid", pid, "--min", "1ms"],
    theirs: (pid) => ["runqslower", "-p", pid, "1000"],
    count: (events) => events.length,
    peerCount: (text) => [...text.matchAll(/^\d\d:\d\d:\d\d switches /gm)].length,
  },
  {
    tool: "syscount",
    helper: ["calls"],
    ours: (pid) => ["syscount", "--pid", pid],
    theirs: (pid) => ["syscount", "-p", pid],
    count: (events) => {
      const getppid = (events as unknown as Calls).filter(({ key }) => key.syscall === 110);
      return total(getppid, "count");
    },
    peerCount: (text) => Number(/^getppid +(\d+)/m.exec(text)?.[1]),
  },
  {
    tool: "funclatency",
    helper: ["functions"],
    ours: (pid, path) => ["funclatency", "--pid", pid, "--binary", path, "--function", "naps"],
    // With -p it looks for a library of that name.
    theirs: (_pid, path) => ["funclatency", `${path}:naps`],
    count: (events) => counted(events),
    peerCount: histogramTotal,
  },
];

describe("beside libbpf-tools", () => {
  it.for(PAIRS)("$tool: the same work gives the same counts", async (pair, context) => {
    const [name, ...args] = pair.helper;
    const path = programs.get(name)?.path ?? "";
    await using helper = new HelperProcess(path, args);
    await helper.asleep();
    await using other = pair.beside === true ? new HelperProcess(path, args) : undefined;
    await other?.asleep();
    const [file, ...rest] = pair.theirs(String(helper.pid), path);
    if (spawnSync(file, ["--version"]).error !== undefined)
      return context.skip("libbpf-tools are not installed");
    const ours = ["run", ...pair.ours(String(helper.pid), path), "--json"];
    await using skep = await new SkepProcess(ours).attached();
    const peer = spawn(file, rest, { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [peer.stdout, peer.stderr])
      stream.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
    const ended = once(peer, "close");
    // It says that it is ready only once it is no longer read through a pipe.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await Promise.all([helper.work(), other?.work()]);
    peer.kill("SIGINT");
    await ended;
    await skep.end();
    const theirs = pair.peerCount(text);
    expect(theirs, text).toBeGreaterThan(20);
    expect(Math.abs(pair.count(skep.events()) - theirs), text).toBeLessThanOrEqual(2);
  });
});
