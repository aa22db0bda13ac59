import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostKernel, openMapById, StackTraceMap } from "@skep/bpf";
import type { Package } from "@skep/package";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileTool, ownMaps, RunningPackage } from "../running-package.ts";

/** The C library keeps no frame pointer: the function that calls into it is missing from stacks. Waits for a line, then calls getppid() 300 times by one way and 100 times by another, and waits for its end. */
const PROGRAM = `
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

KEEP int call_it(void) { int id = syscall(SYS_getppid); __asm__ volatile(""); return id; }
KEEP int hot_way(void) { int id = call_it(); __asm__ volatile(""); return id; }
KEEP int cold_way(void) { int id = call_it(); __asm__ volatile(""); return id; }

int main(void)
{
	getchar();
	for (int i = 0; i < 400; i++)
		i % 4 ? hot_way() : cold_way();
	puts("done");
	fflush(stdout);
	pause();
}
`;

describe("stacks", () => {
  let folder: string;
  let counting: Package;
  let tracing: Package;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "skep-stacks-"));
    writeFileSync(join(folder, "ways.c"), PROGRAM);
    const flags = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"];
    execFileSync("clang", [...flags, join(folder, "ways.c"), "-o", join(folder, "ways")]);
    counting = await compileTool("stacks.bpf.c");
    tracing = await compileTool("stack-events.bpf.c");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function start(): Promise<ChildProcess & AsyncDisposable> {
    const child = spawn(join(folder, "ways"), { stdio: ["pipe", "pipe", "inherit"] });
    return Object.assign(child, {
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await once(child, "close");
      },
    });
  }

  /** What is shown of all the calls; the program lives until the first look, which comes after them. */
  async function shown(pkg: Package, ...args: readonly string[]): Promise<RunningPackage> {
    await using program = await start();
    const running = new RunningPackage(pkg, ["--target", String(program.pid), ...args]);
    await using _ = await running.attached();
    program.stdin?.end("\n");
    await once(program.stdout!, "data");
    await running.until(() => running.stdout !== "");
    process.emit("SIGINT");
    await running.end;
    return running;
  }

  it("are counted by the ways that led there, and folded for flame graphs", async () => {
    const { stdout } = await shown(counting, "-o", "folded", "--interval", "500ms");
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^ways;(?:[^;]+;)?main;hot_way;(?:\w+;)*[\w.]+ 300$/);
    expect(lines[1]).toMatch(/^ways;(?:[^;]+;)?main;cold_way;(?:\w+;)*[\w.]+ 100$/);
    expect(lines.length).toBe(2);
  });

  it("stand frame by frame above whose they are and how often", async () => {
    const { stdout } = await shown(counting, "--interval", "500ms", "--timestamp", "none");
    const [hot = "", cold = ""] = stdout.split("\n\n");
    expect(hot).toMatch(
      /^( {4}\w[^\n]*\n)+ {4}--\n( {4}[^\n]*\n)* {4}hot_way\+0x[0-9a-f]+\n {4}main\+0x[0-9a-f]+\n/,
    );
    expect(hot).toMatch(/\n {4}- {16}ways \(\d+\)\n {8}300 calls$/);
    expect(cold).toMatch(/ {4}cold_way\+0x[0-9a-f]+\n[\s\S]* {8}100 calls$/);
  });

  it("are lists of frames for machines, beside the raw ids", async () => {
    const { stdout } = await shown(counting, "--interval", "500ms", "-o", "json");
    const [hot] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(hot).toMatchObject({ key: { comm: "ways" }, value: 300 });
    expect(Number.isInteger(hot.key.user)).toBe(true);
    expect(hot.stacks.user.join(" ")).toMatch(/ hot_way\+0x\S+ main\+0x\S+/);
    expect(hot.stacks.kernel.at(-1)).toMatch(/^entry_SYSCALL_64|^el0|\+0x/);
  });

  it("that had no place in the stack map are counted as lost, not left out", async () => {
    await using program = await start();
    const running = new RunningPackage(counting, [
      "--target",
      String(program.pid),
      "--interval",
      "500ms",
      "-o",
      "folded",
    ]);
    await using _ = await running.attached();
    program.stdin?.end("\n");
    await once(program.stdout!, "data");
    // Taken out behind the tool's back, as a collision would.
    using map = openMapById(hostKernel(), ownMaps().find(({ name }) => name === "stack_traces")?.id ?? 0);
    if (!(map instanceof StackTraceMap)) throw new Error(`${map.typeName} is no stack map`);
    map.clear();
    await running.until(() => running.stdout !== "");
    expect(running.stderr).toContain("map stack_traces had no place for a stack, or lost it");
    expect(running.stdout).toMatch(/^ways;\[lost stack\];\[lost stack\] 400$/m);
  });

  it("of a buffer whose records are stack traces are shown record by record", async () => {
    const { stdout } = await shown(tracing, "--count", "4");
    const records = stdout.split("\n\n").filter((text) => text.startsWith("COMM: "));
    expect(records.length).toBe(4);
    expect(records[1]).toMatch(
      /^COMM: ways \(pid=\d+\) @ CPU \d+\nKernel:\n {2}0 \[<ffff[0-9a-f]{12}>\] \w[\s\S]*\nUserspace:\n {2}0 \[<0000[0-9a-f]{12}>\] \S.*\n[\s\S]*\[<[0-9a-f]{16}>\] hot_way\+0x[0-9a-f]+\n[\s\S]*main\+0x/,
    );
    const json = await shown(tracing, "--count", "1", "-o", "json");
    expect(JSON.parse(json.stdout.split("\n")[0] ?? "")).toMatchObject({ comm: "ways" });
  });

  it("whose members are missing are an error that names them", async () => {
    const { meta } = tracing;
    const maps = meta.bpf_skel.maps.map((map) =>
      map.name === "traces" ? { ...map, intepreter: { stack_trace: { field_map: { pid: "nobody" } } } } : map,
    );
    const broken = { ...tracing, meta: { ...meta, bpf_skel: { ...meta.bpf_skel, maps } } };
    await expect(new RunningPackage(broken, []).end).rejects.toThrow(
      "@interpreter of map traces: its records have no member nobody",
    );
  });

  it("make one file of one map, and none of several", async () => {
    const { meta } = counting;
    const { maps } = meta.bpf_skel;
    const twice = { ...meta, bpf_skel: { ...meta.bpf_skel, maps: [...maps, ...maps] } };
    const run = new RunningPackage({ ...counting, meta: twice }, ["-o", "pprof"]);
    await expect(run.end).rejects.toThrow("--output pprof is of one map, and callers, callers are several");
  });
});
