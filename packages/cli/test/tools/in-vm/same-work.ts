import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { endRuns, type ToolReport, ToolRun } from "./tool-run.ts";

/** Several runs of tools that all see the same work. */
export interface Plan {
  /** Scripts of sh. */
  readonly setup: string;
  readonly work: string;
  /** By name, the tool and its arguments. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
}

export interface Report {
  /** What the work printed. */
  readonly work: string;
  /** What it and the setup printed on standard error. */
  readonly complaints: string;
  readonly results: Readonly<Record<string, ToolReport>>;
}

/** Milliseconds from the end of the work to that of the tools: connections close, processes end. */
const SETTLE = 1000;

/** What a script leaves running in the background must not hold its standard output. */
function shell(script: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile("sh", ["-c", script], (_error, stdout, stderr) => resolve({ stdout, stderr }));
  });
}

// Runs inside a virtual machine: a plan is the file that is named on the command line, what came of it is printed as JSON.
const { setup, runs, work }: Plan = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const prepared = await shell(setup);
const begun = new Map<string, ToolRun>();
for (const [name, args] of Object.entries(runs)) {
  const run = new ToolRun(args);
  await run.attached();
  begun.set(name, run);
}
const worked = await shell(work);
await pause(SETTLE);
endRuns();
const results: Record<string, ToolReport> = {};
for (const [name, run] of begun) results[name] = await run.report();
const report: Report = { work: worked.stdout, complaints: prepared.stderr + worked.stderr, results };
console.log(JSON.stringify(report));
process.exit(0);
