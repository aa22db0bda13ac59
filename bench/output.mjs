// How many events get through to the output, next to libbpf-tools and bpftrace on the same load?
//
//   sudo node bench/output.mjs [--count 500000] [--rates 100000,0] [--only TEXT]       after: npm run build
//
// A C program opens a file that does not exist, `count` times, at each rate (a second; 0: as fast as it can). Every tool traces
// only that process. Delivered: rows that reached the file or the reader, of all opens. What a tool itself says it lost is beside it.
// CPU: of the tool, per delivered event, and as a ratio to skep's table on the same sink. Load: how fast the traced program was, which a slow tool slows down. Needs root, clang, two CPUs. Compare the ratios.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "500000" },
    rates: { type: "string", default: "100000,0" },
    only: { type: "string", default: "" },
  },
});
const count = Number(values.count);
const here = fileURLToPath(new URL(".", import.meta.url));
const skep = join(here, "../packages/cli/bin/skep.cjs");
delete process.env.NODE_EXTRA_CA_CERTS; // adds its own parsing time to every start of Node 20
const scratch = mkdtempSync(join(tmpdir(), "skep-bench-"));
const MARK = "/no/such/skep-bench";

const skepWith =
  (...args) =>
  (pid) => [process.execPath, skep, "run", "opensnoop", "--pid", pid, ...args];
/** What libbpf-tools' opensnoop shows. */
const same = ["--timestamp", "none", "--fields", "pid,comm,fd,err,path"];
const bpftraceProgram = (pid) => `
  tracepoint:syscalls:sys_enter_openat /pid == ${pid}/ { @path[tid] = args->filename; }
  tracepoint:syscalls:sys_exit_openat /@path[tid]/ {
    printf("%-7d %-16s %4d %s\\n", pid, comm, args->ret, str(@path[tid])); delete(@path[tid]); }`;

/** Name → command, and where its output goes. */
const runs = {
  "skep to file": { command: skepWith(...same), sink: "file" },
  "libbpf-tools to file": { command: (pid) => ["opensnoop", "-p", pid], sink: "file" },
  "bpftrace to file": { command: (pid) => ["bpftrace", "-e", bpftraceProgram(pid)], sink: "file" },
  "skep --json to file": { command: skepWith("--json"), sink: "file" },
  "skep -o csv to file": { command: skepWith("-o", "csv"), sink: "file" },
  "skep -o yaml to file": { command: skepWith("-o", "yaml"), sink: "file" },
  "skep --filter to file": { command: skepWith("--filter", "err == 2"), sink: "file" },
  "skep to /dev/null": { command: skepWith(...same), sink: "null" },
  "libbpf-tools to /dev/null": { command: (pid) => ["opensnoop", "-p", pid], sink: "null" },
  "skep to a slow reader": { command: skepWith(...same), sink: "slow" },
  "libbpf-tools to a slow reader": { command: (pid) => ["opensnoop", "-p", pid], sink: "slow" },
  "bpftrace to a slow reader": { command: (pid) => ["bpftrace", "-e", bpftraceProgram(pid)], sink: "slow" },
};

/** 64 KiB every 20 ms: 3 MB a second, less than the load makes. */
const SLOW_READER = `
  const buffer = Buffer.alloc(65536);
  const nap = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    let size = 0;
    try { size = require("fs").readSync(0, buffer); } catch (error) { if (error.code === "EAGAIN") continue; throw error; }
    if (size === 0) break;
    require("fs").writeSync(1, buffer, 0, size);
    Atomics.wait(nap, 0, 0, 20);
  }`;

async function load(rate) {
  const child = spawn(join(scratch, "opens"), [String(count), String(rate)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const pid = (await lines.next()).value;
  return {
    pid,
    async run() {
      child.stdin.end("go\n");
      return Number((await lines.next()).value);
    },
  };
}

/** utime and stime in seconds, and the peak of resident memory in MB. */
function costOf(pid) {
  const [, fields] = /\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const [utime, stime] = fields.split(" ").slice(11, 13).map(Number);
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
  return { cpu: (utime + stime) / 100, peak };
}

async function measure({ command, sink }, rate) {
  const work = await load(rate);
  const path = join(scratch, "out");
  const file = openSync(sink === "null" ? "/dev/null" : path, "w");
  const stdout = sink === "slow" ? "pipe" : file;
  const [program, ...args] = command(work.pid);
  const tool = spawn(program, args, { stdio: ["ignore", stdout, "pipe"] });
  let stderr = "";
  tool.stderr.on("data", (text) => {
    stderr += text;
  });
  const ended = new Promise((resolve) => tool.once("exit", resolve));
  let reader;
  if (sink === "slow") {
    reader = spawn(process.execPath, ["-e", SLOW_READER], { stdio: [tool.stdout, file, "inherit"] });
    tool.stdout.destroy();
  }
  await sleep(3000); // every tool has attached by then
  const seconds = await work.run();
  // A tool that is behind gets time to catch up; a slow reader as much as it needs for what is under way.
  const wait = sink === "slow" ? 3000 : 1500;
  await sleep(wait);
  if (tool.exitCode !== null) throw new Error(`${program} ended early: ${stderr}`);
  const cost = costOf(tool.pid);
  tool.kill("SIGINT");
  await ended;
  if (reader !== undefined) await new Promise((resolve) => reader.once("exit", resolve));
  closeSync(file);
  const text = sink === "null" ? "" : execFileSync("grep", ["-c", MARK, path], { encoding: "utf8" });
  const summary = /: (\d+) events, (\d+) lost/.exec(stderr);
  const delivered = sink === "null" ? (summary === null ? undefined : Number(summary[1])) : Number(text);
  return { seconds, delivered, said: summary ? Number(summary[2]) : lossesSaid(stderr, path, sink), ...cost };
}

/** `lost 12 events on CPU #0`, `Lost 12 events`. */
function lossesSaid(stderr, path, sink) {
  const text = stderr + (sink === "null" ? "" : lostLines(path));
  return [...text.matchAll(/lost (\d+) events/gi)].reduce((sum, match) => sum + Number(match[1]), 0);
}

function lostLines(path) {
  return statSync(path).size === 0
    ? ""
    : spawnSync("grep", ["-i", "^lost ", path], { encoding: "utf8" }).stdout;
}

try {
  execFileSync("clang", ["-O2", "-o", join(scratch, "opens"), join(here, "c/opens.c")]);
  for (const rate of values.rates.split(",").map(Number)) {
    const untraced = await (await load(rate)).run();
    console.log(
      `\n${count} opens, ${rate === 0 ? "as fast as it can" : `${rate} a second`} (untraced: ${(count / untraced / 1000).toFixed(0)} k/s)`,
    );
    console.log(
      "                                delivered       share   said lost    load k/s   CPU s   us/event   to skep   peak MB",
    );
    const own = {};
    for (const [name, run] of Object.entries(runs)) {
      if (!name.includes(values.only)) continue;
      const { seconds, delivered, said, cpu, peak } = await measure(run, rate);
      const share = delivered === undefined ? "" : `${((delivered / count) * 100).toFixed(2)} %`;
      const perEvent = delivered ? (cpu / delivered) * 1e6 : undefined;
      own[run.sink] ??= perEvent;
      const columns = [
        name.padEnd(30),
        String(delivered ?? "?").padStart(10),
        share.padStart(11),
        String(said).padStart(11),
        (count / seconds / 1000).toFixed(0).padStart(11),
        cpu.toFixed(2).padStart(7),
        (perEvent?.toFixed(2) ?? "").padStart(10),
        (perEvent === undefined ? "" : (perEvent / own[run.sink]).toFixed(2)).padStart(9),
        peak.toFixed(0).padStart(9),
      ];
      console.log(columns.join(" "));
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
