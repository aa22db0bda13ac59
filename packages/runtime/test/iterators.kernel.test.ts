import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compileTool, RunningPackage } from "./running-package.ts";

it("a program of iterators walks once, shows what it prints without what would steer a terminal, and ends", async () => {
  const tool = await compileTool("tasks.bpf.c");
  await using run = new RunningPackage(tool, ["--wanted", String(process.pid)]);
  expect(await run.end).toMatchObject({ exitCode: 0 });
  expect(run.stdout).toBe(`task ${process.pid} of process ${process.pid}\t\\x1b[31mred\n`);
});

it("knows the struct that an iterator writes from the code, and shows each as a row", async () => {
  const tool = await compileTool("task-records.bpf.c");
  const threads = () =>
    readdirSync("/proc/self/task")
      .map(Number)
      .sort((a, b) => a - b);
  const before = threads();
  await using run = new RunningPackage(tool, ["--wanted", String(process.pid), "--json"]);
  expect(await run.end).toMatchObject({ exitCode: 0 });
  const rows = run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { tgid: number; tid: number; comm: string });
  expect(rows.every(({ tgid }) => tgid === process.pid)).toBe(true);
  const seen = new Set(rows.map(({ tid }) => tid));
  // Threads come and go; those that were there all the time are all there, once.
  expect(rows).toHaveLength(seen.size);
  const stayed = threads().filter((tid) => before.includes(tid));
  expect(stayed.filter((tid) => !seen.has(tid))).toEqual([]);
  const main = rows.find(({ tid }) => tid === process.pid);
  expect(main?.comm).toBe(readFileSync("/proc/self/comm", "utf8").trim());
});
