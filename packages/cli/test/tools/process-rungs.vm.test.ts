import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runScriptInVm, VM_KERNELS, vmUnavailable } from "../../../../test/vm.ts";
import type { Plan, Report } from "./in-vm/same-work.ts";
import type { ToolReport } from "./in-vm/tool-run.ts";
import { NativeProgram } from "./native.ts";

const script = fileURLToPath(new URL("in-vm/same-work.ts", import.meta.url));

const PROGRAMS = ["opens", "execs", "exits", "signals"] as const;
const programs = new Map<string, NativeProgram>();
let directory: string;

beforeAll(() => {
  for (const name of PROGRAMS) programs.set(name, new NativeProgram(name));
  directory = mkdtempSync(join(tmpdir(), "skep-processes-"));
});

afterAll(() => {
  for (const program of programs.values()) program[Symbol.dispose]();
  rmSync(directory, { recursive: true, force: true });
});

const RUNS = {
  opensnoop: ["opensnoop", "--comm", "opens"],
  searched: ["opensnoop", "--path", "sub/new"],
  execsnoop: ["execsnoop", "--failed"],
  exitsnoop: ["exitsnoop"],
  threads: ["exitsnoop", "--threads", "--comm", "exits"],
  sigsnoop: ["sigsnoop"],
  bootstrap: ["bootstrap"],
  bashreadline: ["bashreadline"],
  "kprobe-link": ["kprobe-link"],
  "fentry-link": ["fentry-link"],
};

/** Each program's own words follow a line with its name. */
function work(): string {
  const run = (name: string, args: string) =>
    `echo "== ${name}"; ${programs.get(name)?.path} ${args} > ${directory}/out; cat ${directory}/out`;
  return [
    `mkdir -p ${directory}/opens ${directory}/exits; touch ${directory}/gone`,
    run("opens", `${directory}/opens`),
    run("execs", "/bin/true"),
    run("exits", `${directory}/exits`),
    run("signals", ""),
    `kill -KILL $(sed -n 's/^child //p' ${directory}/out)`,
    `(sleep 1; echo 'true whole line'; echo exit) | script -qec '/bin/bash --norc --noprofile -i' /dev/null > /dev/null 2>&1`,
    // The second finds nothing to remove.
    `unlink ${directory}/gone; unlink ${directory}/gone 2>/dev/null || true`,
  ].join("\n");
}

describe.each(VM_KERNELS)("tools for processes on Linux %s", (kernel) => {
  it("tell the truth", async (context) => {
    const reason = await vmUnavailable(kernel);
    if (reason !== undefined) return context.skip(reason);
    const plan: Plan = { setup: "true", runs: RUNS, work: work() };
    const report = await runScriptInVm<Report>(kernel, script, plan);
    expect(report.complaints).toBe("");
    const words = report.work;
    const results = report.results as Readonly<Record<keyof typeof RUNS, ToolReport>>;
    for (const [name, { code, stderr: said }] of Object.entries(results)) {
      expect(code, `${name}: ${said}`).toBe(0);
      expect(said).toContain(" 0 lost");
    }
    const said = (name: string) =>
      (words.split(`== ${name}\n`)[1] ?? "").split("\n== ")[0]?.trim().split("\n") ?? [];

    // Requests to io_uring are seen from 6.3 on.
    const seen = ["5.10", "6.1"].includes(kernel) ? (line: string) => !line.startsWith("uring") : () => true;
    const opened = said("opens").filter(seen);
    expect(opened.length).toBeGreaterThan(8);
    const opens = results.opensnoop.events.map(({ fd, err, path }) => `${fd} ${err} ${path}`);
    expect(opens.slice(-opened.length)).toEqual(opened.map((line) => line.replace(/^\S+ /, "")));
    expect(results.searched.events.map(({ path }) => path)).toEqual([`${directory}/opens/sub/new`]);

    const children = new Map(said("execs").map((line) => [line.split(" ")[1], Number(line.split(" ")[0])]));
    const execs = (how: string) =>
      results.execsnoop.events
        .filter(({ pid }) => pid === children.get(how))
        .map(({ file, args, ret }) => ({ file, args, ret }));
    const plain = ["plain", "two words", "", "quo'te", "line\nfeed"];
    expect(execs("plain")).toEqual([{ file: "/bin/true", args: plain, ret: 0 }]);
    expect(execs("relative")).toEqual([{ file: "/usr/bin/./true", args: ["few", "relative"], ret: 0 }]);
    expect(execs("at")).toEqual([{ file: "/usr/bin/true", args: ["few", "at"], ret: 0 }]);
    // Of a call that failed some arguments may not be in memory.
    expect(execs("missing")).toMatchObject([{ file: "/nowhere/at/all", ret: -2 }]);
    expect(execs("missing")[0]).toHaveProperty("args.length", plain.length);
    expect(execs("threaded")).toMatchObject([{ args: ["threaded", "threaded"], ret: 0 }]);
    expect(execs("many")).toMatchObject([
      { args: Array.from({ length: 1000 }, (_, index) => String(index)) },
    ]);

    const ended = said("exits").map((line) => line.split(" ").slice(0, 2).map(Number));
    const pids = new Set(ended.map(([pid]) => pid));
    const statuses = results.exitsnoop.events.filter(({ pid }) => pids.has(pid as number));
    expect(statuses.map(({ pid, status }) => [pid, status])).toEqual(ended);
    const many = Number(
      said("exits")
        .find((line) => line.endsWith(" many"))
        ?.split(" ")[0],
    );
    expect(results.threads.events.filter(({ pid }) => pid === many)).toHaveLength(33);

    const sent = said("signals").filter((line) => !line.startsWith("child "));
    const [sender] = results.execsnoop.events.filter(({ comm }) => comm === "signals").map(({ pid }) => pid);
    const signals = results.sigsnoop.events.filter(
      ({ pid, tpid, sig }) => (pid === sender && sig !== 17) || (sig === 14 && tpid === sender),
    );
    expect(signals.map(({ via, sig, tpid, result }) => `${via} ${sig} ${tpid} ${result}`)).toEqual(sent);

    const starts = results.bootstrap.events.filter(({ pid }) => pid === children.get("plain"));
    expect(starts).toMatchObject([
      { exit_event: false, filename: "/bin/true", comm: "true" },
      { exit_event: true, status: 0 },
    ]);
    expect(results.bashreadline.events.map(({ line }) => line)).toEqual(["true whole line", "exit"]);

    const found = (name: "kprobe-link" | "fentry-link", pattern: string) =>
      results[name].events.flatMap(
        ({ message }) => new RegExp(`^${pattern}$`).exec(String(message))?.[1] ?? [],
      );
    const callers = found("kprobe-link", `KPROBE ENTRY pid = (\\d+), filename = ${directory}/gone`);
    const returned = callers.map((pid) => found("kprobe-link", `KPROBE EXIT: pid = ${pid}, ret = (.*)`));
    expect(returned).toEqual([["0"], ["-2"]]);
    expect(found("fentry-link", `fentry: pid = (\\d+), filename = ${directory}/gone`)).toEqual(callers);
    const exits = found("fentry-link", `fexit: pid = \\d+, filename = ${directory}/gone, ret = (.*)`);
    expect(exits).toEqual(["0", "-2"]);
  });
});
