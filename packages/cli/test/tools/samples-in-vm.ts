import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { endRuns, type ToolReport, ToolRun } from "./in-vm/tool-run.ts";

/** One run of a tool: of a command among its arguments, or until a script of sh has printed something, and then waits. */
export interface Sampling {
  readonly args: readonly string[];
  readonly meanwhile?: string;
}

// Runs inside a virtual machine: a list of runs is the file that is named on the command line, their reports are printed.
const runs: readonly Sampling[] = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const reports: ToolReport[] = [];
for (const { args, meanwhile } of runs) {
  const run = new ToolRun(args);
  if (meanwhile !== undefined && (await run.attached())) {
    const script = spawn("sh", ["-c", meanwhile], { stdio: ["pipe", "pipe", "inherit"] });
    await once(script.stdout, "data");
    endRuns();
    reports.push(await run.report());
    script.stdin.end();
  } else reports.push(await run.report());
}
process.stdout.write(JSON.stringify(reports), () => process.exit(0));
