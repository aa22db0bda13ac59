// How fast are events read from a ring buffer, next to libbpf in C?
//
//   node bench/ring-buffer.mjs [--seconds 2] [--rounds 5]      after: npx tsc -b packages/bpf
//
// Live: a program on CPU 0 submits 64-byte events as fast as it can, a reader on CPU 1 takes them. Pure: a full ring is drained
// while nothing else happens. Needs root, two CPUs, clang and libbpf-dev. Compare the ratios, not the times.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hostKernel, open, openPinnedMap } from "../packages/bpf/dist/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "2" }, rounds: { type: "string", default: "5" } },
});
const seconds = Number(values.seconds);
/** Milliseconds until the engine has compiled what it will run. */
const WARM_UP = 300;
const here = fileURLToPath(new URL(".", import.meta.url));

const readers = {
  "C, ring_buffer__poll": ["poll"],
  "C, batching (1 ms)": ["batch"],
  "lazy views, 3 members read": ["view", "bigint"],
  "objects, 64-bit as number": ["object", "number"],
  "objects, 64-bit as bigint": ["object", "bigint"],
};

if (positionals[0] === "read") await readLive(...positionals.slice(1));
else if (positionals[0] === "drain") drainFull(...positionals.slice(1));
else await compare();

function eventOptions(objectFile, as, integers64) {
  const { btf } = open(objectFile);
  return { type: { btf, typeId: btf.find("event") }, as, integers64 };
}

/** Objects are kept for a while, so that the engine cannot save itself the making of them. */
function callbackFor(as) {
  let sum = 0;
  const kept = new Array(1024);
  if (as === "view")
    return (event) => {
      // Whole numbers all along: a sum of unsigned ones is made in floating point, which takes longer than reading them.
      sum ^= event.pid ^ event.tid ^ event.flags;
    };
  return (event) => {
    kept[sum++ & 1023] = event;
  };
}

/** In a process of its own: reads for a while, prints what it cost. */
async function readLive(ringPin, objectFile, as, integers64) {
  const ring = openPinnedMap(hostKernel(), ringPin);
  const options = eventOptions(objectFile, as, integers64);
  const callback = callbackFor(as);
  const reading = ring.consume(callback, options);
  await sleep(WARM_UP);
  const [start, before, eventsBefore] = [process.hrtime.bigint(), process.cpuUsage(), ring.counters.events];
  await sleep(seconds * 1000);
  const events = ring.counters.events - eventsBefore;
  const { user, system } = process.cpuUsage(before);
  const wall = Number(process.hrtime.bigint() - start);
  reading.close();
  console.log(JSON.stringify({ events, wall, cpu: (user + system) * 1000 }));
  ring.close();
}

function drainFull(ringPin, objectFile, as, integers64, rounds) {
  const ring = openPinnedMap(hostKernel(), ringPin);
  const kernel = hostKernel();
  const program = kernel.bpf.objGet(join(ringPin, "../program"));
  const contextIn = new Uint8Array(8);
  const options = eventOptions(objectFile, as, integers64);
  const callback = callbackFor(as);
  for (let round = 0; round < Number(rounds); round++) {
    for (let run = 0; run < 240; run++) kernel.bpf.progTestRun({ program, contextIn });
    const start = process.hrtime.bigint();
    const count = ring.drain(callback, options);
    console.log((Number(process.hrtime.bigint() - start) / count).toFixed(3));
  }
}

async function compare() {
  const folder = mkdtempSync(join(tmpdir(), "skep-bench-"));
  const pins = `/sys/fs/bpf/skep-bench-${process.pid}`;
  let object;
  try {
    mkdirSync(pins);
    const reader = join(folder, "ring-buffer");
    const objectFile = join(folder, "ring-buffer.bpf.o");
    const include = "-I/usr/include/x86_64-linux-gnu";
    execFileSync("clang", [
      "-g",
      "-O2",
      "-target",
      "bpf",
      include,
      "-c",
      join(here, "c/ring-buffer.bpf.c"),
      "-o",
      objectFile,
    ]);
    execFileSync("clang", ["-O2", join(here, "c/ring-buffer.c"), "-o", reader, "-lbpf"]);
    object = open(objectFile).load();
    object.map("ring").pin(join(pins, "ring"));
    object.program("produce").pin(join(pins, "program"));

    const live = Object.fromEntries(Object.keys(readers).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [name, mode] of Object.entries(readers)) {
        object.map("ring").drain(() => {});
        live[name].push(await runLive(reader, objectFile, pins, mode));
      }
    printLive(live);
    printDrain(reader, objectFile, pins);
  } finally {
    object?.close();
    rmSync(pins, { recursive: true, force: true });
    rmSync(folder, { recursive: true });
  }
}

async function runLive(reader, objectFile, pins, mode) {
  const ring = join(pins, "ring");
  const command =
    mode.length === 1
      ? [reader, mode[0], ring, String(seconds)]
      : [
          process.execPath,
          fileURLToPath(import.meta.url),
          "--seconds",
          String(seconds),
          "read",
          ring,
          objectFile,
          ...mode,
        ];
  const consumer = spawn("taskset", ["-c", "1", ...command], { stdio: ["ignore", "pipe", "inherit"] });
  const producer = spawn(
    "taskset",
    ["-c", "0", reader, "produce", join(pins, "program"), String(seconds + 2)],
    { stdio: "inherit" },
  );
  let text = "";
  consumer.stdout.on("data", (chunk) => (text += chunk));
  await new Promise((resolve) => consumer.once("close", resolve));
  producer.kill();
  await new Promise((resolve) => producer.once("close", resolve));
  const { events, wall, cpu } = JSON.parse(text);
  return { rate: (events / wall) * 1000, cpu: cpu / events };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function printLive(live) {
  const of = (name, key) => median(live[name].map((result) => result[key]));
  const [poll, batch] = Object.keys(readers);
  console.log("live                          M events/s   CPU ns/event   rate vs poll   CPU vs batching C");
  for (const name of Object.keys(readers)) {
    const [rate, cpu] = [of(name, "rate"), of(name, "cpu")];
    const ratios = [`${(rate / of(poll, "rate")).toFixed(1)}x`, `${(cpu / of(batch, "cpu")).toFixed(1)}x`];
    console.log(
      name.padEnd(28),
      rate.toFixed(2).padStart(11),
      cpu.toFixed(1).padStart(14),
      ratios[0].padStart(14),
      ratios[1].padStart(19),
    );
  }
}

function printDrain(reader, objectFile, pins) {
  const lines = (text) => text.trim().split("\n").map(Number);
  const [ring, program] = [join(pins, "ring"), join(pins, "program")];
  const rounds = "45";
  const run = (...command) => lines(execFileSync("taskset", ["-c", "1", ...command], { encoding: "utf8" }));
  const c = median(run(reader, "drain", ring, program, rounds));
  console.log("\npure drain                      ns/event   vs C");
  console.log("C, ring_buffer__consume".padEnd(28), c.toFixed(1).padStart(11), "1.0x".padStart(6));
  for (const [name, mode] of Object.entries(readers).slice(2)) {
    const ns = median(
      run(process.execPath, fileURLToPath(import.meta.url), "drain", ring, objectFile, ...mode, rounds),
    );
    console.log(name.padEnd(28), ns.toFixed(1).padStart(11), `${(ns / c).toFixed(1)}x`.padStart(6));
  }
}
