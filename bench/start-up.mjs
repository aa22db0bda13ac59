// Time from exec to attached, and peak memory: skep beside libbpf-tools and bpftrace, on the same probe, in turn.
//
//   sudo node bench/start-up.mjs [rounds]
//
// "Attached" is the kernel's word, not the tool's: a program that did not exist before has run (run_cnt > 0, BPF_ENABLE_STATS)
// while a background process execs and exits /bin/true every 2 ms. Peak memory is VmHWM at that moment plus half a second.
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hostKernel } from "@skep/bpf";

const rounds = Number(process.argv[2] ?? 7);
const skep = fileURLToPath(new URL("../packages/cli/bin/skep.js", import.meta.url));
delete process.env.NODE_EXTRA_CA_CERTS; // adds its own parsing time to every start of Node 20

const peers = {
  exitsnoop: {
    skep: [process.execPath, skep, "run", "exitsnoop"],
    "libbpf-tools": ["/usr/sbin/exitsnoop"],
    bpftrace: ["bpftrace", "-e", 'tracepoint:sched:sched_process_exit { printf("%d %s\\n", pid, comm); }'],
  },
  execsnoop: {
    skep: [process.execPath, skep, "run", "execsnoop"],
    "libbpf-tools": ["/usr/sbin/execsnoop"],
    bpftrace: [
      "bpftrace",
      "-e",
      'tracepoint:syscalls:sys_enter_execve { printf("%d %s\\n", pid, str(args->filename)); }',
    ],
  },
};

const kernel = hostKernel();
const stats = kernel.bpf.enableStats(0);
const RUN_COUNT_OFFSET = 200; // struct bpf_prog_info.run_cnt
const info = new Uint8Array(RUN_COUNT_OFFSET + 8);

function newestProgram(after) {
  let last = after;
  for (let id = kernel.bpf.nextId("program", last); id !== undefined; id = kernel.bpf.nextId("program", id))
    last = id;
  return last;
}

/** True when a program newer than `after`, held by process `pid`, has run. */
function hasRun(after, pid) {
  for (
    let id = kernel.bpf.nextId("program", after);
    id !== undefined;
    id = kernel.bpf.nextId("program", id)
  ) {
    try {
      const program = kernel.bpf.fdById("program", id);
      kernel.bpf.info(program, info.fill(0));
      program.close();
      if (new DataView(info.buffer).getBigUint64(RUN_COUNT_OFFSET, true) > 0n && holds(pid, id)) return true;
    } catch (error) {
      if (error.errno !== 2) throw error; // gone again: a feature probe
    }
  }
  return false;
}

/** Whether a process has a descriptor of that program: others may load programs at the same time. */
function holds(pid, id) {
  const folder = `/proc/${pid}/fdinfo`;
  const line = new RegExp(`^prog_id:\\s+${id}$`, "m");
  return readdirSync(folder).some((fd) => line.test(textOf(`${folder}/${fd}`)));
}

/** Descriptors come and go while we look. */
function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const nap = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms) => Atomics.wait(nap, 0, 0, ms);

async function measure(command) {
  const before = newestProgram(0);
  const start = performance.now();
  const child = spawn(command[0], command.slice(1), { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  while (!hasRun(before, child.pid)) {
    if (performance.now() - start > 20_000)
      throw new Error(`${command.join(" ")}: nothing attached within 20 s`);
    sleep(0.5);
  }
  const attachedMs = performance.now() - start;
  sleep(500);
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const peakMb = Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
  child.kill("SIGINT");
  await ended;
  return { attachedMs, peakMb };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const have = (command) => spawnSync("sh", ["-c", `command -v ${command[0]}`]).status === 0;

const load = spawn("perl", [
  "-e",
  'while (getppid() != 1) { system("/bin/true"); select(undef, undef, undef, 0.002); }',
]);
try {
  const floor = median(
    Array.from({ length: rounds }, () => {
      const start = performance.now();
      spawnSync(process.execPath, ["-e", "0"]);
      return performance.now() - start;
    }),
  );
  console.log(`node -e 0: ${floor.toFixed(0)} ms (median of ${rounds})\n`);
  console.log("tool       by            attached ms   after node -e 0   peak MB   attached, ratio to skep");
  for (const [tool, commands] of Object.entries(peers)) {
    const names = Object.keys(commands).filter((name) => have(commands[name]));
    const results = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++)
      for (const name of names) results[name].push(await measure(commands[name]));
    const attached = (name) => median(results[name].map((one) => one.attachedMs));
    for (const name of names) {
      const peak = median(results[name].map((one) => one.peakMb));
      const columns = [
        tool.padEnd(10),
        name.padEnd(13),
        attached(name).toFixed(0).padStart(11),
        (name === "skep" ? `+${(attached(name) - floor).toFixed(0)}` : "").padStart(17),
        peak.toFixed(1).padStart(9),
        (attached(name) / attached("skep")).toFixed(2).padStart(25),
      ];
      console.log(columns.join(" "));
    }
  }
} finally {
  load.kill();
  stats.close();
}
