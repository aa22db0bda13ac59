// Time from exec to attached, and peak memory: skep beside libbpf-tools and bpftrace, on the same probe, in turn.
//
//   sudo node bench/start-up.mjs [rounds]
//
// "Attached" is the kernel's word, not the tool's: one of its programs has run, and none was added afterwards (watcher.mjs).
// Programs that end (/bin/true) are there to be seen. Peak memory is VmHWM a third of a second later.
// The first run of skep after it was installed or built compiles its code, and keeps it for those that follow.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { median, Watcher } from "./watcher.mjs";

const rounds = Number(process.argv[2] ?? 7);
const skep = fileURLToPath(new URL("../packages/cli/bin/skep.cjs", import.meta.url));
delete process.env.NODE_EXTRA_CA_CERTS; // adds its own parsing time to every start of Node 20

const FIRST = "skep, 1st run";
const peers = {
  exitsnoop: {
    [FIRST]: [process.execPath, skep, "run", "exitsnoop"],
    skep: [process.execPath, skep, "run", "exitsnoop"],
    "libbpf-tools": ["/usr/sbin/exitsnoop"],
    bpftrace: ["bpftrace", "-e", 'tracepoint:sched:sched_process_exit { printf("%d %s\\n", pid, comm); }'],
  },
  execsnoop: {
    [FIRST]: [process.execPath, skep, "run", "execsnoop"],
    skep: [process.execPath, skep, "run", "execsnoop"],
    "libbpf-tools": ["/usr/sbin/execsnoop"],
    bpftrace: [
      "bpftrace",
      "-e",
      'tracepoint:syscalls:sys_enter_execve { printf("%d %s\\n", pid, str(args->filename)); }',
    ],
  },
};

/** Something for every tool here to see. */
const poke = async () => spawnSync("/bin/true");

function forgetCompiledCode() {
  const folder = fileURLToPath(new URL("../packages/cli/dist/bundle/code/", import.meta.url));
  for (const name of readdirSync(folder)) if (name.endsWith(".cache")) rmSync(folder + name);
}

async function measure(name, command) {
  if (name === FIRST) forgetCompiledCode();
  const watcher = await Watcher.start(command, poke);
  const { attachedMs } = watcher;
  const peakMb = watcher.peakBytes() / 2 ** 20;
  await watcher.end();
  return { attachedMs, peakMb };
}

const have = (command) => spawnSync("sh", ["-c", `command -v ${command[0]}`]).status === 0;

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
    for (const name of names) results[name].push(await measure(name, commands[name]));
  const attached = (name) => median(results[name].map((one) => one.attachedMs));
  for (const name of names) {
    const peak = median(results[name].map((one) => one.peakMb));
    const columns = [
      tool.padEnd(10),
      name.padEnd(13),
      attached(name).toFixed(0).padStart(11),
      (name.startsWith("skep") ? `+${(attached(name) - floor).toFixed(0)}` : "").padStart(17),
      peak.toFixed(1).padStart(9),
      (attached(name) / attached("skep")).toFixed(2).padStart(25),
    ];
    console.log(columns.join(" "));
  }
}
