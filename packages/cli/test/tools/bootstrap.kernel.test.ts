import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runToEnd, table, trace } from "./trace.ts";

interface Event {
  readonly pid: number;
  readonly ppid: number;
  readonly exit_event: boolean;
  readonly status: number;
  readonly duration_ns: number;
  readonly comm: string;
  readonly filename: string;
}

describe("bootstrap", () => {
  it("shows begin and end of each program, with file name, status and how long it ran", async () => {
    const directory = mkdtempSync(join(tmpdir(), "skep-bootstrap-"));
    const deep = join(directory, "d".repeat(200), "e".repeat(200));
    mkdirSync(deep, { recursive: true });
    symlinkSync("/bin/true", join(deep, "linked"));
    const pids: number[] = [];
    const { events, stderr } = await trace<Event>(["bootstrap"], async () => {
      pids.push((await runToEnd("/bin/sh", ["-c", "exit 42"])).pid);
      pids.push((await runToEnd("/bin/sh", ["-c", "kill -9 $$"])).pid);
      pids.push((await runToEnd("/bin/sleep", ["0.2"])).pid);
      pids.push((await runToEnd(join(deep, "linked"))).pid);
      return (all) => all.some(({ pid, exit_event }) => pid === pids.at(-1) && exit_event);
    });
    rmSync(directory, { recursive: true });
    const of = (index: number) => events.filter(({ pid }) => pid === pids[index]);
    const begin = { exit_event: false, status: 0, duration_ns: 0, ppid: process.pid };
    expect(of(0)).toMatchObject([
      { ...begin, comm: "sh", filename: "/bin/sh" },
      { exit_event: true, status: 42 << 8, filename: "", comm: "sh" },
    ]);
    expect(of(1)).toMatchObject([begin, { exit_event: true, status: 9 }]);
    expect(of(2)).toMatchObject([begin, { exit_event: true, status: 0 }]);
    expect(of(2)[1]?.duration_ns).toBeGreaterThan(200e6);
    expect(of(3)).toMatchObject([{ ...begin, filename: join(deep, "linked") }, { exit_event: true }]);
    expect(stderr).toContain("0 lost");
  });

  it("prints both kinds as rows under one header", async () => {
    let pid = 0;
    const text = await table(["bootstrap"], async () => {
      pid = (await runToEnd("/bin/sh", ["-c", "exit 42"])).pid;
      return (all) => new RegExp(`EXIT .* ${pid} `).test(all);
    });
    expect(text.split("\n")[0]).toBe("TIME     EVENT COMM             PID     PPID    FILENAME/EXIT CODE");
    const ours = text.split("\n").filter((line) => line.includes(` ${pid} `));
    expect(ours[0]).toMatch(
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d EXEC  sh {15}${pid} +${process.pid} +/bin/sh$`),
    );
    expect(ours[1]).toMatch(/EXIT {2}sh +\d+ +\d+ +\[code 42\] \([\d.]+(us|ms)\)$/);
  });

  it("--min-duration-ms shows ends of what ran so long, and nothing else", async () => {
    const pids: number[] = [];
    const { events } = await trace<Event>(["bootstrap", "--min-duration-ms", "150ms"], async () => {
      pids.push((await runToEnd("/bin/true")).pid);
      pids.push((await runToEnd("/bin/sleep", ["0.2"])).pid);
      return (all) => all.some(({ pid }) => pid === pids[1]);
    });
    expect(events.every(({ exit_event, duration_ns }) => exit_event && duration_ns >= 150e6)).toBe(true);
    expect(events.filter(({ pid }) => pids.includes(pid)).map(({ pid }) => pid)).toEqual([pids[1]]);
  });
});
