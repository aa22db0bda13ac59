import { describe, expect, it } from "vitest";
import { asNobody } from "./as-nobody.ts";
import { SkepProcess } from "./skep-process.ts";

interface Finding {
  readonly state: string;
  readonly text: string;
  readonly next?: string;
}
type Report = Readonly<Record<string, Readonly<Record<string, Finding>>>>;

/** A user without any right. */

async function report(...prefix: string[]): Promise<{ readonly report: Report; readonly stderr: string }> {
  await using skep = new SkepProcess(["doctor", "--json"], { prefix });
  expect((await skep.exit()).code, skep.stderr).toBe(0);
  return { report: JSON.parse(skep.stdout) as Report, stderr: skep.stderr };
}

describe("skep doctor", () => {
  it("finds out what the kernel has, and tries each tool", async () => {
    const { report: found, stderr } = await report();
    expect(stderr).toBe("");
    expect(Object.keys(found)).toEqual([
      "release",
      "machine",
      "kernel",
      "this_process",
      "ways_to_attach",
      "program_types",
      "map_types",
      "features",
      "tools",
    ]);
    expect(Object.keys(found.kernel ?? {})).toEqual(
      expect.arrayContaining(
        "BTF tracefs JIT lockdown memlock cgroup kptr_restrict perf_event_paranoid".split(" "),
      ),
    );
    expect(found.ways_to_attach?.tracepoint?.state).toBe("yes");
    expect(found.map_types?.ringbuf?.state).toBe("yes");
    expect(found.program_types?.kprobe?.state).toBe("yes");
    expect(found.tools?.opensnoop?.state).toBe("yes");
    // What it says of fentry is what becomes of a tool that needs it.
    const patches = found.ways_to_attach?.["fentry, fexit"]?.state === "yes";
    expect(found.tools?.["fentry-link"]?.state === "yes").toBe(patches);
    expect(found.tools?.["kprobe-link"]?.state === "yes").toBe(
      found.ways_to_attach?.["kprobe, ksyscall"]?.state === "yes",
    );
    if (!patches) expect(found.tools?.["fentry-link"]?.next).toMatch(/tracepoint/);
  });

  it("works without rights, and says what it may not see", async () => {
    const { report: found, stderr } = await report(...asNobody());
    expect(stderr).toBe("");
    expect(found.this_process?.capabilities?.state).toBe("no");
    expect(found.map_types?.ringbuf).toMatchObject({
      state: "unknown",
      text: "this process may not find out",
    });
    expect(found.kernel?.tracefs?.state).toBe("unknown");
    expect(found.tools?.opensnoop).toMatchObject({ state: "unknown", next: "run with sudo" });
  });

  it("is a table for people", async () => {
    await using skep = new SkepProcess(["doctor", "--no-tools"]);
    await skep.exit();
    expect(skep.stdout).toMatch(/^Linux \d/);
    expect(skep.stdout).toMatch(/^ {2}BTF +yes/m);
    expect(skep.stdout).toMatch(/^Map types\n {2}\d+ of \d+/m);
    for (const line of skep.stdout.split("\n")) expect(line).toBe(line.trimEnd());
  });

  it("has help, and refuses what it does not know", async () => {
    await using help = new SkepProcess(["doctor", "--help"]);
    expect((await help.exit()).code).toBe(0);
    expect(help.stdout).toContain("Examples:");
    await using wrong = new SkepProcess(["doctor", "--fix"]);
    expect((await wrong.exit()).code).toBe(64);
  });
});
