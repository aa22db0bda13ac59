import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { SkepProcess } from "../skep-process.ts";

describe("minimal", () => {
  it("prints bpf_printk's lines, without anybody opening trace_pipe", async () => {
    const writer = spawn(
      "/bin/sh",
      ["-c", "read go; exec dd if=/dev/zero of=/dev/null bs=1 count=5 status=none"],
      {
        stdio: ["pipe", "ignore", "ignore"],
      },
    );
    await using skep = await new SkepProcess([
      "run",
      "minimal",
      "--pid_filter",
      String(writer.pid),
    ]).attached();
    writer.stdin?.write("go\n");
    await once(writer, "exit");
    const message = `BPF triggered sys_enter_write from PID ${writer.pid}.`;
    const lines = () => skep.stdout.split("\n").filter((line) => line.includes(message));
    await skep.until(() => lines().length >= 5);
    expect((await skep.end()).code).toBe(0);
    expect(lines()).toHaveLength(5);
    expect(skep.stderr).toMatch(/minimal: 5 events, 0 lost/);
  });
});
