import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ecc = fileURLToPath(new URL("../bin/ecc.cjs", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "skep-test-"));
afterAll(() => rmSync(root, { recursive: true }));

const SOURCE = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
/// Tells who writes.
/// @version 3.1
char LICENSE[] SEC("license") = "GPL";
/// @description "Process ID to trace"
const volatile int pid_target = 0;
struct event { int pid; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
SEC("tp/syscalls/sys_enter_write") int handle(void *ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;
	struct event *e;

	if (pid_target && pid != pid_target)
		return 0;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = pid;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
`;

describe("ecc --standalone", () => {
  const out = join(root, "elsewhere/who.out");
  const cache = join(root, "cache");
  const env = { PATH: process.env.PATH ?? "", HOME: root, XDG_CACHE_HOME: cache };
  beforeAll(() => {
    const source = join(root, "who.bpf.c");
    writeFileSync(source, SOURCE);
    execFileSync(process.execPath, [ecc, source, "--standalone"], { stdio: "pipe" });
    mkdirSync(join(root, "elsewhere"));
    cpSync(join(root, "who.out"), out);
    // The file's surroundings decide nothing.
    writeFileSync(join(root, "elsewhere/package.json"), '{"type": "module"}');
  });
  const run = (args: readonly string[], overrides: NodeJS.ProcessEnv = {}) =>
    spawnSync(out, args, { env: { ...env, ...overrides }, encoding: "utf8" });

  it("writes a file that is a program: help, version, flags, exit codes", () => {
    const help = run(["--help"]);
    expect(help.stderr).toBe("");
    expect(help.stdout).toContain("Tells who writes.\n\nUsage: who [OPTIONS]");
    expect(help.stdout).toContain("Process ID to trace");
    expect(run(["--version"]).stdout).toBe("who 3.1\n");
    expect(run(["--pid_target", "x"]).status).toBe(64);
  });

  it("runs the program with nothing of ours installed, and ends cleanly on SIGINT", async () => {
    const writer = spawn("sh", ["-c", "while :; do echo; sleep 0.1; done"], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    const child = spawn(out, ["--json", "--pid_target", String(writer.pid)], { env, cwd: "/" });
    let stdout = "";
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        stdout += chunk.toString();
        resolve();
      });
      void ended.then(() => resolve());
    });
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    writer.kill();
    expect(JSON.parse(stdout.split("\n")[0] ?? "")).toEqual({ pid: writer.pid });
  });

  it("unpacks itself once to a private folder, and again when somebody touched it", () => {
    rmSync(cache, { recursive: true, force: true });
    expect(run(["--version"]).status).toBe(0);
    const home = join(cache, "skep/standalone");
    const [folder = ""] = readdirSync(home);
    const entry = join(home, folder, "run.mjs");
    const code = readFileSync(entry);
    writeFileSync(entry, 'process.stdout.write("not ours");');
    expect(run(["--version"]).stdout).toBe("who 3.1\n");
    expect(readFileSync(entry)).toEqual(code);
    expect(readdirSync(home)).toEqual([folder]);
  });

  it("uses a passing folder where the cache is others' to write to, or not to be had", () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("skep-standalone-"));
    const shared = join(root, "shared");
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    for (const XDG_CACHE_HOME of [shared, "/proc/nowhere"]) {
      expect(run(["--version"], { XDG_CACHE_HOME }).stdout).toBe("who 3.1\n");
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith("skep-standalone-"))).toEqual(before);
    }
  });

  it("says what it needs where there is no node", () => {
    const { status, stderr } = spawnSync("/bin/sh", [out], {
      env: { PATH: "/nonexistent" },
      encoding: "utf8",
    });
    expect(stderr).toBe("who: there is no node on PATH: install Node.js 20.4 or newer\n");
    expect(status).toBe(69);
  });
});
