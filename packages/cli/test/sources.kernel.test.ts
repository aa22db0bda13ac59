import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SkepProcess } from "./skep-process.ts";

const PROGRAM = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct start { u32 pid; char comm[16]; };
struct finish { u32 pid; u64 time; bool last; };

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } starts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } ends SEC(".maps");

const volatile bool speak = false;

SEC("tp/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct start *e = bpf_ringbuf_reserve(&starts, sizeof(*e), 0);
	if (!e) return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	if (speak) bpf_printk("exec of %d", bpf_get_current_pid_tgid() >> 32);
	return 0;
}

SEC("tp/sched/sched_process_exit")
int on_exit(void *ctx)
{
	struct finish *e = bpf_ringbuf_reserve(&ends, sizeof(*e), 0);
	if (!e) return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->time = ~0ULL;
	e->last = true;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
`;

const ECHO = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("tp/sched/sched_process_exec")
int on_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	char file[400];
	bpf_probe_read_kernel_str(file, sizeof(file), (void *)ctx + (ctx->__data_loc_filename & 0xffff));
	bpf_printk("%s", file);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
`;

describe("skep run and ecli run", () => {
  let directory: string;
  let source: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "skep-sources-"));
    source = join(directory, "life.bpf.c");
    writeFileSync(source, PROGRAM);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it("a source file: compiled on the fly, every buffer with its own type, printk among them", async () => {
    await using skep = await new SkepProcess(["run", source, "--json", "--speak"]).attached();
    const { pid } = spawnSync("/bin/true");
    interface Event {
      readonly buffer: string;
      readonly pid: number;
    }
    const ours = () => skep.events<Event>().filter((event) => event.pid === pid);
    await skep.until(() => ours().length >= 3);
    expect((await skep.end()).code).toBe(0);
    expect(ours().sort((a, b) => a.buffer.localeCompare(b.buffer))).toEqual([
      { buffer: "ends", pid, time: 18446744073709552000, last: true },
      { buffer: "printk", pid, message: `exec of ${pid}` },
      { buffer: "starts", pid, comm: "true" },
    ]);
    expect(skep.stdout).toContain('"time":18446744073709551615');
  });

  it("shows what bpf_printk prints as it is, short and long", async () => {
    const echo = join(directory, "echo.bpf.c");
    writeFileSync(echo, ECHO);
    await using skep = await new SkepProcess(["run", echo, "--json"]).attached();
    // Around the 95 letters that a short record has room for.
    const files = [94, 95, 96, 97, 390].map((length) => "bin/true".padStart(length, "/"));
    for (const file of files) spawnSync(file);
    const shown = () =>
      skep.events<{ readonly message: string }>().filter(({ message }) => message.startsWith("//"));
    await skep.until(() => shown().length >= files.length);
    expect((await skep.end()).code).toBe(0);
    expect(shown().map(({ message }) => message)).toEqual(files);
  });

  it("shows several kinds of event in one table", async () => {
    await using skep = await new SkepProcess(["run", source]).attached();
    const { pid } = spawnSync("/bin/true");
    await skep.until(({ stdout }) => stdout.includes(`ends   ${pid} `));
    await skep.end();
    expect(skep.stdout.split("\n").slice(0, 3)).toEqual([
      "TIME     EVENT  PID     COMM",
      "TIME     EVENT  PID     TIME           LAST",
      "TIME     EVENT  PID     MESSAGE",
    ]);
    expect(skep.stdout).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d starts ${pid} +true$`, "m"));
  });

  it("says what clang says about a source that does not compile", async () => {
    const broken = join(directory, "broken.bpf.c");
    writeFileSync(broken, PROGRAM.replace("e->last = true;", "e->lost = true;"));
    await using skep = new SkepProcess(["run", broken]);
    expect((await skep.exit()).code).toBe(1);
    expect(skep.stderr).toMatch(/broken\.bpf\.c:\d+:\d+: error: no member named 'lost'/);
  });

  it("a package file, under its object's name, from a file and from standard input", async () => {
    const tool = fileURLToPath(new URL("../../../tools/exitsnoop/package.json", import.meta.url));
    const copy = join(directory, "package.json");
    copyFileSync(tool, copy);
    for (const args of [["run", copy], [copy], ["run", "-"]]) {
      await using ecli = new SkepProcess([...args, "--json"], { command: "ecli" });
      ecli.child.stdin?.end(readFileSync(copy));
      await ecli.attached();
      const { pid } = spawnSync("/bin/true");
      await ecli.until(({ stdout }) => stdout.includes(`"pid":${pid},`));
      expect((await ecli.end()).code).toBe(0);
      expect(ecli.stderr).toMatch(/^exitsnoop: /);
    }
  });

  it("takes -j before the program as the reference does", async () => {
    await using ecli = await new SkepProcess(["run", "-j", "exitsnoop"], { command: "ecli" }).attached();
    const { pid } = spawnSync("/bin/true");
    await ecli.until(({ stdout }) => stdout.includes(`"pid":${pid},`));
    await ecli.end();
  });
});

describe("skep btf dump", () => {
  it("prints the kernel's types as C and as a list", () => {
    const bin = fileURLToPath(new URL("../bin/skep.cjs", import.meta.url));
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [bin, "btf", "dump", ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
    expect(run().stdout).toMatch(/^struct task_struct \{$/m);
    expect(run("--format", "raw").stdout).toMatch(/^\[\d+\] STRUCT task_struct$/m);
    expect(run("/nowhere").status).toBe(66);
  });
});
