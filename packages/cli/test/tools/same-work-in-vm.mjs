/**
 * Runs inside a virtual machine, on built code. A file says what: several runs of tools that all see the same work. Prints
 * what each reported, as JSON. Plain JavaScript, because a test runner takes minutes there.
 *
 *   { "setup": SCRIPT, "runs": { NAME: [TOOL, ARGUMENT…] }, "work": SCRIPT, "settle": MILLISECONDS }
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../bin/skep.js", import.meta.url));
const { setup, runs, work, settle } = JSON.parse(readFileSync(process.argv[2], "utf8"));

class Run {
  stdout = "";
  stderr = "";

  constructor(args) {
    this.child = spawn(process.execPath, [bin, "run", ...args, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    this.closed = once(this.child, "close");
  }

  async attached() {
    while (!this.stderr.includes("attached") && this.child.exitCode === null) await pause(50);
  }

  async end() {
    if (this.child.exitCode === null) this.child.kill("SIGINT");
    const [code] = await this.closed;
    const events = this.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    return { code, stderr: this.stderr, events };
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What it leaves running in the background keeps none of our pipes. */
const shell = (script) => spawnSync("sh", ["-c", script], { encoding: "utf8" });

const prepared = shell(setup);
const all = new Map();
// One after the other: they take turns on one slow CPU.
for (const [name, args] of Object.entries(runs)) {
  const run = new Run(args);
  await run.attached();
  all.set(name, run);
}
const worked = shell(work);
await pause(settle);
const results = {};
for (const [name, run] of all) results[name] = await run.end();
console.log(JSON.stringify({ work: worked.stdout, complaints: prepared.stderr + worked.stderr, results }));
