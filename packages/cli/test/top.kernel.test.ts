import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onTerminal, withoutStatus } from "./terminal.ts";

const SOURCE = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct who_writes { u32 pid; char comm[16]; };

/// @sample {"interval": 100, "type": "top", "rows": 50, "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct who_writes);
	__type(value, u64);
} writers SEC(".maps");

SEC("tp/syscalls/sys_enter_write")
int on_write(void *ctx)
{
	struct who_writes writer = { .pid = bpf_get_current_pid_tgid() >> 32 };
	u64 none = 0, *count;

	bpf_get_current_comm(writer.comm, sizeof(writer.comm));
	bpf_map_update_elem(&writers, &writer, &none, BPF_NOEXIST);
	count = bpf_map_lookup_elem(&writers, &writer);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
`;

const skep = fileURLToPath(new URL("../bin/skep.cjs", import.meta.url));

describe("top on a terminal", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-top-"));
    writeFileSync(join(folder, "writers.bpf.c"), SOURCE);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const size = { columns: 24, rows: 6 };
  const command = () => `exec ${process.execPath} ${skep} run ${join(folder, "writers.bpf.c")}`;
  const frames = (text: string) => text.split("\x1b[J").length - 1;

  it.each([
    ["q", "q"],
    ["Ctrl-C", "\x03"],
  ])("draws in place, as much as fits, and ends with %s", async (_, key) => {
    const { code, sent } = await onTerminal(size, command(), async ({ until, type }) => {
      await until((soFar) => frames(soFar) >= 3);
      type(key);
    });
    expect(code).toBe(0);
    const [, ...drawn] = withoutStatus(sent).split("\x1b[J");
    expect(drawn.length).toBeGreaterThanOrEqual(3);
    for (const [index, frame] of drawn.entries()) {
      const [text = "", next] = frame.split("\x1b[");
      const lines = text.replace(/\r$/, "").split("\n").slice(0, -1);
      const own = index === drawn.length - 1 ? lines.slice(0, -1) : lines;
      expect(own[0]).toMatch(/^\d\d:\d\d:\d\d$/);
      expect(own[1]).toMatch(/^PID +COMM/);
      expect(own.length).toBeLessThanOrEqual(5);
      for (const line of own) expect(line.length).toBeLessThanOrEqual(24);
      if (next !== undefined) expect(next).toBe(`${own.length}A\r`);
    }
    expect(sent).toMatch(/\d+ looks, 0 lost, in \d/);
  });

  it("begins anew when the terminal has another size", async () => {
    const go = join(folder, "go");
    const resize = `(until [ -e ${go} ]; do sleep 0.1; done; stty cols 12 < /dev/tty) &`;
    const { sent } = await onTerminal(size, `${resize} ${command()}`, async ({ until, type }) => {
      await until((soFar) => frames(soFar) >= 2);
      writeFileSync(go, "");
      await until((soFar) => soFar.includes("\x1b[H\r\x1b[J"));
      type("q");
    });
    const [, after = ""] = withoutStatus(sent).split("\x1b[H\r\x1b[J");
    expect(
      after
        .split("\n")
        .slice(0, 2)
        .every((line) => line.length <= 12),
    ).toBe(true);
  });
});
