import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { withBundle } from "../../../../test/vm.ts";
import { BpfError, NotFoundError, UnsupportedError } from "../../src/errors.ts";
import { attachProgram } from "../../src/links/attach.ts";
import type { AttachOptions } from "../../src/links/options.ts";
import { addProbeEvent } from "../../src/links/probe-events.ts";
import { attachTraceEvent } from "../../src/links/tracepoint.ts";
import { undoneOnFailure } from "../../src/links/undo-list.ts";
import type { ProgLoadAttr } from "../../src/linux/bpf-calls.ts";
import { EINVAL, ENOMEM, syscallError } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel, type Kernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { mounts } from "../../src/linux/procfs.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import type { BpfObject } from "../../src/object/bpf-object.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";
import { withFault } from "../linux/with-fault.ts";
import { Counter } from "./counter.ts";
import { compileNative, hasSdtHeader, startWaiting } from "./native-program.ts";
import { noLeaks } from "./no-leaks.ts";

/** The running kernel as if it were older than BPF links. */
const beforeLinks = () =>
  new HostKernel(withFault(koffiNative(), { command: "BPF_LINK_CREATE", errno: EINVAL }));
const BPF_FUNC_GET_ATTACH_COOKIE = 174;
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

  it("what went with its interface or cgroup is closed quietly", () => {
    const name = `skq${process.pid}`;
    const cgroup = `${mounts().find((mount) => mount.type === "cgroup2")?.point}/skep-gone-${process.pid}`;
    using xdp = new Counter("xdp", { returns: 2 });
    using tc = new Counter("tc");
    using sockets = new Counter("cgroup/sock_create", { returns: 1 });
    ip("link", "add", name, "type", "veth");
    mkdirSync(cgroup);
    const links = [
      attachProgram(without(xdp), { interface: name, xdpMode: "generic" }),
      attachProgram(without(tc), { interface: name }),
      attachProgram(without(sockets), { cgroup }),
    ];
    ip("link", "del", name);
    rmdirSync(cgroup);
    for (const link of links) link.close();
    expect(links.every((link) => link.closed)).toBe(true);
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
      expect(() => attachProgram(without(counter), { cgroup: "/tmp" })).toThrow(
        "/tmp is not a cgroup of the v2 hierarchy",
      );
    } finally {
      rmdirSync(cgroup);
    }
  });
});

/** Older than cookies as well, 5.15: a program that asks whether there are any is told that there are none. */
function beforeCookies(): Kernel {
  const kernel = beforeLinks();
  const progLoad = (attr: ProgLoadAttr) => {
    const { buffer, byteOffset, length } = attr.instructions;
    const helper = new DataView(buffer, byteOffset, length).getInt32(4, true);
    if (length > 16 || helper !== BPF_FUNC_GET_ATTACH_COOKIE) return kernel.bpf.progLoad(attr);
    attr.log?.buffer.set(Buffer.from("unknown func bpf_get_attach_cookie#174"));
    throw syscallError("bpf(BPF_PROG_LOAD)", EINVAL);
  };
  return new Proxy(kernel, {
    get(target, name) {
      if (name === "bpf") return { ...target.bpf, progLoad };
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe.skipIf(!hasSdtHeader)("USDT arguments without cookies", () => {
  const load = () => open(compileFixture("usdt.bpf.c"), { name: "usdt" }).load({ kernel: beforeCookies() });
  const places = (object: BpfObject) => [...object.table("__bpf_usdt_ip_to_spec_id").keys()].length;

  it("are found by the addresses that the probe has in one process", async () => {
    using probes = compileNative("probes.c");
    using object = load();
    using child = startWaiting(probes.path, ["10", "wait"]);
    const target = `${probes.path}:skep:args`;
    const link = object.program("args").attach({ target, pid: child.pid, cookie: 4242 });
    expect(places(object)).toBe(2);
    await child.go();
    expect(object.variables.get("hits")).toBe(20n);
    expect(object.variables.get("sums")).toEqual([1090n, (45n << 40n) - 45n, 115n, 330n]);
    expect(object.variables.get("last_cookie")).toBe(4242n);
    link.close();
    expect(places(object)).toBe(0);
  });

  it("are found in all processes where the program always lies at one address", () => {
    using probes = compileNative("probes.c", "-no-pie");
    using object = load();
    object.program("args").attach({ target: `${probes.path}:skep:args` });
    probes.run("10");
    expect(object.variables.get("sums")).toEqual([1090n, (45n << 40n) - 45n, 115n, 330n]);
  });

  it("are refused for all processes otherwise, and for one that does not run the program", () => {
    using probes = compileNative("probes.c");
    using object = load();
    const attach = (options: AttachOptions) => () =>
      object.program("args").attach({ target: `${probes.path}:skep:args`, ...options });
    expect(attach({})).toThrow(UnsupportedError);
    expect(attach({})).toThrow("need Linux 5.15");
    expect(attach({ pid: process.pid })).toThrow(NotFoundError);
    expect(attach({ pid: process.pid })).toThrow("has not mapped");
    expect(places(object)).toBe(0);
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

it("an object gives up everything also when one of its links cannot be detached", () => {
  const spec = open(compileFixture("attach-kinds.bpf.c"));
  for (const program of spec.programs.values()) program.autoload = program.name === "on_tracepoint";
  const object = spec.load();
  const link = object.program("on_tracepoint").attach();
  const close = link.close.bind(link);
  link.close = () => {
    close();
    throw new Error("cannot be detached");
  };
  expect(() => object.close()).toThrow("cannot be detached");
  expect([...object.programs.values(), ...object.maps.values()].map(({ fd }) => fd.closed)).not.toContain(
    false,
  );
  object.close();
});

describe("an attachment that fails half way leaves nothing", () => {
  /** This kernel, on which the second perf event cannot be opened. @returns also how many were asked for */
  function withoutSecondEvent() {
    const native = koffiNative();
    let asked = 0;
    const kernel = new HostKernel({
      ...native,
      syscall: (number, ...args) =>
        number === syscallNumbers().perfEventOpen && ++asked === 2
          ? -ENOMEM
          : native.syscall(number, ...args),
    });
    return { kernel, asked: () => asked };
  }

  it("for a perf event on each CPU", (ctx) => {
    if (hostKernel().onlineCpus().length < 2) return ctx.skip("there is no second CPU");
    using counter = new Counter("perf_event");
    const { kernel, asked } = withoutSecondEvent();
    expect(() => attachProgram({ ...counter.program, kernel })).toThrow(BpfError);
    expect(asked()).toBe(2);
  });

  it.skipIf(!hasSdtHeader)("for the many sites of a USDT probe", () => {
    using probes = compileNative("probes.c");
    using counter = new Counter("usdt");
    const { kernel } = withoutSecondEvent();
    const target = `${probes.path}:skep:args`;
    expect(() => attachProgram({ ...counter.program, kernel }, { target })).toThrow(BpfError);
    probes.run("5");
    expect(counter.hits).toBe(0);
  });
});
