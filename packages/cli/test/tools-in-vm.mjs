/**
 * Runs inside a virtual machine, on built code: does a known thing under each tool named on the command line and prints,
 * as JSON, what the tool reported about it. Plain JavaScript, because a test runner takes minutes there.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../bin/skep.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "skep-vm-"));

function unlinkThree() {
  for (const name of ["one", "two", "three"]) {
    const path = join(directory, name);
    writeFileSync(path, "");
    unlinkSync(path);
  }
}

const WORK = {
  "kprobe-link": unlinkThree,
  "fentry-link": unlinkThree,
  exitsnoop: () => spawnSync("/bin/sh", ["-c", "exit 42"]),
  execsnoop: () => spawnSync("/bin/true"),
  opensnoop: () => closeSync(openSync("/etc/hostname", "r")),
  sigsnoop: () => process.kill(process.pid, 0),
};

async function report(tool) {
  const skep = spawn(process.execPath, [bin, "run", tool, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
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
  if (skep.exitCode === null) WORK[tool]();
  await pause(1500);
  skep.kill("SIGINT");
  const [code] = await closed;
  const events = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  return { code, stderr, events };
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const result = { pid: process.pid, directory, tools: {} };
for (const tool of process.argv.slice(2)) result.tools[tool] = await report(tool);
rmSync(directory, { recursive: true });
console.log(JSON.stringify(result));
