import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";
import { SkepProcess } from "../skep-process.ts";

export interface Trace<T> {
  readonly events: T[];
  readonly stderr: string;
}

/**
 * Runs a bundled tool with `--json` while `work` happens; resolves to all its events, once those that `work` says it waits
 * for have arrived.
 */
export async function trace<T>(
  args: readonly string[],
  work: () => Promise<(events: readonly T[]) => boolean>,
): Promise<Trace<T>> {
  await using skep = await new SkepProcess(["run", ...args, "--json"]).attached();
  const arrived = await work();
  await skep.until(() => arrived(skep.events<T>()));
  const { code } = await skep.end();
  expect(code, skep.stderr).toBe(0);
  return { events: skep.events<T>(), stderr: skep.stderr };
}

/** The table that a tool prints while `work` happens, until it has what `arrived` waits for. */
export async function table(
  args: readonly string[],
  work: () => Promise<(text: string) => boolean>,
): Promise<string> {
  await using skep = await new SkepProcess(["run", ...args]).attached();
  const arrived = await work();
  await skep.until(() => arrived(skep.stdout));
  expect((await skep.end()).code, skep.stderr).toBe(0);
  return skep.stdout;
}

export interface Ended {
  readonly pid: number;
  readonly stdout: string;
}

/** Starts a program directly, waits for its end. */
export async function runToEnd(
  file: string,
  args: readonly string[] = [],
  options: { readonly cwd?: string; readonly uid?: number; readonly argv0?: string } = {},
): Promise<Ended> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"], ...options });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  await once(child, "close");
  return { pid: child.pid ?? -1, stdout };
}
