import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { endRuns, type ToolReport, ToolRun } from "./tool-run.ts";

/** One run of a tool, and what is done meanwhile. */
export interface Work {
  /** The tool and its arguments; `PID` stands for that of the helper. */
  readonly args: readonly string[];
  /** A program that works when it is told one of `words`, by default `go`. */
  readonly helper?: readonly string[];
  readonly words?: readonly string[];
  /** That the helper is put into; there is none of version 2 without it. */
  readonly cgroup?: string;
  /** What is done in its place, by sh. */
  readonly shell?: string;
}

export interface Plan {
  readonly cases: Readonly<Record<string, Work>>;
  /** A program that loads a module of the kernel. */
  readonly loadModule: string;
}

export interface WorkReport extends ToolReport {
  /** How often the helper's only thread was switched to. */
  readonly switches: number;
  readonly pid: number;
}

export interface Report {
  /** Why there is no disk with a file system at /tmp/disk. */
  readonly noDisk?: string;
  readonly reports: Readonly<Record<string, WorkReport>>;
}

/** A disk of 32 MB behind a loop device, with a file system, at /tmp/disk. Says why there is none. */
function makeDisk(): string | undefined {
  try {
    for (const module of ["loop", "ext4"]) insertModule(module);
    execFileSync("dd", ["if=/dev/zero", "of=/tmp/image", "bs=1M", "count=32", "status=none"]);
    // Without udev nobody makes /dev/loop0.
    if (!existsSync("/dev/loop0")) execFileSync("mknod", ["/dev/loop0", "b", "7", "0"]);
    execFileSync("losetup", ["/dev/loop0", "/tmp/image"]);
    execFileSync("mkfs.ext4", ["-q", "/dev/loop0"]);
    mkdirSync("/tmp/disk");
    execFileSync("mount", ["-t", "ext4", "/dev/loop0", "/tmp/disk"]);
    writeFileSync("/tmp/disk/file", Buffer.alloc(512 * 4096, 1));
    return undefined;
  } catch (error) {
    return String((error as { readonly stderr?: Buffer }).stderr ?? (error as Error).message);
  }
}

function insertModule(name: string): void {
  const root = `/lib/modules/${release()}`;
  const line = readFileSync(`${root}/modules.dep`, "utf8")
    .split("\n")
    .find((text) => new RegExp(`/${name}\\.ko(\\.[a-z]+)?:`).test(text));
  // Built in.
  if (line === undefined) return;
  const [own = "", ...needed] = line.replace(":", "").trim().split(/\s+/);
  for (const path of [...needed.reverse(), own]) {
    const file = path.startsWith("/") ? path : `${root}/${path}`;
    if (!file.endsWith(".xz")) execFileSync(plan.loadModule, [file]);
    else {
      writeFileSync("/tmp/module.ko", execFileSync("xz", ["-dc", file], { maxBuffer: 1 << 26 }));
      execFileSync(plan.loadModule, ["/tmp/module.ko"]);
    }
  }
}

function enterCgroup(path: string, pid: number): void {
  mkdirSync("/tmp/cgroups", { recursive: true });
  execFileSync("mount", ["-t", "cgroup2", "none", "/tmp/cgroups"]);
  mkdirSync(`/tmp/cgroups/${path}`, { recursive: true });
  writeFileSync(`/tmp/cgroups/${path}/cgroup.procs`, String(pid));
}

class Helper {
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #output = "";

  constructor([file = "", ...args]: readonly string[]) {
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.pid = this.#child.pid ?? 0;
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
  }

  /** In read(0, …), which is number 0, or 63 of the newer architectures. */
  async asleep(): Promise<void> {
    const file = (name: string) => readFileSync(`/proc/${this.pid}/${name}`, "utf8");
    while (!/^State:\sS/m.test(file("status")) || !/^(?:0|63) 0x0 /.test(file("syscall"))) await pause(20);
  }

  async work(word: string): Promise<void> {
    const before = this.#output.length;
    this.#child.stdin.write(`${word}\n`);
    while (!this.#output.slice(before).includes("done")) await pause(20);
    await this.asleep();
  }

  switches(): number {
    const text = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return [...text.matchAll(/voluntary_ctxt_switches:\s*(\d+)/g)].reduce(
      (sum, [, one]) => sum + Number(one),
      0,
    );
  }

  kill(): void {
    this.#child.kill();
  }
}

async function workedOn({ args, helper: command, words = ["go"], shell, cgroup }: Work): Promise<WorkReport> {
  const helper = command && new Helper(command);
  if (cgroup !== undefined && helper !== undefined) enterCgroup(cgroup, helper.pid);
  await helper?.asleep();
  const run = new ToolRun(args.map((word) => (word === "PID" ? String(helper?.pid) : word)));
  let switches = 0;
  if (await run.attached()) {
    const before = helper?.switches() ?? 0;
    if (helper !== undefined) for (const word of words) await helper.work(word);
    if (shell !== undefined) await once(spawn("sh", ["-c", shell], { stdio: "ignore" }), "close");
    switches = (helper?.switches() ?? 0) - before;
    endRuns();
  }
  const report = await run.report();
  helper?.kill();
  return { ...report, switches, pid: helper?.pid ?? 0 };
}

// Runs inside a virtual machine: a plan is the file that is named on the command line, what came of it is printed as JSON.
const plan: Plan = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const noDisk = makeDisk();
const reports: Record<string, WorkReport> = {};
for (const [name, work] of Object.entries(plan.cases)) reports[name] = await workedOn(work);
const report: Report = { ...(noDisk === undefined ? {} : { noDisk }), reports };
console.log(JSON.stringify(report));
process.exit(0);
