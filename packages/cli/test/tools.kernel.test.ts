import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SkepProcess } from "./skep-process.ts";

/** Starts a program directly, waits for its end, gives its process ID. */
async function runToEnd(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(file, args, { stdio: "ignore" });
  await once(child, "exit");
  return child.pid ?? -1;
}

/** Runs a tool while `work` happens; resolves to all its events, when those that `work` waits for have arrived. */
async function trace<T>(
  args: readonly string[],
  work: () => Promise<{ readonly arrived: (events: T[]) => boolean }>,
) {
  await using skep = await new SkepProcess(["run", "--json", ...args]).attached();
  const { arrived } = await work();
  await skep.until(() => arrived(skep.events<T>()));
  const { code } = await skep.end();
  expect(code, skep.stderr).toBe(0);
  return { events: skep.events<T>(), stderr: skep.stderr };
}

describe("bundled tools tell the truth", () => {
  it("exitsnoop: every exit once, with its code or signal", async () => {
    interface Exit {
      readonly pid: number;
      readonly ppid: number;
      readonly exit_code: number;
      readonly sig: number;
      readonly duration_ns: number;
      readonly comm: string;
    }
    const expected = new Map<number, { readonly exit_code: number; readonly sig: number }>();
    const { events, stderr } = await trace<Exit>(["exitsnoop"], async () => {
      for (const code of [0, 1, 2, 42, 127, 255])
        expected.set(await runToEnd("/bin/sh", ["-c", `exit ${code}`]), { exit_code: code, sig: 0 });
      for (const [name, sig] of [
        ["KILL", 9],
        ["TERM", 15],
        ["SEGV", 11],
      ] as const)
        expected.set(await runToEnd("/bin/sh", ["-c", `kill -${name} $$`]), { exit_code: 0, sig });
      return {
        arrived: (all) => [...expected.keys()].every((pid) => all.some((event) => event.pid === pid)),
      };
    });
    const ours = events.filter(({ pid }) => expected.has(pid));
    expect(ours.map(({ pid, exit_code, sig }) => [pid, { exit_code, sig }])).toEqual([...expected]);
    for (const event of ours) {
      expect(event.ppid).toBe(process.pid);
      expect(event.comm).toBe("sh");
      expect(event.duration_ns).toBeGreaterThan(0);
    }
    expect(stderr).toMatch(/exitsnoop: \d+ events?, 0 lost/);
  });

  it("exitsnoop: a process of many threads once, however it ends", async () => {
    interface Exit {
      readonly pid: number;
    }
    let pid = -1;
    const { events } = await trace<Exit>(["exitsnoop"], async () => {
      const code = `
        const { Worker } = require("node:worker_threads");
        for (let i = 0; i < 4; i++) new Worker("setInterval(() => {}, 1e3)", { eval: true });
        setTimeout(() => process.exit(3), 100);`;
      pid = await runToEnd(process.execPath, ["-e", code]);
      return { arrived: (all) => all.some((event) => event.pid === pid) };
    });
    expect(events.filter((event) => event.pid === pid)).toHaveLength(1);
    expect(events.find((event) => event.pid === pid)).toMatchObject({ exit_code: 3, sig: 0 });
  });

  it("execsnoop: every program started, once", async () => {
    interface Exec {
      readonly pid: number;
      readonly ppid: number;
      readonly uid: number;
      readonly comm: string;
      readonly filename: string;
    }
    const pids: number[] = [];
    const { events } = await trace<Exec>(["execsnoop"], async () => {
      for (let count = 0; count < 10; count++) pids.push(await runToEnd("/bin/true", ["x"]));
      return { arrived: (all) => pids.every((pid) => all.some((event) => event.pid === pid)) };
    });
    expect(events.filter(({ pid }) => pids.includes(pid))).toEqual(
      pids.map((pid) => ({ pid, ppid: process.pid, uid: 0, comm: "true", filename: "/bin/true" })),
    );
  });

  it("opensnoop: every open once, with descriptor, errno, flags and path", async () => {
    interface Open {
      readonly pid: number;
      readonly fd: number;
      readonly err: number;
      readonly flags: number;
      readonly path: string;
    }
    const directory = mkdtempSync(join(tmpdir(), "skep-opens-"));
    const expected: { readonly fd: number; readonly err: number; readonly path: string }[] = [];
    try {
      const { events } = await trace<Open>(["opensnoop", "--pid-target", String(process.pid)], async () => {
        for (let count = 0; count < 20; count++) {
          const path = join(directory, `file ${count}`);
          const fd = openSync(path, "w");
          closeSync(fd);
          expected.push({ fd, err: 0, path });
        }
        const missing = join(directory, "missing");
        expect(() => openSync(missing, "r")).toThrow("ENOENT");
        expected.push({ fd: -1, err: 2, path: missing });
        return { arrived: (all) => all.some(({ path }) => path === missing) };
      });
      const ours = events.filter(({ path }) => path.startsWith(directory));
      expect(ours.map(({ fd, err, path }) => ({ fd, err, path }))).toEqual(expected);
      // O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
      expect(ours[0]?.flags).toBe(0o1 | 0o100 | 0o1000 | 0o2000000);
      expect(events.every(({ pid }) => pid === process.pid)).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("opensnoop --failed: only what failed", async () => {
    interface Open {
      readonly err: number;
      readonly path: string;
    }
    const { events } = await trace<Open>(
      ["opensnoop", "--failed", "--pid_target", String(process.pid)],
      async () => {
        closeSync(openSync("/etc/hostname", "r"));
        expect(() => openSync("/nowhere/at/all", "r")).toThrow("ENOENT");
        return { arrived: (all) => all.some(({ path }) => path === "/nowhere/at/all") };
      },
    );
    expect(events.every(({ err }) => err > 0)).toBe(true);
  });

  it("sigsnoop: every kill once, with signal, receiver and result", async () => {
    interface Signal {
      readonly pid: number;
      readonly sig: number;
      readonly tpid: number;
      readonly ret: number;
    }
    const child = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
    const target = child.pid ?? -1;
    const ended = once(child, "exit");
    const { events } = await trace<Signal>(["sigsnoop", "--filtered_pid", String(process.pid)], async () => {
      process.kill(target, 0);
      process.kill(target, "SIGSTOP");
      process.kill(target, "SIGCONT");
      process.kill(target, "SIGTERM");
      await ended;
      expect(() => process.kill(target, 0)).toThrow("ESRCH");
      return { arrived: (all) => all.some(({ tpid, ret }) => tpid === target && ret < 0) };
    });
    expect(events.filter(({ tpid }) => tpid === target).map(({ sig, ret }) => [sig, ret])).toEqual([
      [0, 0],
      [19, 0],
      [18, 0],
      [15, 0],
      [0, -3],
    ]);
    expect(events.every(({ pid }) => pid === process.pid)).toBe(true);
  });

  it("bashreadline: what is entered at the prompt of a real interactive bash", async (context) => {
    if (spawnSync("script", ["--version"]).error !== undefined) return context.skip("no script(1) here");
    interface Line {
      readonly pid: number;
      readonly comm: string;
      readonly line: string;
    }
    const lines = ["true first", "echo 'zwei  drei'", ": größe"];
    const { events } = await trace<Line>(["bashreadline"], async () => {
      const shell = spawn("script", ["-qec", "/bin/bash --norc --noprofile -i", "/dev/null"], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      shell.stdin?.write(lines.map((line) => `${line}\n`).join(""));
      shell.stdin?.write("exit\n");
      shell.stdout?.resume();
      await once(shell, "exit");
      return { arrived: (all) => all.some(({ line }) => line === "exit") };
    });
    const pid = events.find(({ line }) => line === lines[0])?.pid;
    expect(events.filter((event) => event.pid === pid).map(({ line }) => line)).toEqual([...lines, "exit"]);
  });

  it("minimal: bpf_printk's lines, without anybody opening trace_pipe", async () => {
    const writer = spawn(
      "/bin/sh",
      ["-c", "read go; exec dd if=/dev/zero of=/dev/null bs=1 count=5 status=none"],
      {
        stdio: ["pipe", "ignore", "ignore"],
      },
    );
    await using skep = await new SkepProcess([
      "run",
      "minimal",
      "--pid_filter",
      String(writer.pid),
    ]).attached();
    writer.stdin?.write("go\n");
    await once(writer, "exit");
    const message = `BPF triggered sys_enter_write from PID ${writer.pid}.`;
    const lines = () => skep.stdout.split("\n").filter((line) => line.includes(message));
    await skep.until(() => lines().length >= 5);
    expect((await skep.end()).code).toBe(0);
    expect(lines()).toHaveLength(5);
    expect(skep.stderr).toMatch(/minimal: 5 events, 0 lost/);
  });
});
