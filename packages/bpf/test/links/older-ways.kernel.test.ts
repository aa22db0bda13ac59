import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { withBundle } from "../../../../test/vm.ts";
import { BpfError, UnsupportedError } from "../../src/errors.ts";
import { attachProgram } from "../../src/links/attach.ts";
import { addProbeEvent } from "../../src/links/probe-events.ts";
import { attachTraceEvent } from "../../src/links/tracepoint.ts";
import { undoneOnFailure } from "../../src/links/undo-list.ts";
import { EINVAL, ENOMEM } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { mounts } from "../../src/linux/procfs.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import { withFault } from "../linux/with-fault.ts";
import { Counter } from "./counter.ts";
import { compileNative, hasSdtHeader } from "./native-program.ts";
import { noLeaks } from "./no-leaks.ts";

/** The running kernel as if it were older than BPF links. */
const beforeLinks = () =>
  new HostKernel(withFault(koffiNative(), { command: "BPF_LINK_CREATE", errno: EINVAL }));
const without = (counter: Counter) => ({ ...counter.program, kernel: beforeLinks() });
const here = { pid: process.pid };
const openFiles = (count: number) => {
  for (let i = 0; i < count; i++) closeSync(openSync("/dev/null", "r"));
};
const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });
const uprobeEvents = () =>
  readFileSync(`${hostKernel().tracefs}/uprobe_events`, "utf8")
    .split("\n")
    .filter((line) => line.includes(`skep_${process.pid}_`));

noLeaks();

describe("on kernels without links", () => {
  it("a perf event runs the program by ioctl, without a cookie", () => {
    using counter = new Counter("tp/syscalls/sys_enter_openat", here);
    const link = attachProgram(without(counter));
    const before = counter.hits;
    openFiles(30);
    expect(counter.hits - before).toBe(30);
    link.close();
    const after = counter.hits;
    openFiles(3);
    expect(counter.hits).toBe(after);
    expect(() => attachProgram(without(counter), { cookie: 1 })).toThrow(UnsupportedError);
  });

  it("a BTF tracepoint is opened as a raw one", () => {
    using counter = new Counter("tp_btf/sys_enter", here);
    using _link = attachProgram(without(counter));
    openFiles(30);
    expect(counter.hits).toBeGreaterThanOrEqual(60);
    expect(() => attachProgram(without(counter), { cookie: 1 })).toThrow(UnsupportedError);
  });

  it("XDP and tc go through netlink, and leave nothing", () => {
    const name = `sko${process.pid}`;
    ip("link", "add", name, "type", "veth", "peer", "name", `${name}p`);
    try {
      using xdp = new Counter("xdp", { returns: 2 });
      const link = attachProgram(without(xdp), { interface: name, xdpMode: "generic" });
      expect(ip("link", "show", name)).toContain("xdpgeneric");
      link.close();
      expect(ip("link", "show", name)).not.toContain("xdp");
      using tc = new Counter("tcx/egress");
      const filter = attachProgram(without(tc), { interface: name });
      expect(execFileSync("tc", ["filter", "show", "dev", name, "egress"], { encoding: "utf8" })).toContain(
        "counter",
      );
      filter.close();
      expect(execFileSync("tc", ["qdisc", "show", "dev", name], { encoding: "utf8" })).not.toContain(
        "clsact",
      );
    } finally {
      ip("link", "del", name);
    }
  });

  it("a cgroup takes the program directly, next to others", () => {
    const cgroup = `${mounts().find((mount) => mount.type === "cgroup2")?.point}/skep-old-${process.pid}`;
    mkdirSync(cgroup);
    try {
      using counter = new Counter("cgroup/sock_create", { returns: 1 });
      const act = () =>
        execFileSync("bash", ["-c", `echo $$ > ${cgroup}/cgroup.procs; echo x > /dev/udp/127.0.0.1/9`]);
      const link = attachProgram(without(counter), { cgroup });
      act();
      expect(counter.hits).toBe(1);
      link.close();
      act();
      expect(counter.hits).toBe(1);
    } finally {
      rmdirSync(cgroup);
    }
  });
});

describe.skipIf(!hasSdtHeader)("probes made through tracefs", () => {
  it("count, and are removed on close", () => {
    using probes = compileNative("probes.c");
    using counter = new Counter("uprobe");
    const location = `${probes.path}:0x${workOffset(probes.path).toString(16)}`;
    const undo = undoneOnFailure((steps) => {
      const id = addProbeEvent(hostKernel(), "uprobe_events", { isReturn: false, location }, steps);
      steps.keep(attachTraceEvent("uprobe", counter.program, id, "work", undefined));
      return steps;
    });
    expect(uprobeEvents()).toHaveLength(1);
    probes.run("8");
    expect(counter.hits).toBe(8);
    undo.run();
    expect(uprobeEvents()).toEqual([]);
  });

  it.each(["exit", "SIGTERM"])("are removed when the process ends by %s", async (end) => {
    using probes = compileNative("probes.c");
    const location = `${probes.path}:0x${workOffset(probes.path).toString(16)}`;
    const script = fileURLToPath(new URL("leave-probe.ts", import.meta.url));
    await withBundle(script, async (bundle) => {
      const child = spawn("node", [bundle, location, end], { stdio: ["ignore", "pipe", "inherit"] });
      const lines: string[] = [];
      child.stdout.on("data", (text) => lines.push(String(text)));
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
        child.once("exit", (...ended) => resolve(ended)),
      );
      expect(lines.join("")).toContain(`skep_${child.pid}_`);
      expect(end === "exit" ? code : signal).toBe(end === "exit" ? 3 : "SIGTERM");
      expect(readFileSync(`${hostKernel().tracefs}/uprobe_events`, "utf8")).not.toContain(
        `skep_${child.pid}_`,
      );
    });
  });
});

function workOffset(path: string): number {
  const line = execFileSync("nm", [path], { encoding: "utf8" })
    .split("\n")
    .find((text) => text.endsWith(" T work"));
  return Number.parseInt(line ?? "", 16);
}

describe("an attachment that fails half way leaves nothing", () => {
  it("for a perf event on each CPU", () => {
    using counter = new Counter("perf_event");
    const native = koffiNative();
    let calls = 0;
    const failing = {
      ...native,
      // The second CPU fails.
      syscall: (number: number, ...args: readonly (number | bigint)[]) =>
        number === syscallNumbers().perfEventOpen && ++calls === 2
          ? -ENOMEM
          : native.syscall(number, ...args),
    };
    const program = { ...counter.program, kernel: new HostKernel(failing) };
    if (hostKernel().onlineCpus().length < 2) return;
    expect(() => attachProgram(program)).toThrow(BpfError);
    expect(calls).toBe(2);
  });

  it.skipIf(!hasSdtHeader)("for the many sites of a USDT probe", () => {
    using probes = compileNative("probes.c");
    using counter = new Counter("usdt");
    let calls = 0;
    const native = koffiNative();
    const failing = {
      ...native,
      syscall: (number: number, ...args: readonly (number | bigint)[]) =>
        number === syscallNumbers().perfEventOpen && ++calls === 2
          ? -ENOMEM
          : native.syscall(number, ...args),
    };
    const program = { ...counter.program, kernel: new HostKernel(failing) };
    expect(() => attachProgram(program, { target: `${probes.path}:skep:args` })).toThrow(BpfError);
    probes.run("5");
    expect(counter.hits).toBe(0);
  });
});
