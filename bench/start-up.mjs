/**
 * How long a prebuilt tool takes until its programs are attached (it prints its header then), and its memory, beside what
 * node itself takes. Works on built code, as root: node bench/start-up.mjs [TOOL] [ROUNDS]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../packages/cli/bin/skep.js", import.meta.url));
const [tool = "exitsnoop", rounds = "15"] = process.argv.slice(2);
// Reading extra certificates costs every start of Node 20 some 40 ms and has nothing to do with us.
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

/** Milliseconds until `node -e 0` has ended. */
async function bare() {
  const begin = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { env, stdio: "ignore" }), "exit");
  return performance.now() - begin;
}

/** Milliseconds until the header, and MiB of resident memory then. */
async function attached() {
  const begin = performance.now();
  const child = spawn(process.execPath, [bin, "run", tool], { env, stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const milliseconds = performance.now() - begin;
  const kibibytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "latin1"))?.[1]);
  child.stdout.resume();
  child.kill("SIGINT");
  await once(child, "close");
  return { milliseconds, mebibytes: kibibytes / 1024 };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const floor = [];
const ours = [];
for (let round = 0; round < Number(rounds); round++) {
  floor.push(await bare());
  ours.push(await attached());
}
const node = median(floor);
const start = median(ours.map(({ milliseconds }) => milliseconds));
const memory = median(ours.map(({ mebibytes }) => mebibytes));
console.log(`node -e 0              ${node.toFixed(1)} ms`);
console.log(
  `skep run ${tool.padEnd(13)} ${start.toFixed(1)} ms until attached (+${(start - node).toFixed(1)} ms, bar 100)`,
);
console.log(`resident memory        ${memory.toFixed(1)} MiB (bar 80)`);
