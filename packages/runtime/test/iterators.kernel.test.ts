import { expect, it } from "vitest";
import { compileTool, RunningPackage } from "./running-package.ts";

it("a program of iterators walks once, shows what it prints without what would steer a terminal, and ends", async () => {
  const tool = await compileTool("tasks.bpf.c");
  await using run = new RunningPackage(tool, ["--wanted", String(process.pid)]);
  expect(await run.end).toMatchObject({ exitCode: 0 });
  expect(run.stdout).toBe(`task ${process.pid} of process ${process.pid}\t\\x1b[31mred\n`);
});
