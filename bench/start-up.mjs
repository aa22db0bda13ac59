// Time from exec to attached, and peak memory: skep beside libbpf-tools and bpftrace, on the same probe, in turn.
//
//   sudo node bench/start-up.mjs [rounds]
//
// "Attached" is the kernel's word, not the tool's: one of its programs has run, and none was added afterwards (watcher.mjs).
// Programs that end (/bin/true) are there to be seen. Peak memory is VmHWM a third of a second later.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median, Watcher } from "./watcher.mjs";

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

/** Something for every tool here to see. */
const poke = async () => spawnSync("/bin/true");

async function measure(command) {
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
