import { spawn } from "node:child_process";
import { once } from "node:events";
import { featuresOf, hostKernel, UnsupportedError, VerifierError } from "@skep/bpf";
import type { Package } from "@skep/package";
import { beforeAll, describe, expect, it } from "vitest";
import { compileTool, ownPrograms, RunningPackage, readSection } from "./running-package.ts";

let tool: Package;
beforeAll(async () => {
  tool = await compileTool("ladders.bpf.c");
});

/** Waits for a word, then calls getpgid and getsid once and forks once. */
const CAUSE = `
import os, sys
sys.stdin.readline()
os.getpgid(0)
os.getsid(0)
if os.fork() == 0: os._exit(0)
os.wait()
`;

/** Runs the tool on a process that does each thing once, and looks into the tool's counters. */
async function counters(...args: string[]) {
  const child = spawn("/usr/bin/python3", ["-S", "-c", CAUSE], { stdio: ["pipe", "inherit", "inherit"] });
  await using run = await new RunningPackage(tool, ["--pid", String(child.pid), ...args]).attached();
  const programs = ownPrograms();
  child.stdin.end("now\n");
  await once(child, "exit");
  return { programs, stderr: run.stderr, counts: readSection(".bss").variables };
}

const patches = featuresOf(hostKernel()).fentry;

describe("a ladder", () => {
  it("uses the first rung that this kernel allows, all programs of it and no other", async () => {
    const { counts, programs, stderr } = await counters();
    expect(counts).toEqual({
      by_policy: patches ? 0 : 1,
      by_types: 1,
      by_attaching: 1,
      by_rank: 1,
      by_twins: 1,
      by_optional: 1,
    });
    const expected = [
      ...(patches ? ["policy_enter", "policy_leave"] : ["policy_tracepoint"]),
      ..."types_tracepoint attaching_tracepoint rank_first twin_typed optional_there".split(" "),
    ];
    expect(programs.sort()).toEqual(expected.sort());
    if (!patches)
      expect(stderr).toContain(
        "policy: uses tracepoint (sees the call only); not fentry: this kernel does not allow programs that patch its functions (fentry, fexit)",
      );
    expect(stderr).toMatch(/types: uses types_tracepoint; not types_missing: .*no_such_struct/);
    expect(stderr).toContain("attaching: uses tracepoint; not uprobe: there is no /no/such/file:function");
    expect(stderr).toContain("rank: uses 1-exit\n");
    expect(stderr).toContain(
      "sched_process_fork: uses tp_btf and not raw_tp, which would see everything twice (--all-programs)",
    );
    for (const ladder of ["policy", "types", "attaching", "rank", "sched_process_fork"])
      expect(stderr.split("\n").filter((line) => line.includes(`: ${ladder}: `))).toHaveLength(1);
  });

  it("leaves twins alone when told so", async () => {
    const { counts } = await counters("--all-programs");
    expect(counts).toMatchObject({ by_twins: 101, by_rank: 1 });
  });

  it("tells why optional programs are missing, to those who want to know", async () => {
    const { stderr } = await counters("--verbose");
    expect(stderr).toContain(
      "left out optional_missing: this kernel has no tracepoint syscalls/sys_enter_no_such_call",
    );
  });

  it("does not hide a mistake in the program", async () => {
    await using run = new RunningPackage(await compileTool("bad-rung.bpf.c"), []);
    await expect(run.end).rejects.toThrow(VerifierError);
    expect(ownPrograms()).toEqual([]);
  });

  it("without a rung for this kernel says why of each", async () => {
    await using run = new RunningPackage(await compileTool("no-rung.bpf.c"), []);
    await expect(run.end).rejects.toThrow(UnsupportedError);
    await expect(run.end).rejects.toThrow(
      /way can be done here in none of its ways: first: this kernel has no tracepoint .*; second: there is no file \/no\/such\/file$/,
    );
    expect(ownPrograms()).toEqual([]);
  });
});
