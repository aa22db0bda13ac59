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
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  async prompted(): Promise<this> {
    while (!/[#$>] $/.test(this.#output)) await new Promise((resolve) => setTimeout(resolve, 20));
    return this;
  }

  async enter(...lines: readonly string[]): Promise<void> {
    this.#script.stdin?.write(lines.map((line) => `${line}\n`).join(""));
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
    // A container's root: its bash is another file than ours, and not at /bin/bash.
    const libraries = [...spawnSync("ldd", ["/bin/bash"], { encoding: "utf8" }).stdout.matchAll(/(\/\S+)/g)];
    for (const file of ["/bin/bash", ...libraries.map(([path]) => path)]) {
      const inside = join(root, file === "/bin/bash" ? "/opt/bash" : file);
      mkdirSync(join(inside, ".."), { recursive: true });
      copyFileSync(file, inside);
      chmodSync(inside, 0o755);
    }
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
