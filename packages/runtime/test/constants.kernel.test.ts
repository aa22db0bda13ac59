import { describe, expect, it } from "vitest";
import { compileTool, RunningPackage, readSection } from "./running-package.ts";

describe("a constant that is not volatile", () => {
  it("reaches the kernel, and what the compiler has put into the code is said to change nothing", async () => {
    const args = ["--pid_filter", "1234", "--letters", "zyx"];
    await using run = await new RunningPackage(await compileTool("constants.bpf.c"), args).attached();
    expect(readSection(".rodata").variables).toMatchObject({ pid_filter: 1234, letters: "zyx" });
    expect(run.stderr.match(/changes nothing/g)).toHaveLength(1);
    expect(run.stderr).toContain("setting pid_filter changes nothing");
  });

  it("is no filter that --pid could mean", async () => {
    const run = new RunningPackage(await compileTool("constants.bpf.c"), ["--pid", "1"]);
    await expect(run.end).rejects.toThrow("there is nothing for --pid to act on");
  });
});
