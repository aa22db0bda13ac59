/**
 * Runs inside a virtual machine, on built code, in plain JavaScript because a test runner takes minutes there. Reads what to do
 * from the file that is named on the command line, and prints what came of it, as JSON.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";

const { cases, loadModule, skep: bin } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A disk of 32 MB behind a loop device, with a file system, at /tmp/disk. Says why there is none. */
function makeDisk() {
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
    return String(error.stderr ?? error.message);
  }
}

function insertModule(name) {
  const root = `/lib/modules/${release()}`;
  const line = readFileSync(`${root}/modules.dep`, "utf8")
    .split("\n")
    .find((text) => new RegExp(`/${name}\\.ko(\\.[a-z]+)?:`).test(text));
  // Built in.
  if (line === undefined) return;
  const [own, ...needed] = line.replace(":", "").trim().split(/\s+/);
  for (const path of [...needed.reverse(), own]) {
    const file = path.startsWith("/") ? path : `${root}/${path}`;
    if (!file.endsWith(".xz")) execFileSync(loadModule, [file]);
    else {
      writeFileSync("/tmp/module.ko", execFileSync("xz", ["-dc", file], { maxBuffer: 1 << 26 }));
      execFileSync(loadModule, ["/tmp/module.ko"]);
    }
  }
}

function enterCgroup(path, pid) {
  mkdirSync("/tmp/cgroups", { recursive: true });
  execFileSync("mount", ["-t", "cgroup2", "none", "/tmp/cgroups"]);
  mkdirSync(`/tmp/cgroups/${path}`, { recursive: true });
  writeFileSync(`/tmp/cgroups/${path}/cgroup.procs`, String(pid));
}

class Helper {
  constructor([file, ...args]) {
    this.child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.output = "";
    this.child.stdout.setEncoding("utf8").on("data", (text) => {
      this.output += text;
    });
  }

  /** In read(0, …), which is number 0, or 63 of the newer architectures. */
  async asleep() {
    const file = (name) => readFileSync(`/proc/${this.child.pid}/${name}`, "utf8");
    while (!/^State:\sS/m.test(file("status")) || !/^(?:0|63) 0x0 /.test(file("syscall"))) await pause(20);
  }

  async work(word) {
    const before = this.output.length;
    this.child.stdin.write(`${word}\n`);
    while (!this.output.slice(before).includes("done")) await pause(20);
    await this.asleep();
  }

  switches() {
    const text = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return [...text.matchAll(/voluntary_ctxt_switches:\s*(\d+)/g)].reduce(
      (sum, [, one]) => sum + Number(one),
      0,
    );
  }
}

/** Runs one tool while its helper works. */
async function run({ args, helper: command, words = ["go"], shell, cgroup }) {
  const helper = command && new Helper(command);
  if (cgroup !== undefined) enterCgroup(cgroup, helper.child.pid);
  await helper?.asleep();
  const withPid = args.map((word) => (word === "PID" ? String(helper.child.pid) : word));
  const skep = spawn(process.execPath, [bin, "run", ...withPid, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  skep.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  skep.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const closed = once(skep, "close");
  while (!stderr.includes("attached") && skep.exitCode === null) await pause(50);
  let switches = 0;
  if (skep.exitCode === null) {
    const before = helper?.switches() ?? 0;
    for (const word of helper ? words : []) await helper.work(word);
    if (shell !== undefined) execFileSync("sh", ["-c", shell], { stdio: "ignore" });
    switches = (helper?.switches() ?? 0) - before;
    skep.kill("SIGINT");
  }
  const [code] = await closed;
  helper?.child.kill();
  const events = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  return { code, stderr, events, switches, pid: helper?.child.pid ?? 0 };
}

const noDisk = makeDisk();
const reports = {};
for (const { name, ...one } of cases) reports[name] = await run(one);
console.log(JSON.stringify({ noDisk, reports }));
process.exit(0);
