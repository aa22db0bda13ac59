import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SkepProcess } from "./skep-process.ts";

const root = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Two structs in one ring buffer, a third in another, a fourth in a perf buffer, a fifth that nobody is to see. */
const SOURCE = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
/// @filter pid
const volatile int pid_target = 0;

struct small { int small; };
struct large { int large; int again; };
typedef struct { long long other; long long value; } other_t;
struct in_perf { int perf; int a; int b; };
struct secret { int secret; };

#define RING(name) struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } name SEC(".maps")
RING(both);
RING(others);
/// @ignore
RING(hidden);
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");

SEC("tp/syscalls/sys_enter_getpgid") int handle(void *ctx)
{
	struct small s = { 1 };
	struct large l = { 2, 3 };
	other_t o = { 4, 5 };
	struct in_perf p = { 6, 7, 8 };
	struct secret x = { 9 };

	if (bpf_get_current_pid_tgid() >> 32 != pid_target)
		return 0;
	bpf_ringbuf_output(&both, &s, sizeof(s), 0);
	bpf_ringbuf_output(&both, &l, sizeof(l), 0);
	bpf_ringbuf_output(&others, &o, sizeof(o), 0);
	bpf_ringbuf_output(&hidden, &x, sizeof(x), 0);
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &p, sizeof(p));
	return 0;
}
`;

describe("several event types in one program", () => {
  it("keep their types, one buffer or many, found from the code alone", async () => {
    const source = join(root, "types.bpf.c");
    writeFileSync(source, SOURCE);
    const loop = spawn("perl", ["-e", "while (1) { getpgrp(0); select(undef, undef, undef, 0.05); }"]);
    try {
      await using run = new SkepProcess(["run", source, "--json", "--pid_target", String(loop.pid)]);
      const seen = () => run.stdout.split("\n").filter((line) => line.endsWith("}"));
      await run.until(() => seen().length >= 12);
      const events = seen().map((line) => JSON.parse(line) as Record<string, unknown>);
      const values = new Set(events.map(({ buffer: _, type: __, ...members }) => JSON.stringify(members)));
      expect([...values].sort()).toEqual([
        '{"large":2,"again":3}',
        '{"other":4,"value":5}',
        '{"perf":6,"a":7,"b":8}',
        '{"small":1}',
      ]);
      expect(run.stderr).not.toContain("warning");
      await run.end();
    } finally {
      loop.kill();
    }
  });
});
