import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelTool } from "./model-tool.ts";
import { NativeProgram } from "./native.ts";
import { table, trace } from "./trace.ts";

interface Line {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly cut: boolean;
  readonly tty: string;
  readonly comm: string;
  readonly line: string;
}

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "skep-readline-"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A command at a terminal of its own, script(1)'s. */
class Terminal {
  readonly #script: ChildProcess;
  #output = "";

  constructor(command: string) {
    this.#script = spawn("script", ["-qec", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#script.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  /** Types when there is a prompt: before it, the terminal would keep only 4095 letters of a line. */
  async prompted(prompt = /[#$>] $/): Promise<this> {
    while (!prompt.test(this.#output)) await new Promise((resolve) => setTimeout(resolve, 20));
    return this;
  }

  type(line: string): void {
    this.#script.stdin?.write(`${line}\n`);
  }

  async enter(...lines: readonly string[]): Promise<void> {
    for (const line of lines) this.type(line);
    if (this.#script.exitCode === null) await once(this.#script, "exit");
  }

  /** The program that script(1) started. */
  get pid(): number {
    const parent = this.#script.pid;
    const all = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
    const found = all.find((entry) => {
      try {
        return readFileSync(`/proc/${entry}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === String(parent);
      } catch {
        return false;
      }
    });
    return Number(found);
  }
}

/** A container's root: its bash is another file than ours, and not at /bin/bash. */
function fillRoot(root: string): void {
  const libraries = [...spawnSync("ldd", ["/bin/bash"], { encoding: "utf8" }).stdout.matchAll(/(\/\S+)/g)];
  for (const file of ["/bin/bash", ...libraries.map(([path]) => path)]) {
    const inside = join(root, file === "/bin/bash" ? "/opt/bash" : file);
    mkdirSync(join(inside, ".."), { recursive: true });
    copyFileSync(file, inside);
    chmodSync(inside, 0o755);
  }
}

const BASH = "/bin/bash --norc --noprofile -i";
const noScript = spawnSync("script", ["--version"]).error !== undefined;

describe.skipIf(noScript)("bashreadline", () => {
  it("shows whole lines as they were entered, with user and terminal", async () => {
    const long = `echo ${"0123456789".repeat(700)}`;
    const lines = [
      "true first",
      "echo 'zwei  drei'",
      ": größe",
      `: ${"x".repeat(253)}`,
      `: ${"y".repeat(254)}`,
      long,
    ];
    const { events } = await trace<Line>(["bashreadline"], async () => {
      const terminal = await new Terminal(BASH).prompted();
      await terminal.enter(...lines, "exit");
      return (all) => all.some(({ line }) => line === "exit");
    });
    const pid = events.find(({ line }) => line === lines[0])?.pid;
    const ours = events.filter((event) => event.pid === pid);
    expect(ours.map(({ line }) => line)).toEqual([...lines, "exit"]);
    expect(ours.every(({ cut, uid, comm }) => !cut && uid === 0 && comm === "bash")).toBe(true);
    expect(ours[0]?.tty).toMatch(/^pts\d+$/);
  });

  it("marks a line that is longer than 16 KB, and shows control characters harmlessly", async () => {
    const { events } = await trace<Line>(["bashreadline"], async () => {
      const terminal = await new Terminal(BASH).prompted();
      await terminal.enter(`: ${"z".repeat(20_000)}`, "exit");
      return (all) => all.some(({ line }) => line === "exit");
    });
    const long = events.find(({ line }) => line.startsWith(": zzz"));
    expect(long?.cut).toBe(true);
    expect(long?.line).toHaveLength(16_383);
    const text = await table(["bashreadline"], async () => {
      const terminal = await new Terminal(BASH).prompted();
      // Control-V: the next key is taken literally.
      await terminal.enter(": \u0016\u001b[31mred", "exit");
      return (all) => /exit$/m.test(all);
    });
    expect(text).toContain(": \\x1b[31mred");
  });

  it("--pid: any bash, also one in a root of its own, and no other", async () => {
    const root = join(directory, "root");
    fillRoot(root);
    const terminal = await new Terminal(`exec chroot ${root} /opt/bash --norc --noprofile -i`).prompted();
    const { pid } = terminal;
    const { events, stderr } = await trace<Line>(
      ["bashreadline", "--pid", String(pid), "--verbose"],
      async () => {
        await (await new Terminal(BASH).prompted()).enter("true another", "exit");
        await terminal.enter("true inside", "exit");
        return (all) => all.some(({ line }) => line === "exit");
      },
    );
    expect(stderr).toContain(`/proc/${pid}/exe:readline_internal_teardown`);
    expect(events.map((event) => [event.pid, event.line])).toEqual([
      [pid, "true inside"],
      [pid, "exit"],
    ]);
  });

  it("--pid, --binary /proc/PID/exe: a bash that lies in another mount namespace", async (context) => {
    if (spawnSync("unshare", ["-m", "true"]).status !== 0)
      return context.skip("unshare(1) may not make a mount namespace here");
    const image = join(directory, "image");
    fillRoot(image);
    const root = join(directory, "mounted");
    mkdirSync(root);
    // A memory disk that only those inside see.
    const inside = `mount -t tmpfs none ${root} && cp -r ${image}/* ${root} && exec chroot ${root} /opt/bash --norc --noprofile -i`;
    const start = () => new Terminal(`exec unshare -m sh -c '${inside}'`).prompted();
    for (const flag of ["--pid", "--binary"]) {
      const terminal = await start();
      const { pid } = terminal;
      expect(existsSync(join(root, "opt/bash"))).toBe(false);
      const args = ["bashreadline", flag, flag === "--pid" ? String(pid) : `/proc/${pid}/exe`];
      const { events } = await trace<Line>(args, async () => {
        await (await new Terminal(BASH).prompted()).enter("true outside", "exit");
        await terminal.enter(`true ${flag}`, "exit");
        return (all) => all.some((event) => event.pid === pid && event.line === "exit");
      });
      expect(events.map((event) => [event.pid, event.line, event.comm])).toEqual([
        [pid, `true ${flag}`, "bash"],
        [pid, "exit", "bash"],
      ]);
    }
  });

  it("--binary /proc/PID/exe: all shells of a container", async () => {
    const root = join(directory, "shared");
    fillRoot(root);
    const start = () => new Terminal(`exec chroot ${root} /opt/bash --norc --noprofile -i`).prompted();
    const [one, other] = [await start(), await start()];
    const pids = [one.pid, other.pid];
    const { events } = await trace<Line>(["bashreadline", "--binary", `/proc/${pids[0]}/exe`], async () => {
      await one.enter("true one", "exit");
      await other.enter("true other", "exit");
      return (all) => all.length >= 4;
    });
    expect(events.map((event) => [event.pid, event.line])).toEqual([
      [pids[0], "true one"],
      [pids[0], "exit"],
      [pids[1], "true other"],
      [pids[1], "exit"],
    ]);
  });

  it("sees a bash by whatever name it was started, and by any user", async () => {
    const sh = join(directory, "sh");
    symlinkSync("/bin/bash", sh);
    const { events } = await trace<Line>(["bashreadline"], async () => {
      const command = `exec setpriv --reuid=65534 --clear-groups ${sh} --norc --noprofile -i`;
      chmodSync(directory, 0o755);
      await (await new Terminal(command).prompted()).enter("true as-sh", "exit");
      return (all) => all.some(({ line }) => line === "exit");
    });
    const ours = events.filter(({ comm }) => comm === "sh");
    expect(ours.map(({ line, uid }) => [line, uid])).toEqual([
      ["true as-sh", 65534],
      ["exit", 65534],
    ]);
  });

  it("does not see what read -s and programs that turn the echo off are told", async () => {
    const asks = "read -s -p 'password? ' secret; PS1='then? '";
    const { events } = await trace<Line>(["bashreadline"], async () => {
      const terminal = await new Terminal(BASH).prompted();
      terminal.type(asks);
      (await terminal.prompted(/password\? $/)).type("unseen");
      await (await terminal.prompted(/then\? $/)).enter("exit");
      return (all) => all.some(({ line }) => line === "exit");
    });
    const pid = events.find(({ line }) => line === asks)?.pid;
    expect(events.filter((event) => event.pid === pid).map(({ line }) => line)).toEqual([asks, "exit"]);
  });

  it("counts what the model tool counts, of lines that it does not cut", async (context) => {
    await using model = await ModelTool.start("bashreadline", [], "COMMAND");
    if (model === undefined) return context.skip("no libbpf-tools here");
    const lines = Array.from({ length: 20 }, (_, index) => `true line-${index}`);
    const { events } = await trace<Line>(["bashreadline"], async () => {
      await (await new Terminal(BASH).prompted()).enter(...lines, "exit");
      return (all) => all.some(({ line }) => line === "exit");
    });
    const pid = events.find(({ line }) => line === "true line-0")?.pid;
    expect(events.filter((event) => event.pid === pid)).toHaveLength(21);
    expect(await model.count((row) => new RegExp(` ${pid} +(true line-\\d+|exit)$`).test(row), 21)).toBe(21);
  });

  it("--binary: other programs that use the readline library", async (context) => {
    const library = [
      "/lib/x86_64-linux-gnu/libreadline.so.8",
      "/lib/aarch64-linux-gnu/libreadline.so.8",
    ].find(existsSync);
    if (library === undefined) return context.skip("no libreadline here");
    using prompt = new NativeProgram("prompt", [library]);
    const byName = await trace<Line>(["bashreadline", "--binary", "libreadline"], async () => {
      await (await new Terminal(prompt.path).prompted()).enter("select 1;", "exit");
      return (all) => all.length > 1;
    });
    expect(byName.events.map(({ comm, line }) => [comm, line])).toEqual([
      ["prompt", "select 1;"],
      ["prompt", "exit"],
    ]);
    // Of one process: the library that it has loaded.
    const terminal = await new Terminal(`exec ${prompt.path}`).prompted();
    const { pid } = terminal;
    const byProcess = await trace<Line>(["bashreadline", "--pid", String(pid)], async () => {
      await terminal.enter("select 2;", "exit");
      return (all) => all.length > 1;
    });
    expect(byProcess.events.map((event) => [event.pid, event.line])).toEqual([
      [pid, "select 2;"],
      [pid, "exit"],
    ]);
  });
});
