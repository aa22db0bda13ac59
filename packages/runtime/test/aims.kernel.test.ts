import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileNative, hasSdtHeader, startWaiting } from "../../bpf/test/links/native-program.ts";
import { cgroupRoot } from "../src/attach/cgroup-root.ts";
import { UsageError } from "../src/usage-error.ts";
import { compileTool, RunningPackage, readSection } from "./running-package.ts";

const counters = () => readSection(".bss").variables;

describe("uprobes that say nothing of what they probe", () => {
  it("are aimed by --binary and --function, entry and return", async () => {
    using program = compileNative("probes.c");
    const tool = await compileTool("probes-to-aim.bpf.c");
    await using _ = await new RunningPackage(tool, [
      "--binary",
      program.path,
      "--function",
      "main",
    ]).attached();
    spawnSync(program.path, ["2"]);
    expect(counters()).toEqual({ entered: 1, left: 1 });
  });

  it("see one process alone with --pid", async () => {
    const tool = await compileTool("probes-to-aim.bpf.c");
    using ours = startWaiting("/bin/sh", ["-c", "read x; /bin/true; echo done; read x"]);
    using other = startWaiting("/bin/sh", ["-c", "read x; echo done; read x"]);
    const args = ["--binary", "libc.so.6", "--function", "read", "-p", String(ours.pid)];
    await using _ = await new RunningPackage(tool, args).attached();
    await other.go();
    expect(counters()).toMatchObject({ entered: 0 });
    await ours.go();
    expect(counters()).not.toMatchObject({ entered: 0 });
  });

  it("without a word name the options that are missing", async () => {
    const tool = await compileTool("probes-to-aim.bpf.c");
    const run = async (...args: string[]) => {
      await using running = new RunningPackage(tool, args);
      await running.end;
    };
    await expect(run()).rejects.toMatchObject({
      next: expect.stringMatching(/^add --binary PATH and --function NAME, or --at enter=/),
    });
    await expect(run("--binary", "bash")).rejects.toMatchObject({
      next: expect.stringMatching(/^add --function NAME, or --at enter=/),
    });
    await expect(run("--usdt", "a:b")).rejects.toThrow(UsageError);
    await expect(run("--binary", "bash", "--function", "raedline")).rejects.toMatchObject({
      next: expect.stringContaining("readline"),
    });
  });
});

describe("USDT probes", () => {
  it.skipIf(!hasSdtHeader).each([[["--usdt", "skep:args"]], [["--provider", "skep", "--probe", "args"]]])(
    "are aimed by --binary and %j",
    async (words) => {
      using program = compileNative("probes.c");
      const tool = await compileTool("usdt-to-aim.bpf.c");
      await using _ = await new RunningPackage(tool, ["--binary", program.path, ...words]).attached();
      spawnSync(program.path, ["3"]);
      expect(counters().hits).toBeGreaterThan(0);
    },
  );

  it("without a word name the options that are missing", async () => {
    await using run = new RunningPackage(await compileTool("usdt-to-aim.bpf.c"), []);
    await expect(run.end).rejects.toMatchObject({
      next: expect.stringMatching(/^add --binary PATH and --usdt PROVIDER:NAME, or --at probe=/),
    });
  });
});

describe("programs of network interfaces", () => {
  const here = `skep${process.pid % 10000}a`;
  const there = `skep${process.pid % 10000}b`;
  const ip = (...args: readonly string[]) => execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] });
  const net = () => execFileSync("bpftool", ["-j", "net"], { encoding: "utf8" });

  it("go where the annotations of the package say", async () => {
    const tool = await compileTool("packets.bpf.c");
    await using run = await new RunningPackage(tool, ["--verbose"]).attached();
    spawnSync("ping", ["-c1", "-W1", "127.0.0.1"]);
    await run.until(() => run.stderr.includes("attached to"));
    expect(run.stderr).toContain("xdp (generic) on interface 1");
    expect(run.stderr).toContain("egress of interface 1");
    const [{ xdp }] = JSON.parse(net()) as [{ xdp: { ifindex: number; mode: string }[] }];
    expect(xdp.find(({ ifindex }) => ifindex === 1)?.mode).toBe("generic");
  });

  it("go to each interface of --iface in their place, and leave nothing there", async () => {
    ip("link", "add", here, "type", "veth", "peer", "name", there);
    try {
      ip("link", "set", here, "up");
      ip("link", "set", there, "up");
      const tool = await compileTool("packets.bpf.c");
      {
        await using run = new RunningPackage(tool, ["--iface", here, "-i", there, "--verbose"]);
        await run.attached();
        expect(run.stderr).not.toContain("interface 1");
        for (const name of [here, there]) {
          expect(run.stderr).toContain(`xdp (generic) on ${name}`);
          expect(run.stderr).toContain(`egress of ${name}`);
        }
        await run.until(() => Number(counters().sent) > 0 && Number(counters().received) > 0);
      }
      expect(ip("-j", "link", "show", here).toString()).not.toContain('"xdp"');
      await using missing = new RunningPackage(tool, ["--iface", "no-such-0"]);
      await expect(missing.end).rejects.toThrow("no-such-0");
    } finally {
      ip("link", "delete", here);
    }
  });
});

describe("samples by a clock", () => {
  it("are taken as the source says, or --event and --freq", async () => {
    const tool = await compileTool("clock.bpf.c");
    const attached = async (...args: string[]) => {
      await using run = await new RunningPackage(tool, ["--verbose", ...args]).attached();
      return run.stderr;
    };
    expect(await attached()).toContain("task-clock at 49 Hz");
    expect(await attached("-F", "199", "-e", "cpu-clock")).toContain("cpu-clock at 199 Hz");
    await expect(attached("--event", "weather")).rejects.toThrow("there is no event weather");
    await expect(attached("--freq", "often")).rejects.toThrow(UsageError);
  });
});

describe("programs of cgroups", () => {
  it("go to the cgroup of --cgroup, and want one", async () => {
    const tool = await compileTool("connects.bpf.c");
    await using none = new RunningPackage(tool, []);
    await expect(none.end).rejects.toMatchObject({ next: expect.stringContaining("--cgroup PATH") });
    const path = `${cgroupRoot()}/skep-test-${process.pid}`;
    mkdirSync(path);
    try {
      await using run = await new RunningPackage(tool, ["--cgroup", path, "--verbose"]).attached();
      expect(run.stderr).toContain(path);
      const script = `echo $$ > ${path}/cgroup.procs; exec 3<>/dev/tcp/127.0.0.1/9`;
      spawnSync("bash", ["-c", script], { stdio: "ignore" });
      expect(counters()).toEqual({ connects: 1 });
    } finally {
      rmdirSync(path);
    }
  });
});
