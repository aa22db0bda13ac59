import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { asNobody } from "./as-nobody.ts";
import { SkepProcess } from "./skep-process.ts";

const skepBin = fileURLToPath(new URL("../bin/skep.cjs", import.meta.url));

/** Ids of all programs in the kernel. */
function programIds(): Set<number> {
  const list = JSON.parse(
    execFileSync("bpftool", ["-j", "prog", "show"], { maxBuffer: 1 << 28 }).toString(),
  ) as readonly {
    readonly id: number;
    readonly name?: string;
  }[];
  return new Set(list.filter(({ name }) => name === "handle_exit").map(({ id }) => id));
}

/** Runs a shell loop until stopped. */
function spawnLoop(loop: string): { stop(): void } {
  const child = spawn("/bin/sh", ["-c", loop], { stdio: "ignore" });
  return { stop: () => void child.kill("SIGKILL") };
}

const makeExits = () => spawnLoop("while :; do /bin/true; done");

describe("skep run begins and ends like a Unix tool", () => {
  let background: { stop(): void } | undefined;
  afterEach(() => {
    background?.stop();
    background = undefined;
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s ends it with a summary, exit code 0 and whole rows",
    async (signal) => {
      await using skep = await new SkepProcess(["run", "exitsnoop"]).attached();
      background = makeExits();
      await skep.until(({ stdout }) => stdout.split("\n").length > 5);
      expect((await skep.end(signal)).code, skep.stderr).toBe(0);
      const rows = skep.stdout.trimEnd().split("\n");
      expect(rows[0]).toMatch(/^TIME +PID +PPID +.* STATUS$/);
      for (const row of rows.slice(1))
        expect(row).toMatch(/^\d\d:\d\d:\d\d \d+ +\d+ +.* (code \d+|signal \S.*)$/);
      expect(skep.stdout.endsWith("\n")).toBe(true);
      const shown = /exitsnoop: (\d+) events?, (\d+) lost/.exec(skep.stderr);
      expect(Number(shown?.[1])).toBe(rows.length - 1);
    },
  );

  it("ends quietly when the reader has seen enough", async () => {
    background = makeExits();
    const pipe = spawn("bash", [
      "-c",
      `set -o pipefail; "${process.execPath}" "${skepBin}" run exitsnoop | head -3`,
    ]);
    let stdout = "";
    let stderr = "";
    pipe.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    pipe.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = await once(pipe, "close");
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(stderr).toBe("");
  });

  it("neither loses nor invents: rows shown and events lost are all there were, however slow the reader", async () => {
    const count = 120_000;
    const loop = `read go; i=0; while [ $i -lt ${count} ]; do : </etc/hostname; i=$((i+1)); done`;
    const opener = spawn("/bin/sh", ["-c", loop], { stdio: ["pipe", "ignore", "ignore"] });
    await using skep = await new SkepProcess(["run", "opensnoop", "--pid", String(opener.pid)]).attached();
    skep.child.stdout?.pause();
    opener.stdin?.write("go\n");
    await once(opener, "exit");
    skep.child.stdout?.resume();
    // What the reader has not taken yet arrives now, and then what waits in the kernel.
    let size = -1;
    while (size !== skep.stdout.length) {
      size = skep.stdout.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await skep.end()).code).toBe(0);
    const rows = skep.stdout.split("\n").filter((row) => row.includes(" /etc/hostname "));
    const [, events, lost] = /opensnoop: (\d+) events, (\d+) lost/.exec(skep.stderr) ?? [];
    expect(Number(events)).toBe(rows.length);
    expect(Number(lost)).toBeGreaterThan(0);
    expect(Number(events) + Number(lost)).toBe(count);
  });

  it("ends on a signal also when nobody reads its output", async () => {
    background = spawnLoop("while :; do : </etc/hostname; done");
    await using skep = await new SkepProcess(["run", "opensnoop"]).attached();
    skep.child.stdout?.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    skep.child.kill("SIGTERM");
    const [code] = await once(skep.child, "exit");
    expect(code).toBe(0);
    expect(skep.stderr).toMatch(/characters found no reader/);
  });

  it("shows the lines of its own programs only, and none that showing them causes", async () => {
    const writer = () =>
      spawn("/bin/sh", ["-c", "read go; exec dd if=/dev/zero of=/dev/null bs=1 count=3 status=none"], {
        stdio: ["pipe", "ignore", "ignore"],
      });
    const writers = [writer(), writer()];
    const start = ({ pid }: { readonly pid?: number | undefined }) =>
      new SkepProcess(["run", "minimal", "--json", "--pid_filter", String(pid)]).attached();
    await using first = await start(writers[0]!);
    await using second = await start(writers[1]!);
    for (const child of writers) {
      child.stdin?.write("go\n");
      await once(child, "exit");
    }
    await first.until((process) => process.events().length >= 3);
    await second.until((process) => process.events().length >= 3);
    await Promise.all([first.end(), second.end()]);
    const pids = (process: SkepProcess) => process.events<{ readonly pid: number }>().map(({ pid }) => pid);
    expect(pids(first)).toEqual(Array.from({ length: 3 }, () => writers[0]?.pid));
    expect(pids(second)).toEqual(Array.from({ length: 3 }, () => writers[1]?.pid));
  });

  it("leaves nothing in the kernel, even when it is killed", async () => {
    const before = programIds();
    await using skep = await new SkepProcess(["run", "exitsnoop"]).attached();
    const ours = [...programIds()].filter((id) => !before.has(id));
    expect(ours.length).toBeGreaterThan(0);
    await skep.end("SIGKILL");
    // The kernel frees programs some time after the last descriptor went.
    while (ours.some((id) => programIds().has(id))) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it("says in one line which capability is missing, exit code 77", async () => {
    const setpriv = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"];
    await using skep = new SkepProcess(["run", "exitsnoop"], { prefix: setpriv });
    expect((await skep.exit()).code).toBe(77);
    expect(skep.stderr).toBe(
      "skep: exitsnoop needs CAP_BPF and CAP_PERFMON, which this process lacks: run it with sudo\n",
    );
    expect(skep.stdout).toBe("");
  });

  describe("without root", () => {
    it("CAP_BPF and CAP_PERFMON are enough", async () => {
      const prefix = asNobody("bpf", "perfmon");
      await using skep = await new SkepProcess(["run", "runqlat"], { prefix }).attached();
      expect((await skep.end()).code).toBe(0);
    });

    it("tracepoints also want what opens tracefs, and it is said", async (context) => {
      if ((statSync("/sys/kernel/tracing").mode & 0o007) !== 0)
        return context.skip("tracefs is open to everybody");
      await using refused = new SkepProcess(["run", "exitsnoop"], { prefix: asNobody("bpf", "perfmon") });
      expect((await refused.exit()).code).toBe(77);
      expect(refused.stderr).toMatch(
        /^skep: \S+ may not be read \(EACCES\): run as root, or with CAP_DAC_READ_SEARCH\n$/,
      );
      const prefix = asNobody("bpf", "perfmon", "dac_read_search");
      await using skep = await new SkepProcess(["run", "exitsnoop"], { prefix }).attached();
      expect((await skep.end()).code).toBe(0);
    });
  });

  it("escapes what a traced program put into its name", async () => {
    await using skep = await new SkepProcess(["run", "exitsnoop"]).attached();
    const name = "a\\x1b[31m\\nb";
    const python = ["-c", `open('/proc/self/comm','w').write("${name}")`];
    const child = spawn("/usr/bin/python3", python, { stdio: "ignore" });
    await once(child, "exit");
    await skep.until(({ stdout }) => stdout.includes(` ${child.pid} `));
    await skep.end();
    expect(skep.stdout).toContain(" a\\x1b[31m\\nb ");
    expect(skep.stdout).not.toContain("\x1b");
  });
});

describe("skep tells apart whose doing a failure is", () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [skepBin, ...args], {
      encoding: "utf8",
      timeout: 20_000,
    });
    return { status, stdout, stderr };
  };

  it("the kernel's: trampolines refused, kprobes not compiled in", (context) => {
    const fentry = run("run", "fentry-link");
    if (fentry.status === null || fentry.stdout.includes("TIME"))
      return context.skip("this kernel has fentry");
    expect(fentry.status).toBe(69);
    expect(fentry.stderr).not.toMatch(/ulimit/);
    const kprobe = run("run", "kprobe-link");
    expect(kprobe.status).toBe(69);
    expect(kprobe.stderr).toMatch(/kprobe/i);
  });

  it("the user's: a name, a flag or a value that does not fit", () => {
    expect(run("run", "nosuchtool")).toMatchObject({ status: 64, stdout: "" });
    expect(run("run", "opensnoop", "--duratoin", "1").stderr).toContain("did you mean --duration?");
    expect(run("run", "opensnoop", "--pid", "99999999999")).toMatchObject({ status: 64, stdout: "" });
    expect(run("frobnicate").status).toBe(64);
  });

  it("the file's: something that is no package", () => {
    const { status, stderr } = run("run", fileURLToPath(new URL("../package.json", import.meta.url)));
    expect(status).toBe(65);
    expect(stderr).toMatch(/^skep: .*bpf_object/);
  });
});

describe("help costs nothing", () => {
  const lines = ["--help", "run --help", "tools", "compile --help", "btf --help", "run opensnoop --help"];
  it.each(lines)("skep %s", (line) => {
    const args = line.split(" ");
    const { status, stdout, stderr } = spawnSync(process.execPath, [skepBin, ...args], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(status).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(line === "tools" ? /opensnoop/ : /Usage:/);
  });
});
