// What a tool costs those it watches: the same fixed work with nothing attached, with ours, and with the model from libbpf-tools.
//
//   npm run build && sudo node bench/tools.mjs [TOOL ...]
//
// Per tool: nanoseconds added to one operation of the work (median of five runs in turn, so that drift of the machine hits all alike),
// the ratio ours / model, kernel memory of its maps (memlock in /proc/PID/fdinfo, what `bpftool map` shows), resident memory.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROUNDS = 5;
const here = fileURLToPath(new URL(".", import.meta.url));
const skep = join(here, "../packages/cli/bin/skep.js");

/** Work: kind and times, long enough to measure and short enough to wait for. */
const works = {
  opensnoop: ["open", 100_000],
  execsnoop: ["exec", 400],
  exitsnoop: ["exec", 400],
  sigsnoop: ["signal", 200_000],
  runqlat: ["turns", 40_000],
  runqslower: ["turns", 40_000],
  offcpu: ["turns", 40_000],
  syscount: ["syscall", 1_000_000],
  hardirqs: ["turns", 40_000],
  softirqs: ["turns", 40_000],
  tcpconnlat: ["connect", 4_000],
  tcpstates: ["connect", 4_000],
  tcprtt: ["connect", 4_000],
  tcptop: ["connect", 4_000],
};
/** Where the model's name or arguments differ. */
const models = { offcpu: ["/usr/sbin/offcputime"] };

const wanted = process.argv.slice(2);
const tools = Object.keys(works).filter((tool) => wanted.length === 0 || wanted.includes(tool));

const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
const workload = join(folder, "workload");

/** Nanoseconds for one operation. */
function work(tool) {
  const [kind, times] = works[tool];
  return Number(execFileSync(workload, [kind, String(times)], { encoding: "utf8" })) / times;
}

function kernelMemory(pid) {
  let bytes = 0;
  const seen = new Set();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    const id = /^map_id:\s+(\d+)/m.exec(text)?.[1];
    if (id === undefined || seen.has(id)) continue;
    seen.add(id);
    bytes += Number(/^memlock:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return bytes;
}

/** Runs the work while `command` watches; undefined where it cannot run here. */
async function watched(tool, command) {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "ignore", "ignore"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await sleep(1500);
    if (child.exitCode !== null) return undefined;
    const nanoseconds = work(tool);
    const resident =
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024;
    return { nanoseconds, kernel: kernelMemory(child.pid) / 1024, resident };
  } finally {
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(timer);
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

try {
  execFileSync("cc", ["-O2", "-Wall", "-o", workload, join(here, "c/workload.c")]);
  console.log("tool        by             ns/operation    added   ours/model   map memory KiB   resident MB");
  for (const tool of tools) {
    const model = models[tool] ?? [`/usr/sbin/${tool}`];
    const commands = {
      skep: [process.execPath, skep, "run", tool],
      "libbpf-tools": existsSync(model[0]) ? model : undefined,
    };
    const bare = [];
    const runs = { skep: [], "libbpf-tools": [] };
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(work(tool));
      for (const [name, command] of Object.entries(commands)) {
        const result = command && (await watched(tool, command));
        if (result) runs[name].push(result);
      }
    }
    const floor = median(bare);
    const of = (name, key) =>
      runs[name].length === 0 ? undefined : median(runs[name].map((run) => run[key]));
    const added = (name) => {
      const ns = of(name, "nanoseconds");
      return ns === undefined ? undefined : ns - floor;
    };
    console.log(`${tool.padEnd(11)} ${"nothing".padEnd(13)} ${floor.toFixed(0).padStart(13)}`);
    for (const name of Object.keys(commands)) {
      if (runs[name].length === 0) {
        console.log(`${"".padEnd(11)} ${name.padEnd(13)} ${"does not run here".padStart(22)}`);
        continue;
      }
      const ratio =
        name === "skep" && added("libbpf-tools") > 0
          ? `${(added("skep") / added("libbpf-tools")).toFixed(2)}x`
          : "";
      const cells = [
        of(name, "nanoseconds").toFixed(0).padStart(13),
        added(name).toFixed(0).padStart(8),
        ratio.padStart(12),
        of(name, "kernel").toFixed(0).padStart(16),
        of(name, "resident").toFixed(1).padStart(13),
      ];
      console.log(`${"".padEnd(11)} ${name.padEnd(13)} ${cells.join(" ")}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
